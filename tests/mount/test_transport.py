"""How the daemon talks: TLS, redirects, proxies, plain http, credentials."""
import json
import os
import socket
import ssl
import subprocess
import threading

import pytest

import harness
from harness import SLOW, eventually


class Door:
    """A TCP server on loopback; handle(socket) runs for each connection."""

    def __init__(self, handle, context=None):
        self.seen = 0
        self.handle, self.context = handle, context
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                client, _ = self.socket.accept()
            except OSError:
                return
            self.seen += 1
            threading.Thread(target=self._one, args=(client,),
                             daemon=True).start()

    def _one(self, client):
        try:
            if self.context:
                client = self.context.wrap_socket(client, server_side=True)
            self.handle(client)
        except OSError:
            pass
        finally:
            client.close()

    def close(self):
        self.socket.close()


@pytest.fixture
def door():
    doors = []

    def make(handle, context=None):
        doors.append(Door(handle, context))
        return doors[-1]
    yield make
    for made in doors:
        made.close()


def pump(source, sink):
    try:
        while part := source.recv(65536):
            sink.sendall(part)
    except OSError:
        pass  # the other direction closed them


def forward_to(url):
    host, port = url.split("//")[1].split(":")

    def handle(client):
        with socket.create_connection((host, int(port))) as server:
            back = threading.Thread(target=pump, args=(server, client),
                                    daemon=True)
            back.start()
            pump(client, server)
    return handle


def answer(text):
    def handle(client):
        client.recv(65536)
        client.sendall(text.encode())
    return handle


@pytest.fixture
def certificate(tmp_path):
    """(certificate, context) for a name that is asked for."""
    def make(name):
        key, cert = tmp_path / f"{name}.key", tmp_path / f"{name}.pem"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
             "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
             "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}",
             "-keyout", key, "-out", cert], check=True, capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert, key)
        return str(cert), context
    return make


def listing(mount):
    return mount.run(f"ls {mount.ws('w-1')}")


def start(mount, emu, **keys):
    # Reading all authorities takes seconds in a build that checks every access; what
    # ran out of time would begin it anew.
    return mount(emu, config={
        "sessionfs": {"deadline": f"{3 * SLOW}s"},
        "alibaba": {"workspaces": "w-1", **keys}})


def test_tls_works_with_the_right_authority(
        emulator, mount, door, certificate):
    emu = emulator("--fill", "w-1=3")
    cert, context = certificate("localhost")
    tls = door(forward_to(emu.url), context)
    m = start(mount, emu, ca_file=cert,
              endpoint=f"https://localhost:{tls.port}")
    # The emulator checks the signature of the host that was asked for.
    assert len(listing(m).ok().split()) == 4


@pytest.mark.parametrize("name,trusted", [
    ("localhost", False), ("elsewhere.example", True)])
def test_tls_is_verified(emulator, mount, door, certificate, name, trusted):
    emu = emulator("--fill", "w-1=3")
    cert, context = certificate(name)
    tls = door(forward_to(emu.url), context)
    keys = {"ca_file": cert} if trusted else {}
    m = start(mount, emu, endpoint=f"https://localhost:{tls.port}", **keys)

    def said():
        # A first listing is answered before it has ended.
        assert listing(m).status != 0
        return m.read(m.ws("w-1"), ".status").lower()

    eventually(lambda: "certificate" in said())
    assert sum(emu.counts().values()) == 0


def test_redirects_to_others_are_not_followed(emulator, mount, door):
    emu = emulator("--workspace", "w-1")
    other = door(answer("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"))
    here = door(answer("HTTP/1.1 307 Found\r\ncontent-length: 0\r\n"
                       f"location: http://127.0.0.1:{other.port}/\r\n\r\n"))
    m = start(mount, emu, endpoint=f"http://127.0.0.1:{here.port}")
    assert listing(m).status != 0
    assert here.seen > 0 and other.seen == 0
    assert f"127.0.0.1:{other.port}" in m.read(m.ws("w-1"), ".status")


def test_plain_http_is_for_loopback(emulator, mount):
    emu = emulator("--workspace", "w-1")
    m = mount(emu, wait=False, config={
        "alibaba": {"endpoint": "http://emr.example:8080"}})
    assert m.wait(10) == 3
    assert "insecure_http" in m.log()


