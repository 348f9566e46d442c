"""sessionfs status and sessionfs umount: what they tell of mounts that answer, are
dead or hang, and that they never hang themselves."""
import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time

import pytest

import harness
from harness import SLOW, eventually, run

BUSY, NO_MOUNT = 4, 5  # fs/base/exit_status.h


def sessionfs(*words, **how):
    return run([harness.SESSIONFS, *words], **how)


@pytest.fixture
def filled(emulator, mount):
    emu = emulator("--fill", "w-1=4", "--fill", "w-2=2")
    m = mount(emu)
    for name, count in ("w-1", 4), ("w-2", 2):
        eventually(lambda: len([f for f in os.listdir(m.ws(name))
                                if f.startswith("sc-")]) == count)
    m.emu = emu
    return m


def rows(text):
    """{first word: line}"""
    return {line.split()[0]: line for line in text.split("\n")[2:] if line}


def test_a_mount_is_shown_with_sections_and_workspaces(filled):
    shown = sessionfs("status", filled.path).ok()
    assert shown.startswith(f"{filled.path}: answers (process {filled.pid})\n")
    found = rows(shown)
    assert re.match(r"  alibaba +6 +\d+s +\d+ +0  complete", found["alibaba"])
    assert re.match(r"    w-1 +4 +\d+s +0  complete  \w+ \d", found["w-1"])
    assert re.match(r"    w-2 +2 ", found["w-2"])


def test_all_mounts_are_shown_without_an_operand(filled, mount):
    other = mount(filled.emu)
    shown = sessionfs("status").out
    assert f"{filled.path}: answers" in shown
    assert f"{other.path}: answers" in shown


def test_json_has_the_same(filled):
    (told,) = json.loads(sessionfs("status", "--json", filled.path).ok())[
        "mounts"]
    assert told["mountpoint"] == filled.path and told["state"] == "answers"
    assert told["daemon"]["pid"] == filled.pid
    (section,) = told["sections"]
    assert section["name"] == "alibaba" and section["status"]["sessions"] == 6
    assert [(w["name"], w["status"]["sessions"])
            for w in section["workspaces"]] == [("w-1", 4), ("w-2", 2)]


def test_it_is_no_use_of_a_workspace(emulator, mount):
    emu = emulator("--fill", "w-1=4")
    m = mount(emu, config={"sessionfs": {"refresh": "50ms"}})
    for _ in range(5):
        sessionfs("status", m.path).ok()
    assert emu.count("ListWorkspaces") == 0
    assert emu.count("ListSessionClusters") == 0
    assert "never" in rows(sessionfs("status", m.path).out)["alibaba"]


def test_what_fails_is_told(emulator, mount):
    emu = emulator("--fill", "w-1=4")
    m = mount(emu)
    emu.fault(action="ListSessionClusters", status=403, code="Forbidden.X",
              times=-1)
    run(["ls", m.ws("w-1")]).failed()
    shown = sessionfs("status", m.path).ok()
    assert re.search(r"w-1 .*\n    last_error: .*Forbidden.X", shown), shown


@pytest.mark.parametrize("words", [["status"], ["status", "--json"],
                                   ["umount"]])
def test_what_is_no_mount_is_refused(tmp_path, words):
    done = sessionfs(*words, tmp_path)
    assert done.status == NO_MOUNT and "no sessionfs is mounted" in done.err
    done = sessionfs(*words, "/proc")
    assert done.status == NO_MOUNT and "no sessionfs is mounted" in done.err


def test_a_dead_mount_is_told_of_and_detached(filled):
    filled.kill()
    done = sessionfs("status", filled.path)
    assert done.status == NO_MOUNT and ": dead, its daemon is gone" in done.out
    told = json.loads(sessionfs("status", "--json", filled.path).out)
    assert told["mounts"][0]["state"] == "dead"
    with open("/proc/self/mountinfo") as f:
        assert filled.path in f.read()
    sessionfs("umount", filled.path).ok()
    assert not filled.is_mounted()


