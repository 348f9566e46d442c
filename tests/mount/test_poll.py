"""poll(2), select(2) and epoll(7): who waits for a change is woken by it, finds
the new bytes, and then waits again.

A test that something wakes says first that nothing wakes without it.
"""
import os
import select
import signal
import subprocess
import sys
import threading
import time

import pytest

from harness import SLOW, eventually

CONFIG = {"sessionfs": {"refresh": "100ms", "window": "60s"},
          "alibaba": {"calls_per_second": 100000, "burst": 100000,
                      "workspaces": "w-1"}}
CHANGED = select.POLLPRI | select.POLLERR
READY = select.POLLIN | select.POLLRDNORM
BOTH = select.POLLIN | select.POLLOUT
QUIET_MS = 400
WAKE_S = 10 * SLOW
WORDS = ("Running", "Busy")


class Session:
    """One session, and what is done to it at the provider."""

    def __init__(self, emu, m, name):
        self.emu, self.m, self.name = emu, m, name
        self.turn = 0
        self.state = self.become(WORDS[0])

    def path(self, file="state"):
        return os.path.join(self.m.ws("w-1"), self.name, file)

    def change(self):
        self.turn += 1
        self.state = self.become(WORDS[self.turn % 2])
        return self.state

    def become(self, state):
        self.emu.session("w-1", {"sessionClusterId": self.name,
                                 "state": state})
        return state.encode() + b"\n"


@pytest.fixture
def session(emulator, mount):
    emu = emulator("--fill", "w-1=10")
    name = sorted(s["sessionClusterId"] for s in emu.sessions("w-1"))[0]
    m = mount(emu, config=CONFIG)
    session = Session(emu, m, name)
    eventually(lambda: read(session.path()) == session.state)
    settle(emu)
    return session


def read(path):
    with open(path, "rb") as f:
        return f.read()


def settle(emu):
    """Until what was changed so far is surely told."""
    before = emu.count("ListSessionClusters")
    eventually(lambda: emu.count("ListSessionClusters") >= before + 3)


class Open:
    """An open file that is read once, and then waited on."""

    def __init__(self, path, flags=os.O_RDONLY):
        self.fd = os.open(path, flags)

    def __enter__(self):
        self.read()
        return self

    def __exit__(self, *exc):
        os.close(self.fd)

    def read(self):
        return os.pread(self.fd, 1 << 20, 0)

    def poll(self, timeout_ms, events=select.POLLPRI):
        poller = select.poll()
        poller.register(self.fd, events)
        return sum(e for _, e in poller.poll(timeout_ms))

    def wait(self):
        """What a wait for a change ends with."""
        began = time.monotonic()
        found = self.poll(1000 * WAKE_S)
        assert found, f"not woken in {time.monotonic() - began} s"
        return found


def test_a_poll_wakes_by_each_change_and_then_waits_again(session):
    with Open(session.path()) as state:
        for _ in range(5):
            assert state.poll(QUIET_MS) == 0
            new = session.change()
            assert state.wait() == CHANGED
            assert state.read() == new


def test_what_is_not_read_is_told_again(session):
    with Open(session.path()) as state:
        new = session.change()
        assert state.wait() == CHANGED
        assert state.wait() == CHANGED
        assert state.read() == new
        assert state.poll(QUIET_MS) == 0


def test_a_file_can_be_read_at_any_time(session):
    with Open(session.path()) as state:
        assert state.poll(0, READY) == READY
        session.change()
        state.wait()
        assert state.poll(0, READY | select.POLLPRI) == READY | CHANGED


def test_select_tells_of_a_change_as_an_exception(session):
    with Open(session.path()) as state:
        assert select.select([], [], [state.fd], QUIET_MS / 1000)[2] == []
        assert select.select([state.fd], [], [], 0)[0] == [state.fd]
        new = session.change()
        assert select.select([], [], [state.fd], WAKE_S)[2] == [state.fd]
        assert state.read() == new
        assert select.select([], [], [state.fd], QUIET_MS / 1000)[2] == []


