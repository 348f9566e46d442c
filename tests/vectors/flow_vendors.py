"""What differs between the vendors whose credential exchanges flows.py plays.

VENDORS has a row for each `provider` of the flows:

  clear      prefixes of the environment variables that must not leak in
  result     names, in a flow's `result`, of the id, the secret and the token
  keys       how a key's id and secret stand next to each other in a flow
  is_call    whether a request is a call of the vendor's own service, which is
             compared by `call`; all others are compared header by header
  call       yields what is wrong with one: (step, wanted, got, keys) with the
             two requests and the known secrets by key id
  plain      names of hosts that are asked without TLS
  addresses  of metadata services, on port 80
"""
import datetime
import json
import os
import re
import sys
import time
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "mount"))
import acs3  # noqa: E402
import rs256  # noqa: E402
import sigv4  # noqa: E402

NOT_COMPARED = {"connection", "content-length", "accept", "user-agent"}


def parameters(request):
    query = request["target"].partition("?")[2]
    pairs = urllib.parse.parse_qsl(query, True)
    if "urlencoded" in request["headers"].get("content-type", ""):
        pairs += urllib.parse.parse_qsl(request["body"], True)
    return dict(pairs)


def seconds(stamp, form):
    """Of a time, since the epoch."""
    return datetime.datetime.strptime(stamp, form).replace(
        tzinfo=datetime.timezone.utc).timestamp()


def age(stamp, form):
    """Seconds between a time and now."""
    return abs(time.time() - seconds(stamp, form))


def is_token_service(request):
    return request["headers"]["host"].startswith("sts")


def place_differences(step, wanted, got):
    host = wanted["headers"]["host"]
    if not got["tls"] or got["headers"]["host"] != host:
        yield f"{step}: asked {got['headers']['host']}, not https://{host}"
    if got["method"] != "POST" or got["target"].partition("?")[0] != "/":
        yield f"{step}: {got['method']} {got['target']}"


# ---- Alibaba Cloud ----

# What says how a call was made and not what it asks.
ALIYUN_MANNERS = {"Version", "Action", "Format", "Timestamp", "SignatureMethod",
                  "SignatureVersion", "SignatureNonce", "AccessKeyId", "Signature",
                  "SecurityToken"}
ALIYUN_TIME = "%Y-%m-%dT%H:%M:%SZ"


def aliyun_call(step, wanted, got, keys):
    """By its parameters, wherever they stand, and by its signature: the SDK that made
    the files signs in an older way.  Its time is now, or a header x-acs-date says it."""
    want, have = parameters(wanted), parameters(got)
    who = want.get("AccessKeyId")
    yield from place_differences(step, wanted, got)
    stamp = have.get("Timestamp") or got["headers"].get("x-acs-date", "")
    late = seconds(stamp, ALIYUN_TIME) - (
        seconds(wanted["headers"]["x-acs-date"], ALIYUN_TIME)
        if "x-acs-date" in wanted["headers"] else time.time())
    if abs(late) > 60:
        yield f"{step}: its time {stamp} is {late:.0f} s later than it should be"
    for name in (want.keys() | have.keys()) - ALIYUN_MANNERS:
        if want.get(name) != have.get(name):
            yield f"{step}: {name} is {have.get(name)}, not {want.get(name)}"
    for name, header in (("Action", "x-acs-action"), ("Version", "x-acs-version")):
        if have.get(name, got["headers"].get(header)) != want[name]:
            yield f"{step}: {name} is not {want[name]}"
    signed = got["headers"].get("authorization")
    if "Signature" not in want:
        if signed:
            yield f"{step}: signed {signed}"
    elif signed != acs3.authorize("POST", got["target"], got["headers"],
                                  (who, keys.get(who, "?")),
                                  acs3.sha256(got["body"].encode())):
        yield f"{step}: the signature {signed} is wrong"
    elif got["headers"].get("x-acs-security-token") != want.get("SecurityToken"):
        yield f"{step}: the base's token is not sent"


# ---- AWS ----

# Of the SDK that made the files, and what a signer may choose.
AWS_MANNERS = NOT_COMPARED | {"x-amz-user-agent", "amz-sdk-invocation-id", "amz-sdk-request",
                              "x-amz-date", "x-amz-content-sha256", "authorization"}


def aws_call(step, wanted, got, keys):
    """By its parameters and headers; the signature is made anew from what came."""
    want, have = parameters(wanted), parameters(got)
    yield from place_differences(step, wanted, got)
    for name in want.keys() | have.keys():
        if want.get(name) != have.get(name):
            yield f"{step}: {name} is {have.get(name)}, not {want.get(name)}"
    if got["target"] != "/":
        yield f"{step}: target {got['target']}"
    for name in (wanted["headers"].keys() | got["headers"].keys()) - AWS_MANNERS:
        if wanted["headers"].get(name) != got["headers"].get(name):
            yield f"{step}: {name} is {got['headers'].get(name)}, " \
                f"not {wanted['headers'].get(name)}"
    yield from aws_signature(step, wanted["headers"].get("authorization"), got, keys)


