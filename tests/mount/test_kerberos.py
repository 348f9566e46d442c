"""Livy behind a gateway that wants Kerberos: a real KDC, real tickets, and a
server that checks them by GSSAPI, all of it on loopback and in private folders.
"""
import base64
import glob
import http.client
import http.server
import os
import secrets
import shutil
import socket
import subprocess
import threading
import urllib.parse

import pytest

import harness
from harness import eventually

# packaging/install-deps unpacks them there where the system has none.
UNPACKED = os.path.join(harness.ROOT, "build", "krb5")
KDC, UTIL, ADMIN = (
    shutil.which(name, path=os.pathsep.join((
        os.environ.get("PATH", ""), "/usr/sbin", UNPACKED + "/usr/sbin")))
    for name in ("krb5kdc", "kdb5_util", "kadmin.local"))
MODULES = "".join(
    f"[dbmodules]\n    db_module_dir = {path}\n" for path in
    glob.glob(UNPACKED + "/usr/lib/*/krb5/plugins/kdb")
    if KDC and KDC.startswith(UNPACKED))
REALM = "EMULATOR.TEST"


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Realm:
    """A KDC with one user and one service."""

    def __init__(self, folder):
        self.folder = folder
        self.port = free_port()
        self.env = {
            **os.environ, "KRB5_CONFIG": self.file("krb5.conf", f"""
[libdefaults]
    default_realm = {REALM}
    dns_lookup_kdc = false
    dns_lookup_realm = false
    dns_canonicalize_hostname = false
    rdns = false
    udp_preference_limit = 1
[realms]
    {REALM} = {{
        kdc = 127.0.0.1:{self.port}
    }}
[domain_realm]
    localhost = {REALM}
{MODULES}"""),
            "KRB5_KDC_PROFILE": self.file("kdc.conf", f"""
[kdcdefaults]
    kdc_listen = 127.0.0.1:{self.port}
    kdc_tcp_listen = 127.0.0.1:{self.port}
[realms]
    {REALM} = {{
        database_name = {folder}/principal
        key_stash_file = {folder}/stash
        max_life = 1h
    }}
[logging]
    kdc = FILE:{folder}/kdc.log
"""),
            "KRB5CCNAME": f"FILE:{folder}/tickets",
            "KRB5RCACHETYPE": "none"}
        self.run(UTIL, "create", "-s", "-W", "-P", "emulator")
        for principal in ("alice", "HTTP/localhost"):
            self.run(ADMIN, "-q", f"addprinc -randkey {principal}")
            name = principal.split("/")[0]
            self.run(ADMIN, "-q", f"ktadd -k {folder}/{name}.keytab "
                     + principal)
        self.kdc = subprocess.Popen(
            [KDC, "-n", "-P", f"{folder}/pid"], env=self.env,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            preexec_fn=harness.die_with_us)
        eventually(self.listens)

    def file(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w") as f:
            f.write(text)
        return path

    def run(self, *argv):
        p = subprocess.run(argv, env=self.env, text=True, capture_output=True,
                           stdin=subprocess.DEVNULL, timeout=60)
        assert p.returncode == 0, p.stdout + p.stderr

    def listens(self):
        with socket.socket() as s:
            return s.connect_ex(("127.0.0.1", self.port)) == 0

    def login(self):
        self.run("kinit", "-k", "-t", f"{self.folder}/HTTP.keytab".replace(
            "HTTP", "alice"), "alice")

    def logout(self):
        self.run("kdestroy", "-q")

    def environment(self):
        return {k: self.env[k] for k in ("KRB5_CONFIG", "KRB5CCNAME")}

    def close(self):
        self.kdc.terminate()
        self.kdc.wait(10)


class Gateway:
    """Lets through to the emulator who has a ticket, or a cookie that a ticket
    got; as hadoop-auth does."""

    def __init__(self, realm, emulator):
        # Read by GSSAPI in this process, where the realm is no other test's.
        self.store = {"keytab": f"FILE:{realm.folder}/HTTP.keytab"}
        self.emulator = emulator
        self.cookies = set()
        self.gives_cookies = True
        self.seen = []  # (method, path, how it got in)
        gateway = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self):
                gateway.answer(self)

            do_GET = do_POST = do_DELETE = answer

            def log_message(self, *ignored):
                pass

        self.server = http.server.ThreadingHTTPServer(
            ("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://localhost:{self.server.server_port}/livy"
        threading.Thread(target=self.server.serve_forever,
                         daemon=True).start()

    def admit(self, request):
        """(how, headers for the answer); how is None for a refusal."""
        import gssapi
        for part in request.headers.get("Cookie", "").split(";"):
            name, _, value = part.strip().partition("=")
            if name == "hadoop.auth" and value in self.cookies:
                return "cookie", []
        word, _, token = request.headers.get(
            "Authorization", "").partition(" ")
        if word != "Negotiate":
            return None, [("WWW-Authenticate", "Negotiate")]
        name = gssapi.Name("HTTP@localhost",
                           gssapi.NameType.hostbased_service)
        context = gssapi.SecurityContext(
            usage="accept", creds=gssapi.Credentials(
                usage="accept", name=name, store=self.store))
        back = context.step(base64.b64decode(token)) or b""
        if not context.complete or str(context.initiator_name) != \
                f"alice@{REALM}":
            return None, [("WWW-Authenticate", "Negotiate")]
        headers = [("WWW-Authenticate",
                    "Negotiate " + base64.b64encode(back).decode())]
        if self.gives_cookies:
            cookie = secrets.token_hex(8)
            self.cookies.add(cookie)
            headers.append(("Set-Cookie",
                            f"hadoop.auth={cookie}; Path=/; HttpOnly"))
        return "ticket", headers

    def answer(self, request):
        body = request.rfile.read(
            int(request.headers.get("Content-Length", 0)))
        how, headers = self.admit(request)
        self.seen.append((request.command, request.path, how))
        status, text = 401, b""
        if how:
            status, text = self.forward(request, body)
        request.send_response(status)
        for name, value in headers:
            request.send_header(name, value)
        request.send_header("Content-Length", str(len(text)))
        request.end_headers()
        request.wfile.write(text)

    def forward(self, request, body):
        link = http.client.HTTPConnection(
            urllib.parse.urlsplit(self.emulator.url).netloc, timeout=30)
        link.request(request.command, request.path, body or None, {
            "X-Requested-By": request.headers.get("X-Requested-By", "")})
        answer = link.getresponse()
        text = answer.read()
        link.close()
        return answer.status, text

    def count(self, method=None, how="any"):
        return sum((method in (None, m)) and how in ("any", h)
                   for m, _, h in list(self.seen))

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def realm(tmp_path):
    pytest.importorskip("gssapi", reason="python3-gssapi is not installed")
    if not (KDC and UTIL and ADMIN and shutil.which("kinit")):
        pytest.skip("krb5kdc, kdb5_util, kadmin.local or kinit is missing")
    folder = tmp_path / "realm"
    folder.mkdir(mode=0o700)
    made = Realm(str(folder))
    yield made
    made.close()


@pytest.fixture
def gateway(realm, emulator, monkeypatch):
    for key in ("KRB5_CONFIG", "KRB5RCACHETYPE"):
        monkeypatch.setenv(key, realm.env[key])
    made = Gateway(realm, emulator("--demo", "--livy-csrf"))
    yield made
    made.close()


@pytest.fixture
def behind(gateway, realm, mount):
    """Mounts what is behind the gateway: the mount and the workspace."""
    def make():
        m = mount(gateway.emulator, config={
            "sessionfs": {"refresh": "200ms"},
            "livy": {"url": gateway.url, "auth": "negotiate"}},
            env=realm.environment())
        place = gateway.url.split("://")[1].replace("/", "%2F")
        return m, m.ws(place, "livy")
    return make


def sessions(m, ws):
    return sorted(n for n in m.run(["ls", ws]).ok().split() if n.isdigit())


def test_a_ticket_opens_the_server_and_a_cookie_keeps_it_open(
        behind, gateway, realm):
    realm.login()
    m, ws = behind()
    eventually(lambda: sessions(m, ws) == ["0", "1", "2", "3", "4"])
    assert m.read(ws, "0", "state") == "idle\n"
    eventually(lambda: sessions(m, ws) and gateway.count(how="cookie") > 3)
    # As many logins as lines that were opened before there was a cookie.
    assert 1 <= gateway.count(how="ticket") <= 4
    assert gateway.count(how=None) == 0


def test_a_create_bears_the_login_and_is_sent_once(behind, gateway, realm):
    realm.login()
    m, ws = behind()
    eventually(lambda: len(sessions(m, ws)) == 5)
    gateway.gives_cookies = False
    gateway.cookies.clear()
    m.run(f"echo '{{\"kind\":\"sql\"}}' > {ws}/new").ok()
    eventually(lambda: len(sessions(m, ws)) == 6)
    assert gateway.count("POST") == 1
    assert gateway.count("POST", "ticket") == 1
    last = m.run(["readlink", ws + "/.last"]).ok().strip()
    m.run(f"echo terminate > {ws}/{last}/ctl").ok()
    eventually(lambda: last not in sessions(m, ws))
    assert gateway.count("DELETE") == gateway.count("DELETE", "ticket") == 1


def test_a_forgotten_cookie_is_no_end(behind, gateway, realm):
    realm.login()
    m, ws = behind()
    eventually(lambda: sessions(m, ws) and gateway.count(how="cookie") > 1)
    before = gateway.count(how="ticket")
    gateway.cookies.clear()
    eventually(lambda: len(sessions(m, ws)) == 5 and
               gateway.count(how="ticket") > before)
    assert gateway.count(how=None) == 0


def test_without_a_ticket_nothing_is_done_and_the_reason_told(
        behind, gateway, realm):
    m, ws = behind()
    failed = m.run(["ls", ws]).failed()
    assert "Required key not available" in failed, failed
    assert "kinit" in m.read(ws, ".status")
    m.run(f"echo '{{}}' > {ws}/new").failed()
    assert gateway.count(how="ticket") == 0
    assert gateway.count("POST") <= 1
    realm.login()
    eventually(lambda: len(sessions(m, ws)) == 5, timeout=30)
    assert gateway.count("POST", "ticket") == 0


def test_a_ticket_that_is_refused_is_a_rejected_key(behind, gateway, realm):
    realm.run(ADMIN, "-q", "addprinc -randkey mallory")
    realm.run(ADMIN, "-q", f"ktadd -k {realm.folder}/mallory.keytab mallory")
    realm.run("kinit", "-k", "-t", f"{realm.folder}/mallory.keytab", "mallory")
    m, ws = behind()
    failed = m.run(["ls", ws]).failed()
    assert "Key was rejected" in failed, failed
