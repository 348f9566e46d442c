"""An ACS3-HMAC-SHA256 signer written from the vendor's description, apart from the one in C."""
import datetime
import hashlib
import hmac
import secrets
import urllib.parse

ALGORITHM = "ACS3-HMAC-SHA256"
VERSION = "2023-08-08"


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def encode(text):
    return urllib.parse.quote(text, safe="-._~")


def timestamp(offset_s=0):
    now = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=offset_s)
    return now.strftime("%Y-%m-%dT%H:%M:%SZ")


def canonical_request(method, target, headers, names, body_hash):
    path, _, query = target.partition("?")
    pairs = [pair.partition("=")[::2] for pair in query.split("&")] if query else []
    decoded = sorted((urllib.parse.unquote(n), urllib.parse.unquote(v)) for n, v in pairs)
    lines = [method, path or "/", "&".join(f"{encode(n)}={encode(v)}" for n, v in decoded)]
    lines += [f"{name}:{headers[name].strip()}" for name in names]
    return "\n".join(lines + ["", ";".join(names), body_hash])


def string_to_sign(canonical):
    return ALGORITHM + "\n" + sha256(canonical.encode())


def authorize(method, target, headers, key, body_hash):
    """The Authorization header for headers with lower-case names."""
    names = sorted(n for n in headers if n in ("host", "content-type") or n.startswith("x-acs-"))
    text = string_to_sign(canonical_request(method, target, headers, names, body_hash))
    signature = hmac.new(key[1].encode(), text.encode(), hashlib.sha256).hexdigest()
    return f"{ALGORITHM} Credential={key[0]},SignedHeaders={';'.join(names)},Signature={signature}"


def signed_headers(method, host, target, action, body, key, **override):
    """All headers of a call.  override: header names with _ for -, None leaves one out; `date_offset_s`."""
    headers = {
        "host": host,
        "x-acs-action": action,
        "x-acs-version": VERSION,
        "x-acs-date": timestamp(override.pop("date_offset_s", 0)),
        "x-acs-signature-nonce": secrets.token_hex(16),
        "x-acs-content-sha256": sha256(body),
    }
    if body:
        headers["content-type"] = "application/json; charset=utf-8"
    for name, value in override.items():
        headers[name.replace("_", "-")] = value
    headers = {n: v for n, v in headers.items() if v is not None}
    headers["authorization"] = authorize(method, target, headers, key, headers.get("x-acs-content-sha256", ""))
    return headers
