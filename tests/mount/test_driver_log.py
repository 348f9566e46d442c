"""What drivers say: in the record, in `log`, in `reason`; Livy and DLI."""
import contextlib
import json
import os
import pty
import select
import shutil
import threading

import pytest

from harness import eventually
from inotify import Watcher
from test_providers import KEYS, ROWS, World, section
from watching import CHANGED, Program

SPEAKERS = [row for row in ROWS if row.type in ("livy", "dli")]
EACH = pytest.mark.parametrize("row", SPEAKERS, ids=[r.type for r in SPEAKERS])


@pytest.fixture
def world(rig):
    """A mount of one provider, whose sessions are planted by the tests."""
    def make(row, *args, refresh="300ms", emu=None, **keys):
        emu = emu or rig.emulator("--start-ms", "300", "--stop-ms", "300",
                                  *args)
        if row.type != "livy":
            emu.workspace(row.workspace, row.type)
        mount = rig.mount(emu, env=KEYS, config={
            "alibaba": {"region": "cn-hangzhou", "endpoint": emu.url},
            "sessionfs": {"refresh": refresh},
            "cloud": {"calls_per_second": 10000, "burst": 10000,
                      **section(row, emu), **keys}})
        return World(row, emu, mount)
    return make


def change(w, name, **members):
    """Other members of a session's record; Livy's ids are numbers."""
    raw = int(name) if w.row.type == "livy" else name
    w.emu.session(w.room, {"id": raw, **members}, w.row.type)


def until_listed(w, times=3):
    before = w.count("ListSessions")

    def asked():
        os.stat(w.path())
        return w.count("ListSessions") >= before + times
    eventually(asked, timeout=60)


# ---- the record ----

@EACH
def test_what_the_driver_says_in_the_record_is_no_event(world, row):
    w = world(row)
    name = w.create()
    w.until_up(name)
    until_listed(w)
    record = w.path(name, "session.json")
    before = w.mount.read(record)
    watcher = Watcher()
    try:
        watcher.add(record, CHANGED)
        for i in range(4):
            change(w, name, log=[f"26/01/02 INFO Driver: line {i}"])
            until_listed(w)
        assert watcher.count(CHANGED) == 0
        assert w.mount.read(record) == before
        assert " changed" not in w.mount.read(
            w.mount.path, ".sessionfs", "events")
        # Any other member is one, and brings the lines along.
        change(w, name, futureMember=7, log=["26/01/02 INFO Driver: last"])
        eventually(lambda: watcher.count(CHANGED), timeout=60)
    finally:
        watcher.close()
    assert json.loads(w.mount.read(record))["futureMember"] == 7


@EACH
def test_the_pages_of_a_recovered_session_stay(world, row):
    w = world(row)
    name = w.create()
    w.until_up(name)
    ui = "http://node:4040/"
    change(w, name, appId="application_1_0001",
           appInfo={"driverLogUrl": None, "sparkUiUrl": ui})
    eventually(lambda: w.mount.read(w.path(name, "webui")) == ui + "\n")
    nothing = {"driverLogUrl": None, "sparkUiUrl": None}
    change(w, name, state="recovering", log=[], appInfo=nothing)
    eventually(lambda: w.state(name) == "recovering")
    assert w.mount.read(w.path(name, "webui")) == ui + "\n"
    change(w, name, state="idle", appInfo=nothing)
    eventually(lambda: w.state(name) == "idle")
    assert w.mount.read(w.path(name, "webui")) == ui + "\n"


# ---- the log ----

KEPT = 50
MISSING = "[sessionfs: lines are missing here]"
HEADINGS = {"livy": "", "dli": "stdout:\nstderr:\n"}


