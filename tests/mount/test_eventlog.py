""".sessionfs/events: what became true, a line each, for tail and jq."""
import glob
import json
import os
import re
import stat
import subprocess
import threading
import time

import pytest

from harness import SLOW, eventually
from inotify import (IN_CREATE, IN_DELETE, IN_DELETE_SELF, IN_MODIFY,
                     IN_MOVED_FROM, IN_MOVED_TO, IN_MOVE_SELF, Watcher, words)

CONFIG = {"sessionfs": {"refresh": "100ms", "window": "60s"},
          "alibaba": {"calls_per_second": 100000, "burst": 100000,
                      "workspaces": "w-1"}}
LIMIT = 16 * 1024 * 1024
LIST = "ListSessionClusters"


class Log:
    """A mount whose log is read, and the emulator behind it."""

    def __init__(self, emu, m):
        self.emu, self.m = emu, m
        self.look()

    def look(self):
        """From here on the workspace is asked for."""
        eventually(lambda: len(os.listdir(self.m.ws("w-1"))) > 1)
        self.settle()

    def settle(self):
        """Until what was done so far is surely told."""
        before = self.emu.count(LIST)
        eventually(lambda: self.emu.count(LIST) >= before + 4)

    def path(self, name="events"):
        return os.path.join(self.m.path, ".sessionfs", name)

    def read(self, name="events"):
        with open(self.path(name), "rb") as f:
            return f.read()

    def lines(self, name="events"):
        text = self.read(name)
        assert not text or text.endswith(b"\n")
        return [json.loads(line) for line in text.splitlines()]

    def stat(self, name="events"):
        return os.stat(self.path(name))

    def states(self):
        return {s["sessionClusterId"]: s["state"]
                for s in self.emu.sessions("w-1")}

    def put(self, name, state):
        self.emu.session("w-1", {"sessionClusterId": name, "state": state})

    def file(self):
        """The newest generation in the state directory."""
        found = glob.glob(os.path.join(self.m.state_dir, "*", ".events.*"))
        return max(found, key=lambda path: int(path.rpartition(".")[2]))


@pytest.fixture
def log(emulator, mount):
    emu = emulator("--fill", "w-1=50")
    return Log(emu, mount(emu, config=CONFIG))


def by_what(lines):
    return {what: {line["id"]: line for line in lines
                   if line["what"] == what}
            for what in ("appeared", "vanished", "state", "changed")}


def test_a_first_listing_makes_no_lines(log):
    assert log.read() == b""
    assert log.stat().st_size == 0


def test_the_lines_are_what_happened(log):
    before = log.states()
    done = log.emu.churn(workspace="w-1", change=10, remove=8, add=12)
    after = log.states()
    # What was changed and then removed at once has only gone.
    changed = {n for n in done["changed"] if n in after}
    count = len(changed) + 8 + 12
    eventually(lambda: len(log.lines()) >= count)
    log.settle()
    lines = log.lines()
    assert len(lines) == count
    what = by_what(lines)
    assert set(what["appeared"]) == set(done["added"])
    assert set(what["vanished"]) == set(done["removed"])
    assert set(what["state"]) == changed
    for line in lines:
        assert line["provider"] == "alibaba"
        assert line["workspace"] == "w-1"
        assert line["id"].startswith("sc-")
    for name, line in what["appeared"].items():
        assert line["to"] == after[name] and "from" not in line
    for name, line in what["vanished"].items():
        assert line["from"] == before[name] and "to" not in line
    for name, line in what["state"].items():
        assert (line["from"], line["to"]) == (before[name], after[name])
        assert line["from"] != line["to"]
        assert "state" in line["files"] and "session.json" in line["files"]
    times = [line["time"] for line in lines]
    assert times == sorted(times)
    assert all(len(t) == len("2026-11-21T01:02:03.456Z") for t in times)