def test_a_mount_that_hangs_costs_its_time_once(filled, mount):
    other = mount(filled.emu)
    for m in filled, other:
        os.kill(m.pid, signal.SIGSTOP)
    try:
        done = sessionfs("status", filled.path, other.path)
    finally:
        for m in filled, other:
            os.kill(m.pid, signal.SIGCONT)
    assert done.status == NO_MOUNT
    assert done.out.count(": does not answer\n") == 2
    assert done.seconds < 3.5 * SLOW


def test_a_daemon_that_hangs_is_not_waited_for(filled):
    os.kill(filled.pid, signal.SIGSTOP)
    try:
        done = run(["bash", "-c", f"{harness.SESSIONFS} status {filled.path}"
                    " | cat"])
        assert ": does not answer\n" in done.out
        assert done.seconds < 5 * SLOW
        done = sessionfs("umount", filled.path)
        assert done.status in (1, 4) and done.seconds < 9 * SLOW, done
        assert done.status == 4 or "did not answer, and was not" in done.err
    finally:
        os.kill(filled.pid, signal.SIGCONT)


class Terminal:
    """A program on a terminal of that size."""

    def __init__(self, argv, rows, columns):
        self.main, side = pty.openpty()
        fcntl.ioctl(side, termios.TIOCSWINSZ,
                    struct.pack("HHHH", rows, columns, 0, 0))
        self.before = termios.tcgetattr(side)
        self.side = side
        self.said = ""
        self.process = subprocess.Popen(argv, stdin=side, stdout=side,
                                        stderr=side, start_new_session=True)

    def read_until(self, question, seconds=10):
        end = time.monotonic() + seconds * SLOW
        while not question(self.said):
            left = end - time.monotonic()
            assert left > 0, self.said
            if select.select([self.main], [], [], left)[0]:
                self.said += os.read(self.main, 65536).decode()
        return self.said

    def type(self, text):
        os.write(self.main, text.encode())

    def wait(self):
        return self.process.wait(10 * SLOW)

    def settings(self):
        return termios.tcgetattr(self.side)


def frames(said):
    """What each redraw showed, line by line, without control sequences."""
    return [[re.sub(r"\x1b\[[?0-9;]*[A-Za-z]", "", line)
             for line in frame.split("\r\n")]
            for frame in said.split("\x1b[H")[1:]]


@pytest.mark.parametrize("key", ["q", "\x03"])
def test_watch_redraws_within_the_terminal(filled, key):
    t = Terminal([harness.SESSIONFS, "status", "--watch", "--interval=100ms",
                  filled.path], 5, 40)
    t.read_until(lambda said: said.count("\x1b[H") > 3)
    t.type(key)
    assert t.wait() == 0
    t.read_until(lambda said: "\x1b[?1049l" in said)
    assert t.settings() == t.before
    shown = frames(t.said)[1]
    assert len(shown) == 5 and all(len(line) <= 40 for line in shown), shown
    assert re.match(r"\d\d:\d\d:\d\d  mounts: 1  sessions: \w+ \d", shown[0])


def test_watch_ends_by_a_signal(filled):
    t = Terminal([harness.SESSIONFS, "status", "--watch", filled.path], 24, 80)
    t.read_until(lambda said: "w-2" in said)
    t.process.terminate()
    assert t.wait() == 0
    assert t.settings() == t.before


def test_watch_prints_again_without_a_terminal(filled):
    watch = subprocess.Popen(
        [harness.SESSIONFS, "status", "-w", "--interval", "100ms",
         filled.path], stdout=subprocess.PIPE, text=True)
    seen = 0
    for line in watch.stdout:
        assert "\x1b" not in line
        seen += line.startswith(filled.path)
        if seen == 3:
            break
    watch.terminate()
    watch.stdout.close()
    assert watch.wait(10 * SLOW) in (0, -signal.SIGPIPE)


