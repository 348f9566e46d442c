#!/usr/bin/env python3
"""flows: credential exchanges, played by a scripted server at the real addresses.

usage: flows.py CLIENT [DIRECTORY]

Runs in a network namespace of its own that owns the vendors' metadata addresses
and the names of their services, so that the client needs no knobs for tests.  Each
file of the folder is one exchange:

  provider  the vendor: a row of flow_vendors.py
  setup     env, home_files ($HOME stands for the folder that holds them), profile
  requests  what has to be asked, in order: method, target, headers, body
  answers   what each is answered: status, headers, body ([text, n]: n times);
            status 0: the connection ends; -1: nothing ever comes
  result    the credentials that come of it, or
  error     words of the sentence that comes instead
  then      what the same client finds when it asks again, once for each: refused
            (it says before that the last were), home_files, result or error

A request that repeats an earlier one may be left out, if there is no `then`.
Times in files and answers are moved from the file's clock to now; $MS(time) is such
a time in milliseconds since the epoch, and $DATE(time) as HTTP has it.  Prints TAP.
"""
import datetime
import email.utils
import glob
import ipaddress
import json
import os
import re
import shutil
import ssl
import socket
import subprocess
import sys
import tempfile
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
from flow_vendors import NOT_COMPARED, VENDORS  # noqa: E402

INSIDE = "FLOWS_INSIDE"
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|UTC)")


def skip(reason):
    print("1..0 # SKIP " + reason)
    sys.exit(0)


def enter():
    """Starts again inside namespaces of our own."""
    if os.environ.get(INSIDE):
        return
    os.environ["PATH"] = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
    how = ["unshare", "--net", "--mount"]
    if os.geteuid() != 0:
        how.append("--map-root-user")
    try:
        works = subprocess.run(how + ["true"], capture_output=True, text=True)
    except FileNotFoundError:
        skip("there is no unshare on this machine")
    for name in ("ip", "openssl", "mount"):
        if not shutil.which(name):
            skip(f"there is no {name} on this machine")
    if works.returncode:
        skip("no namespaces here: " + works.stderr.strip().split("\n")[-1])
    os.environ[INSIDE] = "1"
    os.execvp(how[0], how + [sys.executable] + sys.argv)


def furnish(folder, names):
    """The addresses, the names and the certificate of the namespace."""
    def run(*argv):
        subprocess.run(argv, check=True, capture_output=True)
    run("ip", "link", "set", "lo", "up")
    for address in sorted({a for v in VENDORS.values() for a in v["addresses"]}):
        try:
            run("ip", "address", "add", address, "dev", "lo")
        except subprocess.CalledProcessError:
            if ":" not in address:
                raise
    hosts = os.path.join(folder, "hosts")
    with open(hosts, "w") as out:
        out.write("127.0.0.1 localhost " + " ".join(names) + "\n")
    run("mount", "--bind", hosts, "/etc/hosts")
    run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
        "-subj", "/CN=flows", "-keyout", os.path.join(folder, "key.pem"),
        "-out", os.path.join(folder, "ca.pem"), "-addext",
        "subjectAltName=" + ",".join("DNS:" + n for n in names))


# ---- the server ----

def address_of(host):
    """The address that a Host header names; None for a name to be served."""
    if host == "localhost":
        return "127.0.0.1"
    try:
        return str(ipaddress.ip_address(host.strip("[]")))
    except ValueError:
        return None


def place(vendor, request):
    """Where a request has to arrive: address and port."""
    host = request["headers"]["host"]
    address = address_of(host)
    if address or host in vendor["plain"]:
        return address or "127.0.0.1", 80
    return "127.0.0.1", 443


def has_place(where):
    family = socket.AF_INET6 if ":" in where[0] else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((where[0], 0))
        return True
    except OSError:
        return False