def aws_parse(authorization):
    """key id, scope (day/region/service/end), names of the signed headers, signature."""
    fields = dict(re.findall(r"(\w+)=([^\s,]+)", authorization))
    who, _, scope = fields["Credential"].partition("/")
    return who, scope, fields["SignedHeaders"].split(";"), fields["Signature"]


def aws_signature(step, wanted, got, keys):
    headers = got["headers"]
    given = headers.get("authorization", "")
    if not wanted or not given.startswith(sigv4.ALGORITHM + " "):
        if wanted or given or "x-amz-date" in headers:
            yield f"{step}: signed {given}, not {wanted}"
        return
    who, scope, _, _ = aws_parse(wanted)
    got_who, got_scope, names, signature = aws_parse(given)
    date = headers.get("x-amz-date", "")
    if who != got_who or got_scope != date[:8] + scope[8:]:
        yield f"{step}: signed by {got_who} for {got_scope}, not by {who} for {scope}"
    if age(date, "%Y%m%dT%H%M%SZ") > 60:
        yield f"{step}: signed at {date}"
    must = {n for n in headers if n in ("host", "content-type") or n.startswith("x-amz-")}
    if names != sorted(names) or not must <= set(names) <= set(headers):
        yield f"{step}: signed are {names}"
        return
    text = sigv4.string_to_sign(date, got_scope, sigv4.canonical_request(
        got["method"], got["target"], headers, names, sigv4.sha256(got["body"].encode())))
    if signature != sigv4.signature(keys.get(who, "?"), got_scope, text):
        yield f"{step}: the signature is wrong"


# ---- Google Cloud ----

def google_call(step, wanted, got, keys):
    """A grant by JWT: in the file, the assertion is {header, claims} in JSON, whose times
    are now where it names none."""
    want, have = parameters(wanted), parameters(got)
    for name in ("method", "target"):
        if got[name] != wanted[name]:
            yield f"{step}: {name} {got[name]}, not {wanted[name]}"
    if not got["tls"] or got["headers"]["host"] != wanted["headers"]["host"]:
        yield f"{step}: asked {got['headers']['host']}, with TLS: {got['tls']}"
    if have.keys() != want.keys() or have["grant_type"] != want["grant_type"]:
        yield f"{step}: the form is {have}"
        return
    form = json.loads(want["assertion"])
    header, claims = rs256.read(have["assertion"])
    pem = keys[form["claims"]["iss"]].replace("\\", "")
    yield from (f"{step}: {p}" for p in rs256.problems(have["assertion"], pem))
    if "iat" not in form["claims"]:
        if abs(claims["iat"] - time.time()) > 60:
            yield f"{step}: made at {claims['iat']}"
        form["claims"].update(iat=claims["iat"], exp=claims["iat"] + 3600)
    if (header, claims) != (form["header"], form["claims"]):
        yield f"{step}: {header}, {claims}, not {form}"


VENDORS = {
    "aliyun": {
        "clear": ("ALIBABA_",),
        "result": ("accessKeyId", "accessKeySecret", "securityToken"),
        "keys": re.compile(
            r'access_?key_?id"?\s*[=:]\s*"?([^"\s]+)"?,?\s*"?'
            r'(?:alibaba_cloud_)?access_?key_?secret"?\s*[=:]\s*"?([^"\s]+)', re.I),
        "is_call": is_token_service,
        "call": aliyun_call,
        "plain": (),
        "addresses": ("100.100.100.200",),
    },
    "aws": {
        "clear": ("AWS_",),
        "result": ("accessKeyId", "secretAccessKey", "sessionToken"),
        "keys": re.compile(r'access_?key_?id\W+([^\s"<,]+).{0,24}?'
                           r'secret_?access_?key\W+([^\s"<,]+)', re.I | re.S),
        "is_call": is_token_service,
        "call": aws_call,
        "plain": (),
        "addresses": ("169.254.169.254", "169.254.170.2", "169.254.170.23",
                      "fd00:ec2::254", "fd00:ec2::23"),
    },
    "google": {
        "clear": ("GOOGLE_", "CLOUDSDK_", "GCE_", "NO_GCE_CHECK"),
        "result": ("", "accessToken", ""),
        "keys": re.compile(r'"client_email": "([^"]+)", "private_key": "([^"]+)'),
        "is_call": lambda request: "jwt-bearer" in request["body"],
        "call": google_call,
        "plain": (),
        "addresses": ("169.254.169.254",),
    },
    "huawei": {
        "clear": ("HUAWEICLOUD_",),
        "result": ("access", "secret", "securitytoken"),
        "keys": re.compile("(a)(b)(?!)"),
        "is_call": lambda request: False,
        "call": None,
        "plain": (),
        "addresses": ("169.254.169.254",),
    },
}