class Driver:
    """A session whose driver says what the test wants; the server keeps the
    last lines."""

    def __init__(self, w, name):
        self.w, self.name, self.n = w, name, 0
        self.path = w.path(name, "log")
        self.lines = []
        self.say(3)

    def say(self, n=1):
        self.lines += [f"26/01/02 03:04:05 INFO Driver: line {i}"
                       for i in range(self.n, self.n + n)]
        self.n += n
        raw = int(self.name) if self.w.row.type == "livy" else self.name
        self.w.emu.session(self.w.room, {"id": raw}, self.w.row.type, extra={
            "_log": ["stdout: ", "\nstderr: "] + self.lines[-KEPT:]})

    def said(self, since=0):
        """All of it, as it is read."""
        head = "" if since else HEADINGS[self.w.row.type]
        return head + "".join(f"{line}\n" for line in self.lines[since:])


@pytest.fixture
def driver(world):
    def make(row, **keys):
        w = world(row, **keys)
        name = w.create()
        w.until_up(name)
        return Driver(w, name)
    return make


def read_to_end(fd, at=0):
    whole = b""
    while part := os.pread(fd, 65536, at + len(whole)):
        whole += part
    return whole.decode()


@contextlib.contextmanager
def opened(path):
    fd = os.open(path, os.O_RDONLY)
    try:
        yield fd
    finally:
        os.close(fd)


def agreed(*fds):
    """What all of them read, whose size all of them tell.  It may grow in
    between, and is then longer for those who look later."""
    found = ""
    for fd in fds:
        size = os.fstat(fd).st_size
        text = read_to_end(fd)
        assert len(text) >= size >= len(found)
        assert text.startswith(found)
        found = text
    return found


@EACH
@pytest.mark.parametrize("how", ["-f", "-F"])
@pytest.mark.parametrize("since", ["-n+1", "-n0"])
def test_tail_follows_a_log(driver, row, how, since):
    d = driver(row)
    first = d.n if since == "-n0" else 0
    with opened(d.path):  # it is known, so that tail begins behind it
        tail = Program(["tail", since, how, "-s0.1", d.path])
        try:
            if since == "-n0":
                # It stands at the end once it asks for the size.
                eventually(lambda: d.w.count("GetSessionLog") > 2, timeout=60)
            for _ in range(4):
                d.say(2)
                eventually(lambda: "".join(f"{line}\n" for line in tail.out)
                           == d.said(first), timeout=60)
            assert tail.err == []
        finally:
            tail.close()


@EACH
def test_less_follows_a_log(driver, row):
    if not shutil.which("less"):
        pytest.skip("no less")
    d = driver(row)
    shown = []
    pid, screen = pty.fork()
    if pid == 0:
        os.execvpe("less", ["less", "+F", d.path],
                   {**os.environ, "TERM": "vt100", "LESS": ""})

    def look():
        while select.select([screen], [], [], 0)[0]:
            shown.append(os.read(screen, 65536).decode(errors="replace"))
        return "".join(shown)
    try:
        eventually(lambda: "line 2" in look(), timeout=60)
        for _ in range(3):
            d.say()
            eventually(lambda: f"line {d.n - 1}" in look(), timeout=60)
    finally:
        os.kill(pid, 9)
        os.waitpid(pid, 0)
        os.close(screen)


@EACH
def test_a_shipper_gets_each_line_once(driver, row):
    """One that opens the file, reads on from where it was, and closes it; one
    that keeps it open; both while others read it from its beginning."""
    d = driver(row)
    shipped, kept = "", ""
    over = threading.Event()

    def disturb():
        while not over.is_set():
            with open(d.path) as f:
                f.read()
    reader = threading.Thread(target=disturb)
    reader.start()
    try:
        with opened(d.path) as fd:
            for _ in range(12):
                d.say(3)
                want = d.said()

                def all_shipped():
                    nonlocal shipped, kept
                    with opened(d.path) as again:
                        assert os.fstat(again).st_size >= len(shipped)
                        shipped += read_to_end(again, len(shipped))
                    kept += read_to_end(fd, len(kept))
                    return shipped == kept == want
                eventually(all_shipped, timeout=60, interval=0.1)
    finally:
        over.set()
        reader.join()