@pytest.mark.parametrize("interval", ["x", "10ms", "", "2d"])
def test_a_wrong_interval_is_refused(interval):
    done = sessionfs("status", "--watch", "--interval", interval)
    assert done.status == 2 and "--interval must be" in done.err


# ---- umount ----

def test_umount_waits_for_the_end(filled):
    sessionfs("umount", filled.path).ok()
    assert filled.process.poll() == 0
    filled.ended = True
    assert not filled.is_mounted()


def test_umount_takes_several_and_goes_on(filled, mount, tmp_path):
    other = mount(filled.emu)
    done = sessionfs("umount", filled.path, tmp_path, other.path)
    assert done.status == NO_MOUNT and str(tmp_path) in done.err
    for m in filled, other:
        assert m.wait(5) == 0 and not m.is_mounted()


def test_umount_from_inside(filled):
    sessionfs("umount", "../..", cwd=filled.ws("w-1"), timeout=30).ok()
    assert filled.wait(5) == 0


def test_what_holds_a_busy_mount_is_named(filled):
    reader = subprocess.Popen(["sleep", "1000"], cwd=filled.ws("w-1"))
    held = open(filled.ws("w-2") + "/.status")
    try:
        done = sessionfs("umount", filled.path)
        assert done.status == BUSY and filled.is_mounted()
        assert f"process {reader.pid} (sleep) works in {filled.ws('w-1')}\n" \
            in done.err
        assert f"process {os.getpid()} (" in done.err
        assert "has " + filled.ws("w-2") + "/.status open" in done.err
        assert "--lazy" in done.err
        sessionfs("umount", "--lazy", filled.path).ok()
        assert not filled.is_mounted() and filled.alive()
    finally:
        reader.kill()
        reader.wait()
        held.close()
    assert filled.wait(10) == 0


def test_umount_without_a_mount_point():
    done = sessionfs("umount")
    assert done.status == 2 and "a mount point is missing" in done.err


def test_a_user_unmounts_what_is_his(emulator, mount, as_user):
    if not as_user.prefix:
        pytest.skip("needs root to be another user")
    m = mount(emulator("--fill", "w-1=1"), place=as_user)
    m.run([as_user.program(harness.SESSIONFS), "umount", m.path]).ok()
    assert m.process.poll() == 0
    m.ended = True


def test_what_fusermount_says_is_said_once(emulator, mount, as_user, tmp_path):
    """It is asked again while the mount is busy, and not where it cannot help."""
    if not as_user.prefix:
        pytest.skip("needs root to be another user")
    m = mount(emulator("--fill", "w-1=1"), place=as_user)
    tool = os.path.join(m.folder, "fusermount3")
    m.run(["sh", "-c", f"printf '#!/bin/sh\\necho cannot open /etc/mtab >&2\\n"
           f"exit 1\\n' > {tool}; chmod 755 {tool}"]).ok()
    done = m.run(["env", f"PATH={m.folder}:{os.environ['PATH']}",
                  as_user.program(harness.SESSIONFS), "umount", m.path])
    assert done.status == 1
    assert done.err == (f"sessionfs: {m.path} cannot be unmounted: cannot open "
                        "/etc/mtab\n")


# ---- progress ----

def test_a_first_listing_tells_how_far_it_is(emulator, mount):
    emu = emulator("--fill", "w-1=350")
    m = mount(emu, config={"sessionfs": {"deadline": "60s"}})
    emu.fault(action="ListSessionClusters", skip=2, times=-1, hang=True)
    reader = subprocess.Popen(["ls", m.ws("w-1")], stdout=subprocess.DEVNULL)
    eventually(lambda: "listing: page 2 of about 4, 200 so far\n" in
               m.read(m.ws("w-1"), ".status"))
    assert "page 2 of about 4, 200 so far" in rows(
        sessionfs("status", m.path).ok())["w-1"]
    emu.no_faults()
    reader.kill()
    reader.wait()
    eventually(lambda: "listing: complete\n" in
               m.read(m.ws("w-1"), ".status"), timeout=20)
    m.stop()
