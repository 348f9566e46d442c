"""What a service manager and the journal are told: fake sockets in their place."""
import json
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import tempfile

import pytest

import harness
from harness import SLOW, eventually, run


class Datagrams:
    """A datagram socket with a short path, as AF_UNIX needs it."""

    def __init__(self, name="socket"):
        self.folder = tempfile.mkdtemp(prefix="sfs-", dir="/tmp")
        self.path = os.path.join(self.folder, name)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.seen = []

    def next(self, seconds=10):
        self.socket.settimeout(seconds * SLOW)
        self.seen.append(self.socket.recv(1 << 20))
        return self.seen[-1]

    def until(self, wanted, seconds=10):
        """The first datagram of which that is true."""
        while True:
            try:
                got = self.next(seconds)
            except TimeoutError:
                raise AssertionError(f"only {self.seen}")
            if wanted(got):
                return got

    def told(self, text, seconds=10):
        return self.until(lambda got: re.search(text, got.decode()), seconds)

    def all_told(self, *texts):
        """Each of them, in whichever order."""
        left = set(texts)
        while left:
            got = self.until(lambda got: any(
                re.search(text, got.decode()) for text in left))
            left = {t for t in left if not re.search(t, got.decode())}

    def fill(self):
        """There is no room left for what others send."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
            s.setblocking(False)
            with pytest.raises(BlockingIOError):
                while True:
                    s.sendto(b"full", self.path)

    def close(self):
        self.socket.close()
        shutil.rmtree(self.folder)


@pytest.fixture
def manager():
    made = Datagrams()
    yield made
    made.close()


def test_a_service_manager_is_told_of_each_step(emulator, mount, manager):
    emu = emulator("--fill", "w-1=3")
    m = mount(emu, env={"NOTIFY_SOCKET": manager.path}, wait=False)
    manager.told("^READY=1$")
    assert m.is_mounted()
    assert os.stat(m.path).st_ino == 1  # it answers by now
    manager.told("^STATUS=1 section, 0 sessions$")
    os.listdir(m.ws("w-1"))
    manager.told("^STATUS=1 section, 3 sessions$")
    assert not any(b"WATCHDOG" in told for told in manager.seen)
    m.stop()
    manager.told("^STOPPING=1$")


def test_an_unmount_is_told_too(emulator, mount, manager):
    m = mount(emulator("--workspace", "w-1"),
              env={"NOTIFY_SOCKET": manager.path})
    # Whoever asks for READY may still be in there.
    eventually(lambda: run(
        ["umount", m.path] if os.geteuid() == 0 else
        ["fusermount3", "-u", m.path]).status == 0)
    assert m.wait(5 * SLOW) == 0
    manager.told("^STOPPING=1$")


def test_a_manager_that_does_not_read_holds_nobody_up(
        emulator, mount, manager):
    manager.fill()
    m = mount(emulator("--fill", "w-1=3"), env={
        "NOTIFY_SOCKET": manager.path, "WATCHDOG_USEC": "400000"})
    assert len(os.listdir(m.ws("w-1"))) > 3
    # Once it reads again, it is told what is new.
    manager.told("^WATCHDOG=1$")
    manager.fill()
    run(["umount", m.path] if os.geteuid() == 0 else
        ["fusermount3", "-u", m.path]).ok()
    assert m.wait(5 * SLOW) == 0


def test_a_manager_whose_queue_was_full_hears_that_it_is_ready(
        emulator, mount, manager):
    manager.fill()
    m = mount(emulator("--workspace", "w-1"),
              env={"NOTIFY_SOCKET": manager.path})
    manager.told("^READY=1$")
    manager.fill()
    m.process.send_signal(signal.SIGHUP)
    eventually(lambda: "the configuration was read again" in m.log())
    manager.told("^READY=1$")


def test_it_stays_the_process_that_was_started(emulator, mount, manager):
    """Without -f, too: the manager looks after that one."""
    m = mount(emulator("--workspace", "w-1"), wait=False,
              env={"NOTIFY_SOCKET": manager.path},
              starter=["sh", "-c", 'SYSTEMD_EXEC_PID=$$ exec "$0" "$@"'])
    manager.told("^READY=1$")
    assert m.alive() and m.is_mounted()


def test_the_socket_of_another_process_is_left_alone(background, manager):
    """A shell in somebody's service hands its variables on."""
    started = background(starter=[
        "env", "NOTIFY_SOCKET=" + manager.path, "SYSTEMD_EXEC_PID=1"])
    started.ok()  # it went into the background, and the mount answers
    run(["umount", background.point]).ok()
    manager.socket.setblocking(False)
    with pytest.raises(BlockingIOError):
        manager.socket.recv(100)


def test_a_name_in_the_abstract_namespace(emulator, mount):
    name = "sessionfs-test-%d" % os.getpid()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as there:
        there.bind("\0" + name)
        there.settimeout(10 * SLOW)
        mount(emulator("--workspace", "w-1"), env={"NOTIFY_SOCKET": "@" + name})
        assert there.recv(100) == b"READY=1"


def test_children_are_not_told_whose_service_it_is(emulator, mount, manager):
    m = mount(emulator("--workspace", "w-1"), env={
        "NOTIFY_SOCKET": manager.path, "WATCHDOG_USEC": "60000000"})
    children = run(["pgrep", "-P", str(m.pid)]).ok().split()
    assert children
    for child in children:
        with open(f"/proc/{child}/environ") as f:
            assert not re.search("NOTIFY_SOCKET|WATCHDOG_", f.read())


