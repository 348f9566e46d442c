"""A real Livy server with a real Spark, and the mount suite's rig before it.

    def test_x(livy):
        session = livy.create({"kind": "sql"})
        livy.waits_for(session, "idle")
"""
import json
import os
import select
import signal
import subprocess
import sys
import urllib.error
import urllib.request

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "mount"))
import harness  # noqa: E402
from harness import SLOW, eventually  # noqa: E402

EQUIPMENT = os.path.join(harness.ROOT, "examples", "livy-server")
HOME = os.environ.get("LIVY_KEPT", os.path.join(harness.ROOT, "build", "livy"))
# A driver is a JVM that comes up on a machine that may have much else to do.
UP_S = 120
TOLD = ('echo "$LIVY_URL $LIVY_PID $LIVY_DIR"; '
        "exec setpriv --pdeathsig TERM sleep infinity")


def processes():
    """{pid: (parent, group, argv)} of all that run."""
    found = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/stat") as f:
                state, parent, group = f.read().rpartition(")")[2].split()[:3]
            with open(f"/proc/{pid}/cmdline", "rb") as f:
                argv = f.read().split(b"\0")
        except OSError:
            continue
        if state != "Z":
            found[int(pid)] = (int(parent), int(group), argv)
    return found


class Server(harness.Process):
    """`serve`, with the server and its drivers in a process group below it."""

    def __init__(self, folder):
        super().__init__(
            [os.path.join(EQUIPMENT, "serve"), HOME, "sh", "-c", TOLD],
            os.path.join(folder, "serve.log"), dict(os.environ),
            subprocess.PIPE)
        self.url, pid, self.folder = self._said().split()
        self.group = int(pid)

    def _said(self):
        out = self.process.stdout
        if not select.select([out], [], [], UP_S * SLOW)[0]:
            raise AssertionError("the server does not start:\n" + self.log())
        line = out.readline().decode()
        assert line, f"serve ended: {self.wait(5)}\n{self.log()}"
        return line

    def running(self):
        return {pid for pid, (_, group, _) in processes().items()
                if group == self.group}

    def drivers(self):
        """The pids of the JVMs that the server's sessions run in."""
        return {pid for pid, (parent, group, argv) in processes().items()
                if group == self.group and parent == self.group
                and any(b"RSCDriverBootstrapper" in arg for arg in argv)
                and argv[0].endswith(b"/java")}

    def ask(self, method, path, body=None):
        """(status, JSON) of a call past the mount."""
        request = urllib.request.Request(
            self.url + path, method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"content-type": "application/json"})
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=20 * SLOW) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as e:
            return e.code, None

    def end(self):
        """Nothing that it started is left, nor its folder."""
        if not self.ended:
            self.process.send_signal(signal.SIGTERM)
            assert self.wait(30 * SLOW) == 128 + signal.SIGTERM, self.log()
        assert not self.running()
        assert not os.path.exists(self.folder)


class Livy:
    """A server and the daemon that shows it."""

    def __init__(self, server, mount):
        self.server = server
        self.mount = mount
        self.place = mount.ws(server.url.split("://")[1], "livy")
        eventually(lambda: os.path.exists(self.path("new")))

    def path(self, *parts):
        return os.path.join(self.place, *map(str, parts))

    def read(self, *parts):
        return self.mount.read(self.path(*parts))

    def write(self, text, *parts):
        return self.mount.run(["tee", "--", self.path(*parts)], stdin=text,
                              timeout=60)

    def create(self, spec):
        """The id of the session that was made by writing into `new`."""
        self.write(json.dumps(spec), "new").ok()
        return os.readlink(self.path(".last"))

    def idle_one(self):
        """(id, pid of its driver) of a session that is up."""
        before = self.server.drivers()
        session = self.create({"kind": "sql"})
        self.waits_for(session, "idle")
        driver, = self.server.drivers() - before
        return session, driver

    def waits_for(self, session, state, seconds=UP_S):
        """All states that were seen on the way, the last one included."""
        seen = []

        def reached():
            now = self.read(session, "state").rstrip("\n")
            if not seen or seen[-1] != now:
                seen.append(now)
            return now == state
        try:
            eventually(reached, seconds, 0.05)
        except AssertionError as e:
            log = self.read(session, "log")
            raise AssertionError(f"{seen}, not {state}: {e}\n{log}") from None
        return seen


@pytest.fixture(scope="session", autouse=True)
def needs():
    why = harness.fuse_trouble()
    if why:
        pytest.skip(why)
    subprocess.run([os.path.join(EQUIPMENT, "prepare"), HOME], check=True)


@pytest.fixture
def server(tmp_path):
    server = Server(str(tmp_path))
    yield server
    server.end()


@pytest.fixture(scope="module")
def livy(tmp_path_factory):
    """One for all tests of a module: each driver costs seconds as it is."""
    server = Server(str(tmp_path_factory.mktemp("server")))
    rig = harness.Rig(tmp_path_factory.mktemp("rig"))
    try:
        folder = rig.new_folder("mount")
        mount = rig.mount(folder=folder, config=harness.key_file({
            "sessionfs": {"refresh": "300ms",
                          "state_dir": os.path.join(folder, "state")},
            "livy": {"url": server.url}}))
        yield Livy(server, mount)
    finally:
        try:
            rig.close()
        finally:
            server.end()
