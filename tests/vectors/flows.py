#!/usr/bin/env python3
"""flows: credential exchanges, played by a scripted server at the real addresses.

usage: flows.py CLIENT [DIRECTORY]

Runs in a network namespace of its own that owns 100.100.100.200 and the names of
Alibaba's token service, so that the client needs no knobs for tests.  Each file
of the folder is one exchange:

  setup     env, home_files ($HOME stands for the folder that holds them), profile
  requests  what has to be asked, in order: method, target, headers, body
  answers   what each is answered: status, headers, body
  result    the credentials that come of it, or
  error     words of the sentence that comes instead

A request that repeats an earlier one may be left out.  A call of the token
service is compared by its parameters, wherever they stand, and by its signature,
since the SDK that made the files signs it in an older way.  Times in answers are
moved from the file's clock to now.  Prints TAP.
"""
import datetime
import glob
import json
import os
import re
import ssl
import socket
import subprocess
import sys
import tempfile
import threading
import urllib.parse

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "mount"))
import acs3  # noqa: E402

METADATA = "100.100.100.200"
INSIDE = "FLOWS_INSIDE"
# What says how a call was made and not what it asks.
MANNERS = {"Version", "Action", "Format", "Timestamp", "SignatureMethod",
           "SignatureVersion", "SignatureNonce", "AccessKeyId", "Signature",
           "SecurityToken"}
NOT_COMPARED = {"connection", "content-length", "accept", "user-agent"}


def skip(reason):
    print("1..0 # SKIP " + reason)
    sys.exit(0)


def enter():
    """Starts again inside namespaces of our own."""
    if os.environ.get(INSIDE):
        return
    how = ["unshare", "--net", "--mount"]
    if os.geteuid() != 0:
        how.append("--map-root-user")
    try:
        works = subprocess.run(how + ["true"], capture_output=True, text=True)
    except FileNotFoundError:
        skip("there is no unshare on this machine")
    if works.returncode:
        skip("no namespaces here: " + works.stderr.strip().split("\n")[-1])
    os.environ[INSIDE] = "1"
    os.execvp(how[0], how + [sys.executable] + sys.argv)


def furnish(folder, hosts):
    """The addresses, the names and the certificate of the namespace."""
    def run(*argv):
        subprocess.run(argv, check=True, capture_output=True)
    run("ip", "link", "set", "lo", "up")
    run("ip", "address", "add", METADATA + "/32", "dev", "lo")
    names = os.path.join(folder, "hosts")
    with open(names, "w") as out:
        out.write("127.0.0.1 localhost " + " ".join(hosts) + "\n")
    run("mount", "--bind", names, "/etc/hosts")
    run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
        "-subj", "/CN=flows", "-keyout", os.path.join(folder, "key.pem"),
        "-out", os.path.join(folder, "ca.pem"), "-addext",
        "subjectAltName=" + ",".join("DNS:" + h for h in hosts))


def place(request):
    """Where a request has to arrive."""
    host = request["headers"]["host"]
    if host.startswith("sts"):
        return "127.0.0.1", 443
    return (METADATA if host == METADATA else "127.0.0.1"), 80