def test_the_watchdog_hears_of_a_loop_that_answers(emulator, mount, manager):
    m = mount(emulator("--workspace", "w-1"), env={
        "NOTIFY_SOCKET": manager.path, "WATCHDOG_USEC": "400000"})
    for _ in range(5):
        manager.told("^WATCHDOG=1$")
    # Only its loop: what it says ends with the answers of the kernel.
    m.process.send_signal(signal.SIGSTOP)
    manager.socket.setblocking(False)
    try:
        while True:
            manager.socket.recv(100)
    except BlockingIOError:
        pass
    m.process.send_signal(signal.SIGCONT)
    manager.told("^WATCHDOG=1$")


def test_the_watchdog_of_another_process_is_left_alone(emulator, mount, manager):
    m = mount(emulator("--workspace", "w-1"), env={
        "NOTIFY_SOCKET": manager.path, "WATCHDOG_USEC": "100000",
        "WATCHDOG_PID": "1"})
    manager.told("^STATUS=1 section")
    os.listdir(m.ws("w-1"))
    m.stop()
    manager.told("^STOPPING=1$")
    assert not any(b"WATCHDOG" in told for told in manager.seen)


# ---- the journal ----

HOLD = """
mount -t tmpfs none /run && mkdir -p /run/systemd/journal &&
mount --bind "$1" /run/systemd/journal && echo held && exec sleep 1000000
"""


class JournalPlace(harness.Place):
    """Where /run/systemd/journal/socket is ours."""

    def __init__(self, folder):
        self.holder = subprocess.Popen(
            ["unshare", "-m", "--propagation", "slave", "sh", "-c", HOLD, "sh",
             folder], text=True, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, preexec_fn=harness.die_with_us)
        if self.holder.stdout.readline() != "held\n":
            self.holder.kill()
            pytest.skip("no mount namespace: "
                        + self.holder.communicate()[1].strip())
        self.pid = self.holder.pid
        self.prefix = self.inside = (
            "nsenter", "-t", str(self.pid), "-m", "--")

    def root(self):
        return True

    def close(self):
        self.holder.kill()
        self.holder.communicate()


def fields_of(datagram):
    """systemd's native protocol: NAME=value, or NAME, a length, and bytes."""
    found = {}
    while datagram:
        line, _, datagram = datagram.partition(b"\n")
        name, mark, value = line.partition(b"=")
        if not mark:
            (size,) = struct.unpack("<Q", datagram[:8])
            value, datagram = datagram[8:8 + size], datagram[9 + size:]
        found[name.decode()] = value.decode()
    return found


class Journal(Datagrams):
    def __init__(self):
        super().__init__("socket")
        self.place = JournalPlace(self.folder)

    def entry(self, text):
        found = []

        def fits(got):
            found.append(fields_of(got))
            return re.search(text, found[-1]["MESSAGE"])
        self.until(fits)
        return found[-1]

    def close(self):
        self.place.close()
        super().close()


@pytest.fixture
def journal(request):
    if os.geteuid() != 0:
        pytest.skip("only root can put a socket into /run")
    made = Journal()
    request.getfixturevalue("rig").places.append(made.place)
    made.place.base = made.folder
    yield made
    made.socket.close()


# As systemd starts it: the stream of standard error is the one it names.
STREAM = ["sh", "-c", 'JOURNAL_STREAM=$(stat -L -c %d:%i /proc/self/fd/2) '
          'exec "$0" "$@"']


def test_the_journal_gets_priorities_and_no_second_time(
        emulator, mount, journal):
    m = mount(emulator("--workspace", "w-1"), place=journal.place,
              starter=STREAM)
    entry = journal.entry("serving")
    assert entry["MESSAGE"] == "serving " + m.path
    assert entry["PRIORITY"] == "6"
    assert entry["SYSLOG_IDENTIFIER"] == "sessionfs"
    assert "serving" not in m.log()
    assert "note: serving" in m.read(".sessionfs", "log")


def test_a_stream_that_is_no_journal_gets_lines(emulator, mount, journal):
    m = mount(emulator("--workspace", "w-1"), place=journal.place,
              env={"JOURNAL_STREAM": "1:2"})
    assert "note: serving" in m.log()
    journal.socket.setblocking(False)
    with pytest.raises(BlockingIOError):
        journal.socket.recv(100)


def test_lines_for_programs(emulator, mount):
    emu = emulator("--fill", "w-1=3")
    m = mount(emu, options=["-d"], config={
        "sessionfs": {"refresh": "200ms", "log_json": True}})
    m.run(["ls", m.ws("w-1")]).ok()
    emu.fault(action="ListSessionClusters", times=-1, status=500)

    def lines():
        return [json.loads(line) for line in m.log().splitlines()]
    eventually(lambda: [line for line in lines() if (
        line["level"], line.get("provider"), line.get("workspace")) == (
            "warning", "alibaba", "w-1")])
    assert {"time": lines()[0]["time"], "level": "note",
            "message": "serving " + m.path} in lines()
    traced = [line for line in lines() if line["level"] == "trace"]
    assert any(line["message"].startswith("fuse: op=lookup ")
               for line in traced)
    assert "note: serving" in m.read(".sessionfs", "log")


def test_a_line_says_what_it_is_about(emulator, mount, journal):
    emu = emulator("--fill", "w-1=3")
    m = mount(emu, place=journal.place, starter=STREAM, options=["-d"],
              config={"sessionfs": {"refresh": "200ms"}})
    m.run(["ls", m.ws("w-1")]).ok()
    emu.fault(action="ListSessionClusters", times=-1, status=500)
    entry = journal.entry("^alibaba/w-1: ")
    assert entry["PRIORITY"] == "4"
    assert entry["PROVIDER"] == "alibaba" and entry["WORKSPACE"] == "w-1"
    assert "SESSION" not in entry