def test_a_change_of_other_files_names_them(log):
    name, state = sorted(log.states().items())[0]
    log.emu.session("w-1", {"sessionClusterId": name, "stateChangeReason":
                            {"code": "1", "message": "because"}})
    line = eventually(lambda: log.lines())[0]
    assert line["what"] == "changed" and line["id"] == name
    assert line["from"] == line["to"] == state
    assert set(line["files"]) == {"reason", "session.json"}


def test_a_session_that_goes_through_states_is_told_in_that_order(log):
    name = sorted(log.states())[0]
    log.put(name, "Running")
    log.settle()
    count = len(log.lines())
    words = ["Stopping", "Stopped", "Starting", "Running"]
    for n, word in enumerate(words, 1):
        log.put(name, word)
        eventually(lambda: len(log.lines()) == count + n)
    assert [line["to"] for line in log.lines()[count:]] == words
    assert [line["from"] for line in log.lines()[count:]] == \
        ["Running", *words[:-1]]


def test_a_create_is_told(log):
    spec = log.m.read(log.m.ws("w-1"), sorted(log.states())[0], "config.json")
    log.m.run(["sh", "-c", 'cat > "$0"', log.m.ws("w-1") + "/new"],
              stdin=spec).ok()
    made = log.emu.dump("w-1")["made"][-1]["id"]
    eventually(lambda: any(line["what"] == "appeared" and line["id"] == made
                           for line in log.lines()))


def test_nothing_is_told_when_nothing_changes(log):
    log.settle()
    assert log.read() == b""
    # The twin: the same wait with a change.
    log.emu.churn(workspace="w-1", change=1)
    log.settle()
    assert len(log.lines()) == 1


def test_the_file_is_as_long_as_it_says_and_is_read_from_anywhere(log):
    log.emu.churn(workspace="w-1", change=20)
    eventually(lambda: len(log.lines()) >= 20)
    log.settle()
    text = log.read()
    assert log.stat().st_size == len(text)
    fd = os.open(log.path(), os.O_RDONLY)
    try:
        for at in (0, 1, 100, 4095, 4096, len(text) - 1, len(text),
                   len(text) + 5000):
            for size in (1, 10, 4096, 1 << 20):
                assert os.pread(fd, size, at) == text[at:at + size]
    finally:
        os.close(fd)
    tools = log.m.run(f"cd {log.m.path}/.sessionfs; wc -c < events; "
                      "cat events | wc -l; tail -n 1 events").ok()
    size, count, last = tools.split("\n", 2)
    assert (int(size), int(count)) == (len(text), 20)
    assert last.encode() == text.splitlines(True)[-1]


def test_nobody_writes_but_the_daemon(log):
    attr = log.stat()
    assert stat.S_IMODE(attr.st_mode) == 0o644
    for how in ("echo x > events", "echo x >> events", "truncate -s 0 events",
                "rm -f events", "mv events old", "touch events"):
        log.m.run(f"cd {log.m.path}/.sessionfs && {how}").failed()
    assert log.stat().st_ino == attr.st_ino
    assert stat.S_IMODE(os.stat(log.file()).st_mode) == 0o600


def test_the_time_is_that_of_the_last_line(log):
    before = log.stat().st_mtime_ns
    log.emu.churn(workspace="w-1", change=1)
    eventually(log.lines)
    first = log.stat().st_mtime_ns
    assert before < first <= time.time_ns()
    assert log.stat().st_mtime_ns == first
    log.emu.churn(workspace="w-1", change=1)
    eventually(lambda: len(log.lines()) > 1)
    assert log.stat().st_mtime_ns > first


def test_jq_reads_all_of_it(log):
    log.emu.churn(workspace="w-1", change=20)
    eventually(lambda: len(log.lines()) >= 20)
    log.emu.churn(workspace="w-1", add=5, remove=5)
    eventually(lambda: len(log.lines()) >= 30)
    out = log.m.run(["jq", "-r", '[.what, .provider + "/" + .workspace + "/" '
                     '+ .id] | @tsv', log.path()]).ok()
    assert len(out.splitlines()) == len(log.lines())