class Player:
    """Serves one flow: answers in step, remembers what it was asked."""

    def __init__(self, folder, steps):
        self.steps, self.seen, self.problems = steps, [], []
        self.lock = threading.Lock()
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain(os.path.join(folder, "ca.pem"),
                                 os.path.join(folder, "key.pem"))
        self.listeners = []
        # Only where this exchange asks: elsewhere nobody is to answer.
        for address, port in {place(lower(step[0])) for step in steps}:
            listener = socket.create_server((address, port))
            self.listeners.append(listener)
            threading.Thread(target=self.listen, args=(listener, port == 443),
                             daemon=True).start()

    def close(self):
        for listener in self.listeners:
            listener.shutdown(socket.SHUT_RDWR)
            listener.close()

    def listen(self, listener, tls):
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection, tls),
                             daemon=True).start()

    def serve(self, connection, tls):
        with connection:
            connection.settimeout(20)
            try:
                if tls:
                    connection = self.tls.wrap_socket(connection, server_side=True)
                with connection, connection.makefile("rb") as lines:
                    while self.one(connection, lines, tls):
                        pass
            except OSError:
                pass

    def one(self, connection, lines, tls):
        first = lines.readline().decode().split()
        if len(first) != 3:
            return False
        headers = {}
        while (line := lines.readline().decode().strip()):
            name, _, value = line.partition(":")
            headers[name.strip().lower()] = value.strip()
        body = lines.read(int(headers.get("content-length", 0)))
        with self.lock:
            n = len(self.seen)
            self.seen.append({"method": first[0], "target": first[1], "tls": tls,
                              "headers": headers, "body": body.decode()})
            answer = self.steps[n][1] if n < len(self.steps) else \
                {"status": 500, "headers": {}, "body": ""}
        text = answer["body"].encode()
        head = [f"HTTP/1.1 {answer['status']} x"]
        head += [f"{k}: {v}" for k, v in answer.get("headers", {}).items()]
        head += [f"content-length: {len(text)}", "", ""]
        connection.sendall("\r\n".join(head).encode() + text)
        return True


def moved(text, clock):
    """The text with its times as far from now as they were from the clock."""
    then = datetime.datetime.fromisoformat(clock.replace("Z", "+00:00"))
    shift = datetime.datetime.now(datetime.timezone.utc) - then

    def move(match):
        time = datetime.datetime.fromisoformat(match[0][:19] + "+00:00") + shift
        return time.strftime("%Y-%m-%dT%H:%M:%SZ")
    return re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", move, text)


def steps_of(flow):
    steps, known = [], set()
    for request, answer in zip(flow["requests"], flow["answers"]):
        name = (request["method"], request["target"], request["body"])
        if name not in known:
            known.add(name)
            steps.append((request, dict(
                answer, body=moved(answer["body"], flow["clock"]))))
    return steps


def parameters(request):
    query = request["target"].partition("?")[2]
    pairs = urllib.parse.parse_qsl(query, True)
    if "urlencoded" in request["headers"].get("content-type", ""):
        pairs += urllib.parse.parse_qsl(request["body"], True)
    return dict(pairs)


def lower(request):
    return dict(request, headers={k.lower(): v for k, v in request["headers"].items()})


def differences(step, wanted, got):
    if wanted["method"] != got["method"]:
        yield f"{step}: method {got['method']}, not {wanted['method']}"
    if wanted["target"] != got["target"]:
        yield f"{step}: target {got['target']}, not {wanted['target']}"
    for name, value in wanted["headers"].items():
        if name not in NOT_COMPARED and got["headers"].get(name) != value:
            yield f"{step}: {name}: {got['headers'].get(name)}, not {value}"
    for name in set(got["headers"]) - set(wanted["headers"]) - NOT_COMPARED:
        yield f"{step}: {name}: {got['headers'][name]}, which should not be there"


def sts_differences(step, wanted, got, key):
    want, have = parameters(wanted), parameters(got)
    host = wanted["headers"]["host"]
    if not got["tls"] or got["headers"]["host"] != host:
        yield f"{step}: asked {got['headers']['host']}, not https://{host}"
    if got["method"] != "POST" or got["target"].partition("?")[0] != "/":
        yield f"{step}: {got['method']} {got['target']}"
    for name in (want.keys() | have.keys()) - MANNERS:
        if want.get(name) != have.get(name):
            yield f"{step}: {name} is {have.get(name)}, not {want.get(name)}"
    for name, header in (("Action", "x-acs-action"), ("Version", "x-acs-version")):
        if have.get(name, got["headers"].get(header)) != want[name]:
            yield f"{step}: {name} is not {want[name]}"
    signed = got["headers"].get("authorization")
    if "Signature" not in want:
        if signed or abs(seconds(have["Timestamp"]) - seconds(acs3.timestamp())) > 60:
            yield f"{step}: signed {signed}, time {have.get('Timestamp')}"
    elif signed != acs3.authorize("POST", got["target"], got["headers"], key,
                                  acs3.sha256(got["body"].encode())):
        yield f"{step}: the signature {signed} is wrong"
    elif got["headers"].get("x-acs-security-token") != want.get("SecurityToken"):
        yield f"{step}: the base's token is not sent"