@pytest.mark.parametrize("edge", [0, select.EPOLLET])
def test_epoll_wakes_by_each_change(session, edge):
    with Open(session.path()) as state, select.epoll() as epoll:
        epoll.register(state.fd, select.EPOLLPRI | edge)
        for _ in range(5):
            assert epoll.poll(QUIET_MS / 1000) == []
            new = session.change()
            found = epoll.poll(WAKE_S)
            assert [fd for fd, _ in found] == [state.fd]
            assert found[0][1] & select.EPOLLPRI
            assert state.read() == new


def test_an_edge_is_told_once_and_a_level_until_it_is_read(session):
    with Open(session.path()) as state, select.epoll() as level, \
            select.epoll() as edge:
        level.register(state.fd, select.EPOLLPRI)
        edge.register(state.fd, select.EPOLLPRI | select.EPOLLET)
        assert edge.poll(QUIET_MS / 1000) == []
        session.change()
        assert level.poll(WAKE_S) and level.poll(WAKE_S)
        assert edge.poll(WAKE_S)
        assert edge.poll(QUIET_MS / 1000) == []
        assert level.poll(WAKE_S)
        new = session.change()
        assert edge.poll(WAKE_S)
        eventually(lambda: state.read() == new)


def test_all_who_poll_are_woken(session):
    files = [Open(session.path()) for _ in range(4)]
    # Two threads wait with one and the same open file.
    waiters = [*files, files[0]]
    woken = []

    def wait(file):
        file.read()
        waiting.release()
        events = file.wait()
        # A read clears the event for the whole open file: if one of the two
        # read at once, the other could find nothing when the kernel asks again.
        all_woken.wait(2 * WAKE_S)
        woken.append((events, file.read()))

    waiting = threading.Semaphore(0)
    all_woken = threading.Barrier(len(waiters))
    threads = [threading.Thread(target=wait, args=(f,)) for f in waiters]
    for thread in threads:
        thread.start()
    for _ in threads:
        assert waiting.acquire(timeout=WAKE_S)
    settle(session.emu)
    assert all_woken.n_waiting == 0
    new = session.change()
    for thread in threads:
        thread.join(4 * WAKE_S)
    assert woken == [(CHANGED, new)] * len(waiters)
    for file in files:
        os.close(file.fd)


def test_somebody_else_who_reads_takes_nothing_away(session):
    with Open(session.path()) as state:
        for _ in range(5):
            new = session.change()
            eventually(lambda: session.m.read(session.path()).encode() == new)
            assert state.wait() == CHANGED
            assert session.m.read(session.path()).encode() == new
            assert state.read() == new
            # One more may come, since the page cache may have answered.
            for _ in range(3):
                if not state.poll(QUIET_MS):
                    break
                assert state.read() == new
            else:
                raise AssertionError("woken again and again")


def test_who_reads_is_not_woken_more_often_than_things_change(session):
    wakes = []
    over = threading.Event()

    def follow():
        with Open(session.path()) as state:
            ready.set()
            while not over.is_set():
                if state.poll(100):
                    wakes.append(state.read())

    ready = threading.Event()
    thread = threading.Thread(target=follow)
    thread.start()
    ready.wait(WAKE_S)
    for _ in range(20):
        new = session.change()
        eventually(lambda: wakes and wakes[-1] == new)
    over.set()
    thread.join(WAKE_S)
    assert 20 <= len(wakes) <= 40


@pytest.mark.parametrize("again", [False, True], ids=["same", "reopened"])
def test_no_change_is_lost(session, again):
    """Only a wake-up makes this reader read: if one were lost, it would never
    see the last word."""
    seen = []
    over = threading.Event()

    def follow():
        state = Open(session.path())
        seen.append(state.read())
        while not over.is_set():
            # To end, not to see more.
            if not state.poll(200):
                continue
            if again:
                os.close(state.fd)
                state = Open(session.path())
            seen.append(state.read())
        os.close(state.fd)

    thread = threading.Thread(target=follow)
    thread.start()
    try:
        for turn in range(60):
            new = session.change()
            time.sleep((turn % 7) * 0.03)  # sleeps: the pace of the changes
            if turn % 10 == 9:
                eventually(lambda: seen[-1] == new, 10)
    finally:
        over.set()
        thread.join(WAKE_S)