@EACH
def test_size_and_bytes_agree_for_all_readers(driver, row):
    d = driver(row)
    with opened(d.path) as early:
        assert agreed(early) == d.said()
        d.say(5)
        with opened(d.path) as late:
            eventually(lambda: agreed(early, late) == d.said(), timeout=60)
            eventually(lambda: agreed(late, early) == d.said(), timeout=60)
            d.say(30)
            with opened(d.path) as third:
                eventually(lambda: agreed(third, early, late) == d.said(),
                           timeout=60)
        d.say(30)
        eventually(lambda: agreed(early) == d.said(), timeout=60)
    assert d.w.mount.read(d.path) == d.said()
    assert os.stat(d.path).st_size == len(d.said())


@EACH
def test_lines_that_nobody_could_see_are_told(driver, row):
    d = driver(row)
    with opened(d.path) as fd:
        before = agreed(fd)
        first = d.n + 100 - KEPT
        d.say(100)
        want = before + MISSING + "\n" + d.said(first)
        eventually(lambda: agreed(fd) == want, timeout=60)
        d.say(1)
        want += d.said(d.n - 1)
        eventually(lambda: agreed(fd) == want, timeout=60)


@EACH
def test_a_server_that_has_lost_its_lines_has_not_lost_ours(driver, row):
    d = driver(row)
    with opened(d.path) as fd:
        before = agreed(fd)
        said, d.lines = d.lines, []
        d.say(0)
        asked = d.w.count("GetSessionLog")

        def asked_on():
            os.fstat(fd)
            return d.w.count("GetSessionLog") > asked + 2
        eventually(asked_on, timeout=60)
        assert agreed(fd) == before
        d.lines = said
        d.say()
        eventually(lambda: agreed(fd) == d.said(), timeout=60)


@EACH
def test_a_log_that_grows_is_a_file_event(driver, row):
    d = driver(row)
    with opened(d.path) as fd:
        until_listed(d.w)
        watcher = Watcher()
        try:
            watcher.add(d.path, CHANGED)
            asked = d.w.count("GetSessionLog")
            eventually(lambda: os.fstat(fd) and
                       d.w.count("GetSessionLog") > asked + 2, timeout=60)
            assert watcher.count(CHANGED) == 0  # nothing was said
            # Who waits for the event alone neither reads nor asks.
            for _ in range(3):
                before = watcher.count(CHANGED)
                d.say()
                eventually(lambda: watcher.count(CHANGED) > before,
                           timeout=60)
                assert agreed(fd) == d.said()
        finally:
            watcher.close()


@EACH
def test_poll_tells_of_a_log_that_has_grown(driver, row):
    d = driver(row)
    with opened(d.path) as fd:
        agreed(fd)
        poll = select.poll()
        poll.register(fd, select.POLLPRI)
        for _ in range(2):
            assert not poll.poll(0)
            d.say()
            assert poll.poll(60000) == [(fd, select.POLLPRI)]
            eventually(lambda: agreed(fd) == d.said(), timeout=60)


@EACH
def test_a_reader_is_not_kept_waiting_for_a_provider_that_hangs(driver, row):
    d = driver(row)
    with opened(d.path) as fd:
        before = agreed(fd)
        d.w.emu.fault(provider=row.type, action="GetSessionLog", times=-1,
                      hang=True)
        asked = d.w.count("GetSessionLog")
        eventually(lambda: os.fstat(fd) and
                   d.w.count("GetSessionLog") > asked, timeout=60)
        assert agreed(fd) == before
        d.w.emu.no_faults()
        d.say()
        eventually(lambda: agreed(fd) == d.said(), timeout=60)


@EACH
@pytest.mark.policy
def test_who_follows_no_more_costs_no_more_calls(driver, row):
    d = driver(row)
    with opened(d.path) as fd:
        agreed(fd)
        eventually(lambda: os.fstat(fd) and
                   d.w.count("GetSessionLog") > 4, timeout=60)
    until_listed(d.w)
    asked = d.w.count("GetSessionLog")
    until_listed(d.w, 5)
    os.stat(d.path)
    assert d.w.count("GetSessionLog") == asked