@pytest.mark.parametrize("keys,env,names", [
    ({"type": "livy", "url": "http://livy.example/x"}, {}, "url: http"),
    ({"type": "livy", "endpoint": "http://livy.example/x"}, {},
     "endpoint: http"),
    ({"type": "livy"}, {"LIVY_URL": "http://livy.example/x"},
     "LIVY_URL: http"),
    ({"type": "livy"}, {"LIVY_URL": "https://livy.example/sessions"},
     "LIVY_URL ends in /sessions"),
    ({"type": "livy", "url": "http://127.0.0.1:9", "auth": "x"}, {},
     "[cloud] auth must be none, basic:FILE"),
    ({"type": "emr", "region": "us-east-1"},
     {"AWS_ENDPOINT_URL": "http://emr.example"},
     "the endpoint configured for elasticmapreduce: http")])
def test_a_refused_address_names_what_gave_it(mount, keys, env, names):
    m = mount(wait=False, config={"cloud": keys}, env=env)
    assert m.wait(10) == 3
    assert names in m.log()


def test_a_proxy_is_used(emulator, mount, door):
    emu = emulator("--fill", "w-1=3")
    asked = []

    def proxy(client):
        head = client.recv(65536)
        asked.append(head.split(b"\r\n")[0].decode())
        client.sendall(b"HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n")
    via = door(proxy)
    m = start(mount, emu, insecure_http=True,
              endpoint="http://emr.example:8080",
              proxy=f"http://me:hush@127.0.0.1:{via.port}")
    listing(m)
    assert asked and asked[0].startswith("GET http://emr.example:8080/api/v1")
    assert "hush" not in m.log() + m.read(".sessionfs/config") + \
        m.read("alibaba/.status")


def profile(mount_folder, key_id, secret):
    folder = os.path.join(mount_folder, "home", ".aliyun")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "config.json"), "w") as f:
        json.dump({"current": "default", "profiles": [{
            "name": "default", "mode": "AK", "access_key_id": key_id,
            "access_key_secret": secret, "region_id": "cn-hangzhou"}]}, f)


NO_ENVIRONMENT = {"ALIBABA_CLOUD_ACCESS_KEY_ID": None,
                  "ALIBABA_CLOUD_ACCESS_KEY_SECRET": None}


def test_the_clis_profile_is_read_and_read_again(emulator, mount, rig):
    emu = emulator("--fill", "w-1=3")
    folder = rig.new_folder("profile")
    profile(folder, "wrong-key", "wrong-secret")
    m = mount(emu, folder=folder, env=NO_ENVIRONMENT, config={
        "sessionfs": {"refresh": "200ms"},
        "alibaba": {"workspaces": "w-1", "region": None}})
    assert "rejected" in listing(m).failed()
    profile(folder, harness.KEY_ID, harness.KEY_SECRET)
    eventually(lambda: len(listing(m).out.split()) == 4, 20)
    assert "emulator-key" in m.read("alibaba/.status")


def test_temporary_credentials_send_their_token(emulator, mount):
    emu = emulator("--fill", "w-1=3", "--security-token", "tok-1")
    m = mount(emu, env={"ALIBABA_CLOUD_SECURITY_TOKEN": "tok-1"},
              config={"alibaba": {"workspaces": "w-1"}})
    assert len(listing(m).ok().split()) == 4
    found = m.run(["grep", "-rl", "tok-1", m.path, m.state_dir])
    assert found.status == 1, found
    with open(f"/proc/{m.pid}/cmdline", "rb") as f:
        assert b"tok-1" not in f.read()


def test_without_a_configuration_what_is_in_sight_is_served(emulator, rig):
    emu = emulator("--workspace", "w-1")
    folder = rig.new_folder("plain")
    profile(folder, harness.KEY_ID, harness.KEY_SECRET)
    m = harness.Mount(folder, "", env=NO_ENVIRONMENT, argv=[
        "-f", os.path.join(folder, "mnt")])
    rig.started.append(m)
    assert os.listdir(m.path + "/.sessionfs")
    assert "alibaba" in os.listdir(m.path)
    assert emu.alive()