def seconds(stamp):
    return datetime.datetime.strptime(stamp, "%Y-%m-%dT%H:%M:%SZ").timestamp()


def signers(flow):
    """Secrets by access key id, as the set-up and the answers tell them."""
    text = json.dumps(flow).replace('\\"', '"').replace("\\n", "\n")
    return dict(re.findall(
        r'(?:access_key_id|ACCESS_KEY_ID|AccessKeyId)"?\s*[=:]\s*"?([^"\s]+)"?,?\s*"?'
        r'(?:ALIBABA_CLOUD_)?(?:access_key_secret|ACCESS_KEY_SECRET|AccessKeySecret)"?\s*[=:]\s*"?([^"\s]+)', text))


def compare(flow, steps, seen):
    keys = signers(flow)
    for n, (wanted, got) in enumerate(zip((s[0] for s in steps), seen)):
        wanted = lower(wanted)
        if wanted["headers"]["host"].startswith("sts"):
            who = parameters(wanted).get("AccessKeyId")
            yield from sts_differences(n, wanted, got, (who, keys.get(who, "?")))
        else:
            yield from differences(n, wanted, got)
    if len(seen) != len(steps):
        yield f"{len(seen)} requests, not {len(steps)}: " + \
            "; ".join(f"{s['method']} {s['target']}" for s in seen)


def compare_result(flow, found):
    if flow.get("error"):
        if flow["error"] not in found.get("error", ""):
            yield f"no error with \"{flow['error']}\": {found}"
        return
    for name in ("accessKeyId", "accessKeySecret", "securityToken"):
        if found.get(name) != flow["result"].get(name, ""):
            yield f"{name} is {found.get(name)}: {found}"
    if "Expiration" in json.dumps(flow["answers"]) and not found.get("expires"):
        yield "the expiry is not known"


def play(client, folder, flow):
    steps = steps_of(flow)
    home = tempfile.mkdtemp(dir=folder)
    for name, text in flow["setup"].get("home_files", {}).items():
        path = os.path.join(home, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as out:
            out.write(text.replace("$HOME", home))
    env = {k: v for k, v in os.environ.items() if not k.startswith("ALIBABA_")}
    env.update({k: v.replace("$HOME", home)
                for k, v in flow["setup"]["env"].items()}, HOME=home)
    player = Player(folder, steps)
    try:
        profile = flow["setup"].get("profile")
        p = subprocess.run(
            [client, os.path.join(folder, "ca.pem")] + ([profile] if profile else []),
            env=env, capture_output=True, text=True, timeout=100)
    finally:
        player.close()
    if p.returncode:
        return [f"status {p.returncode}: {p.stderr}"]
    return list(compare(flow, steps, player.seen)) + \
        list(compare_result(flow, json.loads(p.stdout)))


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    enter()
    client = os.path.abspath(sys.argv[1])
    where = sys.argv[2] if len(sys.argv) > 2 else os.path.join(HERE, "flows")
    flows = []
    for path in sorted(glob.glob(os.path.join(where, "*.json"))):
        with open(path) as f:
            flows.append(json.load(f))
    hosts = sorted({h for f in flows for r in f["requests"]
                    for h in [lower(r)["headers"]["host"]] if h.startswith("sts")})
    print(f"1..{len(flows)}")
    with tempfile.TemporaryDirectory() as folder:
        furnish(folder, hosts or ["sts.aliyuncs.com"])
        for n, flow in enumerate(flows, 1):
            problems = play(client, folder, flow)
            for problem in problems:
                print("# " + problem.replace("\n", "\n# "))
            print(f"{'not ok' if problems else 'ok'} {n} {flow['name']}", flush=True)
    sys.exit(0)


if __name__ == "__main__":
    main()