def test_other_files_are_not_told_of_it(session):
    with Open(session.path("config.json")) as config, \
            Open(session.path("state")) as state, \
            Open(session.path("session.json")) as record:
        session.change()
        assert state.wait() == CHANGED
        assert record.wait() == CHANGED
        assert config.poll(QUIET_MS) == 0


def test_nothing_wakes_when_nothing_changes(session):
    with Open(session.path()) as state:
        before = session.emu.count("ListSessionClusters")
        assert state.poll(3 * QUIET_MS) == 0
        assert session.emu.count("ListSessionClusters") > before


def test_a_session_that_vanishes_hangs_up(session):
    with Open(session.path()) as state:
        assert state.poll(QUIET_MS) == 0
        session.emu.remove("w-1", session.name)
        found = state.wait()
        assert found & select.POLLHUP and found & select.POLLPRI
        assert not os.path.exists(session.path())


FILES = ["alibaba/w-1/new", "alibaba/w-1/.status", "alibaba/w-1/.last_error",
         "alibaba/w-1/.sessions.tsv", "alibaba/w-1/.refresh",
         "alibaba/w-1/{s}/ctl", "alibaba/w-1/{s}/.wait/failed",
         ".sessionfs/metrics", ".sessionfs/log"]


@pytest.mark.parametrize("file", FILES)
def test_other_files_are_ready_at_once(session, file):
    path = os.path.join(session.m.path, file.format(s=session.name))
    writable = file.endswith(("new", "ctl", ".refresh"))
    fd = os.open(path, os.O_RDWR if writable else os.O_RDONLY)
    poller = select.poll()
    poller.register(fd, BOTH)
    assert poller.poll(1000 * WAKE_S) == [(fd, BOTH)]
    os.close(fd)


def test_socat_writes_into_a_control_file(session):
    spec = session.m.read(session.path("config.json"))
    before = len(session.emu.sessions("w-1"))
    session.m.run(["socat", "-u", "-", f"OPEN:{session.m.ws('w-1')}/new"],
                  stdin=spec).ok()
    assert len(session.emu.sessions("w-1")) == before + 1


POLL_FOR_EVER = """
import os, select, sys
fd = os.open(sys.argv[1], os.O_RDONLY)
os.read(fd, 100)
poller = select.poll()
poller.register(fd, select.POLLPRI)
print("polls", flush=True)
poller.poll()
"""


def polls(process):
    """Whether the kernel has asked the file, and has the process sleep."""
    with open(f"/proc/{process.pid}/wchan") as f:
        return "poll" in f.read()


def test_a_poller_that_is_killed_leaves_nothing_behind(session):
    for _ in range(5):
        process = subprocess.Popen(
            [sys.executable, "-c", POLL_FOR_EVER, session.path()],
            stdout=subprocess.PIPE)
        assert process.stdout.readline() == b"polls\n"
        eventually(lambda: polls(process))
        process.send_signal(signal.SIGKILL)
        assert process.wait(WAKE_S) == -signal.SIGKILL
        process.stdout.close()
        session.change()
        eventually(lambda: read(session.path()) == session.state)
        settle(session.emu)
    eventually(lambda: read(session.path()) == session.state)


def test_the_daemon_ends_although_somebody_polls(session):
    with subprocess.Popen(
            [sys.executable, "-c", POLL_FOR_EVER, session.path()],
            stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"polls\n"
        eventually(lambda: polls(process))
        session.m.stop()
        assert process.wait(WAKE_S) == 0


# ---- the event log ----

def test_the_event_log_wakes_when_it_grows(session):
    path = os.path.join(session.m.path, ".sessionfs", "events")
    with Open(path) as events:
        assert events.poll(QUIET_MS) == 0
        assert events.poll(0, READY) == READY
        for _ in range(3):
            size = os.fstat(events.fd).st_size
            session.change()
            assert events.wait() & select.POLLPRI
            line = os.pread(events.fd, 1 << 20, size)
            assert session.name.encode() in line
            assert line.endswith(b"\n")
            assert events.poll(QUIET_MS) == 0