class Tail:
    def __init__(self, path, *args):
        self.path = path
        self.process = subprocess.Popen(
            ["tail", *args, path], stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True)
        self.lines = []
        self.thread = threading.Thread(target=self._read)
        self.thread.start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.append(json.loads(line))

    def stands_at_the_end(self):
        """It has the file open, and has skipped or read what was there."""
        folder = f"/proc/{self.process.pid}"
        for fd in os.listdir(f"{folder}/fd"):
            if os.readlink(f"{folder}/fd/{fd}") == self.path:
                with open(f"{folder}/fdinfo/{fd}") as f:
                    at = int(re.search(r"pos:\s*(\d+)", f.read())[1])
                return at == os.stat(self.path).st_size
        return False

    def close(self):
        self.process.kill()
        self.process.wait(10)
        self.thread.join(10)
        self.process.stdout.close()


@pytest.mark.parametrize("how", [("-n", "+1", "-F"), ("-n", "+1", "-f")],
                         ids=["F", "f"])
def test_tail_sees_what_is_appended(log, how):
    tail = Tail(log.path(), *how)
    try:
        for turn in range(1, 4):
            log.emu.churn(workspace="w-1", change=5)
            eventually(lambda: len(tail.lines) == 5 * turn)
        assert tail.lines == log.lines()
    finally:
        tail.close()


def test_the_log_goes_on_after_a_restart(log, mount):
    log.emu.churn(workspace="w-1", change=5)
    eventually(lambda: len(log.lines()) == 5)
    text, attr = log.read(), log.stat()
    log.m.stop()
    log.emu.churn(workspace="w-1", change=3)
    log.m = mount(log.emu, config=CONFIG, folder=log.m.folder)
    assert log.read() == text
    assert log.stat().st_ino == attr.st_ino
    log.look()
    # Of what happened meanwhile the difference is told.
    eventually(lambda: len(log.lines()) > 5)
    assert log.read().startswith(text)
    count = len(log.lines())
    assert count <= 8
    log.emu.churn(workspace="w-1", change=4)
    eventually(lambda: len(log.lines()) == count + 4)


def test_a_line_that_a_crash_has_torn_is_gone(log, mount):
    log.emu.churn(workspace="w-1", change=5)
    eventually(lambda: len(log.lines()) == 5)
    text = log.read()
    log.m.kill()
    log.m.detach()
    with open(log.file(), "ab") as f:
        f.write(b'{"time":"2026-')
    log.m = mount(log.emu, config=CONFIG, folder=log.m.folder)
    assert log.read() == text
    log.look()
    log.emu.churn(workspace="w-1", change=1)
    eventually(lambda: len(log.lines()) == 6)