class Player:
    """Serves one flow: answers in step, remembers what it was asked."""

    def __init__(self, folder, steps, places):
        self.steps, self.seen = steps, []
        self.lock = threading.Lock()
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain(os.path.join(folder, "ca.pem"),
                                 os.path.join(folder, "key.pem"))
        self.listeners = []
        # Only where this exchange asks: elsewhere nobody is to answer.
        for where in places:
            listener = socket.create_server(
                where, family=socket.AF_INET6 if ":" in where[0] else socket.AF_INET)
            self.listeners.append(listener)
            threading.Thread(target=self.listen, args=(listener, where[1] == 443),
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
        if answer["status"] < 0:
            lines.readline()
        if answer["status"] <= 0:
            return False
        text = answer["body"].encode()
        head = [f"HTTP/1.1 {answer['status']} x"]
        head += [f"{k}: {v}" for k, v in answer.get("headers", {}).items()]
        head += [f"content-length: {len(text)}", "", ""]
        connection.sendall("\r\n".join(head).encode() + text)
        return True


# ---- a flow ----

class Clock:
    """Moves the times of a flow as far from now as they were from its clock."""

    def __init__(self, clock):
        then = datetime.datetime.fromisoformat(clock.replace("Z", "+00:00"))
        self.shift = datetime.datetime.now(datetime.timezone.utc) - then

    def time(self, text):
        return datetime.datetime.fromisoformat(text[:19] + "+00:00") + self.shift

    def moved(self, text):
        text = re.sub(r"\$MS\(([^)]*)\)",
                      lambda m: str(int(self.time(m[1]).timestamp()) * 1000), text)
        text = re.sub(r"\$DATE\(([^)]*)\)", lambda m: email.utils.format_datetime(
            self.time(m[1]), usegmt=True), text)
        return TIME.sub(
            lambda m: self.time(m[0]).strftime("%Y-%m-%dT%H:%M:%S") + m[2], text)


    def headers(self, headers):
        return {name: self.moved(value) for name, value in headers.items()}


def lower(request):
    return dict(request, headers={k.lower(): v for k, v in request["headers"].items()})


def steps_of(flow, clock):
    steps, known = [], set()
    for request, answer in zip(flow["requests"], flow["answers"]):
        name = (request["method"], request["target"], request["body"])
        body = answer["body"]
        body = clock.moved(body) if isinstance(body, str) else body[0] * body[1]
        if name not in known or "then" in flow:
            request = lower(request)
            steps.append((
                dict(request, headers=clock.headers(request["headers"])),
                dict(answer, body=body,
                     headers=clock.headers(answer.get("headers", {})))))
        known.add(name)
    return steps


def differences(step, wanted, got, tls):
    for name in ("method", "target", "body"):
        if wanted[name] != got[name]:
            yield f"{step}: {name} {got[name]}, not {wanted[name]}"
    if got["tls"] != tls:
        yield f"{step}: with TLS: {got['tls']}"
    for name, value in wanted["headers"].items():
        if name not in NOT_COMPARED and got["headers"].get(name) != value:
            yield f"{step}: {name}: {got['headers'].get(name)}, not {value}"
    for name in set(got["headers"]) - set(wanted["headers"]) - NOT_COMPARED:
        yield f"{step}: {name}: {got['headers'][name]}, which should not be there"


def compare(vendor, flow, steps, seen):
    text = json.dumps(flow).replace('\\"', '"').replace("\\n", "\n")
    keys = dict(vendor["keys"].findall(text.replace('\\"', '"')))
    for n, ((wanted, _), got) in enumerate(zip(steps, seen)):
        if vendor["is_call"](wanted):
            yield from vendor["call"](n, wanted, got, keys)
        else:
            yield from differences(n, wanted, got, place(vendor, wanted)[1] == 443)
    if len(seen) != len(steps):
        yield f"{len(seen)} requests, not {len(steps)}: " + \
            "; ".join(f"{s['method']} {s['target']}" for s in seen)


def compare_result(vendor, flow, wanted, found, clock):
    if wanted.get("error"):
        if wanted["error"] not in found.get("error", ""):
            yield f"no error with \"{wanted['error']}\": {found}"
        return
    result = wanted["result"]
    for theirs, ours in zip(vendor["result"], ("id", "secret", "token")):
        if found.get(ours) != result.get(theirs, ""):
            yield f"{theirs} is {found.get(ours)}: {found}"
    if "expiration" in result:
        expiry = clock.time(result["expiration"]).timestamp()
        if abs(found.get("expires", 0) - expiry) > 1:
            yield f"it expires at {found.get('expires')}, not {expiry}"
    elif "Expiration" in json.dumps(flow["answers"]) and not found.get("expires"):
        yield "the expiry is not known"


def write_files(home, files, clock):
    for name, text in files.items():
        path = os.path.join(home, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as out:
            out.write(clock.moved(text.replace("$HOME", home)))


def environment(vendor, flow, home):
    env = {k: v for k, v in os.environ.items() if not k.startswith(vendor["clear"])}
    env.update({k: v.replace("$HOME", home) for k, v in flow["setup"]["env"].items()},
               HOME=home)
    return env


def ask(argv, env, rounds, home, clock):
    """What the client says in each round."""
    found = []
    # Before it starts: it may read them at once.
    write_files(home, rounds[0]["home_files"], clock)
    with subprocess.Popen(argv, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          text=True) as client:
        timer = threading.Timer(100, client.kill)
        timer.start()
        for n, each in enumerate(rounds):
            if n:
                write_files(home, each.get("home_files", {}), clock)
            client.stdin.write("refused\n" if each.get("refused") else "get\n")
            client.stdin.flush()
            found.append(json.loads(client.stdout.readline() or "{}"))
        client.stdin.close()
        timer.cancel()
    return found, client.returncode


def play(client, folder, flow):
    vendor, clock = VENDORS[flow["provider"]], Clock(flow["clock"])
    steps = steps_of(flow, clock)
    places = {place(vendor, request) for request, _ in steps}
    if not all(has_place(p) for p in places):
        return None
    home = tempfile.mkdtemp(dir=folder)
    rounds = [dict(flow, home_files=flow["setup"].get("home_files", {}))]
    rounds += flow.get("then", [])
    player = Player(folder, steps, places)
    argv = [client, flow["provider"], os.path.join(folder, "ca.pem")]
    argv += [flow["setup"]["profile"]] if "profile" in flow["setup"] else []
    try:
        found, status = ask(argv, environment(vendor, flow, home), rounds, home, clock)
    finally:
        player.close()
    problems = [f"status {status}"] if status else []
    problems += compare(vendor, flow, steps, player.seen)
    for wanted, got in zip(rounds, found):
        problems += compare_result(vendor, flow, wanted, got, clock)
    return problems


def names_of(flows):
    """The names of hosts that are asked."""
    hosts = {lower(r)["headers"]["host"] for f in flows for r in f["requests"]}
    return sorted(h for h in hosts if not address_of(h)) or ["sts.invalid"]


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
    print(f"1..{len(flows)}")
    with tempfile.TemporaryDirectory() as folder:
        furnish(folder, names_of(flows))
        for n, flow in enumerate(flows, 1):
            problems = play(client, folder, flow)
            for problem in problems or []:
                print("# " + problem.replace("\n", "\n# "))
            print(f"{'not ok' if problems else 'ok'} {n} {flow['name']}"
                  f"{' # SKIP no such address here' if problems is None else ''}", flush=True)
    sys.exit(0)


if __name__ == "__main__":
    main()
