"""A SigV4 signer written from AWS's description, apart from the one in C."""
import datetime
import hashlib
import hmac
import re
import urllib.parse

ALGORITHM = "AWS4-HMAC-SHA256"


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def encode(text, safe="-._~"):
    return urllib.parse.quote(text, safe=safe)


def timestamp(offset_s=0):
    now = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=offset_s)
    return now.strftime("%Y%m%dT%H%M%SZ")


def canonical_request(method, target, headers, names, body_hash):
    path, _, query = target.partition("?")
    pairs = [pair.partition("=")[::2] for pair in query.split("&")] if query else []
    coded = sorted((encode(urllib.parse.unquote(n)), encode(urllib.parse.unquote(v))) for n, v in pairs)
    # The path is encoded a second time, as all services but S3 want it.
    lines = [method, encode(path or "/", "/-._~"), "&".join(f"{n}={v}" for n, v in coded)]
    lines += [f"{name}:{re.sub(' +', ' ', headers[name].strip())}" for name in names]
    return "\n".join(lines + ["", ";".join(names), body_hash])


def string_to_sign(date, scope, canonical):
    return "\n".join([ALGORITHM, date, scope, sha256(canonical.encode())])


def signing_key(secret, scope):
    key = ("AWS4" + secret).encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key


def signature(secret, scope, text):
    return hmac.new(signing_key(secret, scope), text.encode(), hashlib.sha256).hexdigest()


def signed_headers(method, host, target, service, body, key, **override):
    """All headers of a call.  override: header names with _ for -, None leaves one out; and `region`, `scope`,
    `date_offset_s`, `unsigned` (names to send unsigned)."""
    region = override.pop("region", "us-east-1")
    scope = override.pop("scope", None)
    unsigned = override.pop("unsigned", ())
    headers = {"host": host, "x-amz-date": timestamp(override.pop("date_offset_s", 0))}
    if body:
        headers["content-type"] = "application/json"
    for name, value in override.items():
        headers[name.replace("_", "-")] = value
    headers = {n: v for n, v in headers.items() if v is not None}
    date = headers.get("x-amz-date", timestamp())
    scope = scope or f"{date[:8]}/{region}/{service}/aws4_request"
    names = sorted(n for n in headers if n not in unsigned)
    canonical = canonical_request(method, target, headers, names, headers.get("x-amz-content-sha256", sha256(body)))
    headers["authorization"] = (
        f"{ALGORITHM} Credential={key[0]}/{scope}, SignedHeaders={';'.join(names)}, "
        f"Signature={signature(key[1], scope, string_to_sign(date, scope, canonical))}")
    return headers