def fill_up(log, mount):
    """Stops, and starts with a log that is nearly full."""
    log.m.stop()
    path = log.file()
    with open(path, "ab") as f:
        line = b'{"what":"filler","pad":"' + b"x" * 4000 + b'"}\n'
        left = LIMIT - 1000 - f.tell()
        f.write(line * (left // len(line)))
    log.m = mount(log.emu, config=CONFIG, folder=log.m.folder)
    log.look()


def test_a_full_log_becomes_events_1(log, mount):
    assert os.listdir(log.m.path + "/.sessionfs").count("events.1") == 0
    with pytest.raises(FileNotFoundError):
        log.stat("events.1")
    fill_up(log, mount)
    before, text = log.stat(), log.read()
    tail = Tail(log.path(), "-n", "0", "-F")
    held = os.open(log.path(), os.O_RDONLY)
    try:
        eventually(tail.stands_at_the_end)
        log.emu.churn(workspace="w-1", change=40)
        eventually(lambda: log.stat().st_ino != before.st_ino)
        eventually(lambda: len(tail.lines) == 40, 20)
        old = log.stat("events.1")
        assert old.st_ino == before.st_ino
        assert sorted(os.listdir(log.m.path + "/.sessionfs")).count(
            "events.1") == 1
        whole = log.read("events.1")
        assert whole.startswith(text)
        assert LIMIT - 5000 < len(whole) <= LIMIT
        # Who had it open reads it to its end.
        assert os.pread(held, 1 << 20, len(text)) == whole[len(text):]
        assert os.fstat(held).st_ino == before.st_ino
        told = [json.loads(line) for line in
                whole[len(text):].splitlines()] + log.lines()
        assert told == tail.lines
    finally:
        os.close(held)
        tail.close()
    assert log.m.metric("sessionfs_event_lines_dropped_total") == 0


class Follower:
    """Follows a log as libraries do that go by inotify alone (nxadm/tail, and
    what is made of it): a file that has moved or gone is read to its end, and
    opened anew."""

    def __init__(self, path):
        self.path, self.text, self.fd = path, "", None
        self.watcher = Watcher(self.on_event)
        self.open()

    def open(self):
        self.fd = os.open(self.path, os.O_RDONLY)
        self.watcher.add(self.path, IN_MODIFY | IN_MOVE_SELF | IN_DELETE_SELF)
        self.drain()

    def drain(self):
        while part := os.read(self.fd, 1 << 20):
            self.text += part.decode()

    def on_event(self, event):
        self.drain()
        if event.mask & (IN_MOVE_SELF | IN_DELETE_SELF):
            os.close(self.fd)
            self.open()

    def count(self):
        return sum('"filler"' not in line for line in self.text.splitlines())

    def close(self):
        self.watcher.close()
        os.close(self.fd)


def test_who_follows_by_events_misses_no_line_at_a_turn(log, mount):
    for turn in range(3):
        fill_up(log, mount)
        names, oldest = Watcher(), Watcher()
        names.add(os.path.dirname(log.path()),
                  IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO)
        if turn:
            oldest.add(log.path("events.1"), IN_DELETE_SELF)
        follower = Follower(log.path())
        seen = follower.count()
        try:
            for _ in range(5):
                log.emu.churn(workspace="w-1", change=10)
                seen += 10
                eventually(lambda: follower.count() == seen)
            eventually(lambda: [(words(e.mask), e.name)
                                for e in names.events] == [
                ("MOVED_FROM", "events"), ("MOVED_TO", "events.1"),
                ("CREATE", "events")])
            eventually(lambda: oldest.count(IN_DELETE_SELF) == bool(turn))
            assert log.stat().st_ino != log.stat("events.1").st_ino
        finally:
            for each in (names, oldest, follower):
                each.close()
    assert log.m.metric("sessionfs_events_failed_total") == 0


def test_a_listing_shows_the_inodes_that_stat_shows(log, mount):
    fill_up(log, mount)
    folder = log.m.path + "/.sessionfs"
    assert {e.name: e.inode() for e in os.scandir(folder)}["events"] == \
        log.stat().st_ino
    log.emu.churn(workspace="w-1", change=40)
    eventually(lambda: os.path.exists(folder + "/events.1"))

    def agree():
        found = {e.name: e.inode() for e in os.scandir(folder)}
        return (found["events"], found["events.1"]) == (
            log.stat().st_ino, log.stat("events.1").st_ino)
    eventually(agree)


def test_a_workspace_that_comes_is_told(emulator, mount):
    emu = emulator("--fill", "w-1=3")
    m = mount(emu, config={"sessionfs": CONFIG["sessionfs"], "alibaba": {
        "calls_per_second": 100000, "burst": 100000}})
    os.listdir(os.path.join(m.path, "alibaba"))
    log = Log(emu, m)
    emu.session("w-9", {"sessionClusterId": "sc-1", "state": "Running"})

    def told():
        os.listdir(os.path.join(m.path, "alibaba"))
        return [line for line in log.lines() if line["workspace"] == "w-9"]
    assert [(line["what"], "id" in line) for line in eventually(told)] == \
        [("appeared", False)]