@EACH
def test_a_log_ends_with_its_session(driver, row):
    d = driver(row)
    with opened(d.path) as fd:
        agreed(fd)
        d.say(2)
        change(d.w, d.name, state="dead")
        eventually(lambda: d.w.state(d.name) == "dead", timeout=60)
        eventually(lambda: agreed(fd) == d.said(), timeout=60)
        d.w.emu.remove(d.w.room, d.name, row.type)
        eventually(lambda: d.name not in d.w.names(), timeout=60)
        assert read_to_end(fd) == d.said()


# ---- why it ended ----

FRAME = "\tat org.apache.spark.deploy.SparkSubmit.main(SparkSubmit.scala)"
CAUSE = ("Exception in thread \"main\" java.net.ConnectException: "
         "Connection refused")
KILLED = "Application application_1_0001 was killed by user root"


def end(w, name, state, log, short):
    """The record has the last lines alone."""
    raw = int(name) if w.row.type == "livy" else name
    w.emu.session(w.room, {"id": raw, "state": state, "log": short},
                  w.row.type, extra={"_log": log})


def reason(w, name):
    return w.mount.read(w.path(name, "reason"))


@EACH
def test_the_cause_is_asked_for_once(world, row):
    w = world(row)
    name = w.create()
    w.until_up(name)
    assert reason(w, name) == ""
    watcher = Watcher()
    try:
        watcher.add(w.path(name, "reason"), CHANGED)
        end(w, name, "dead", ["stdout: ", "\nstderr: ", CAUSE] + [FRAME] * 20,
            [FRAME] * 10)
        eventually(lambda: os.stat(w.path()) and
                   reason(w, name) == CAUSE + "\n", timeout=60)
        eventually(lambda: watcher.count(CHANGED), timeout=60)
    finally:
        watcher.close()
    asked = w.count("GetSessionLog")
    until_listed(w, 5)
    assert reason(w, name) == CAUSE + "\n"
    assert w.count("GetSessionLog") == asked
    # It is no word of the provider's.
    assert "sessionfs.cause" not in w.mount.read(w.path(name, "session.json"))
    assert FRAME.strip() not in w.mount.read(w.path(name, "config.json"))


@EACH
def test_a_cause_outlives_the_daemon(rig, world, row):
    w = world(row)
    name = w.create()
    w.until_up(name)
    end(w, name, "killed", ["stdout: ", "\nstderr: ", "\nYARN Diagnostics: ",
                            KILLED], [FRAME])
    eventually(lambda: os.stat(w.path()) and reason(w, name) == KILLED + "\n",
               timeout=60)
    w.mount.stop()
    asked = w.count("GetSessionLog")
    with open(w.mount.config) as f:
        config = f.read()
    again = World(row, w.emu, rig.mount(w.emu, env=KEYS, config=config,
                                        folder=w.mount.folder))
    until_listed(again, 4)
    assert reason(again, name) == KILLED + "\n"
    assert again.count("GetSessionLog") == asked


@EACH
def test_where_no_cause_stands_none_is_told(world, row):
    w = world(row)
    name = w.create()
    w.until_up(name)
    lines = [f"26/01/02 03:04:05 WARN Driver: {i}" for i in range(3)]
    asked = w.count("GetSessionLog")
    end(w, name, "dead", ["stdout: ", "\nstderr: "] + lines, lines)
    eventually(lambda: os.stat(w.path()) and
               w.count("GetSessionLog") > asked, timeout=60)
    until_listed(w)
    assert reason(w, name) == ""


@EACH
def test_a_cause_is_asked_for_until_there_is_an_answer(world, row):
    w = world(row)
    name = w.create()
    w.until_up(name)
    w.emu.fault(provider=row.type, action="GetSessionLog", times=-1,
                status=500)
    asked = w.count("GetSessionLog")
    end(w, name, "error", ["stdout: ", "\nstderr: ", CAUSE, FRAME], [FRAME])
    eventually(lambda: os.stat(w.path()) and
               w.count("GetSessionLog") > asked, timeout=60)
    until_listed(w)
    assert reason(w, name) == ""
