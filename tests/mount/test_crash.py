"""What is left of a daemon that a fault ends, and what the next one says of it.

The faults are failpoints: in a thread of libfuse (the metrics are read) and in a
worker (a workspace is listed).  Builds with sanitizers are left out: there their
own handlers report, and ours is not built."""
import glob
import os
import re
import signal
import subprocess

import pytest

import harness
from harness import eventually, run

pytestmark = pytest.mark.skipif(
    harness.SLOW > 1, reason="sanitizers have handlers of their own")

SIGNALS = {"null": signal.SIGSEGV, "malloc": signal.SIGSEGV,
           "stack": signal.SIGSEGV, "abort": signal.SIGTRAP}


def reports(m):
    return sorted(glob.glob(m.state_dir + "/mnt-*/.crash*"))


def crash(emulator, mount, where, how, touch):
    """The dead mount, and the text of its report."""
    m = mount(emulator("--fill", "w-1=2"), env={
        "SESSIONFS_FAILPOINT_CRASH": f"{where}:{how}",
        "MALLOC_ARENA_MAX": "1"})
    try:
        process = subprocess.Popen(touch(m), stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        status = m.wait(20)
    finally:
        run(["umount", "-l", m.path])
        process.kill()
        process.wait(10)
    assert status == -SIGNALS[how], m.log()
    (path,) = reports(m)
    assert os.stat(path).st_mode & 0o777 == 0o600
    with open(path) as f:
        return m, f.read()


def read_metrics(m):
    return ["cat", m.path + "/.sessionfs/metrics"]


def list_sessions(m):
    return ["ls", m.ws("w-1")]


def again(emulator, mount, m):
    return mount(emulator("--fill", "w-1=2"), folder=m.folder)


@pytest.mark.parametrize("how", sorted(SIGNALS))
@pytest.mark.parametrize("where,touch,thread", [
    ("metrics", read_metrics, "fuse"), ("listing", list_sessions, "list")])
def test_a_fault_leaves_a_report(emulator, mount, where, touch, thread, how):
    m, text = crash(emulator, mount, where, how, touch)
    assert f"signal: {int(SIGNALS[how])} {SIGNALS[how].name}\n" in text
    assert re.search(rf"^thread: {thread}", text, re.M), text
    for part in ("\nprocess: ", "\nat: ", "\nlast operations", "\nlast calls",
                 "\nmodules: ", "\nframes: "):
        assert part in text, text
    assert harness.KEY_SECRET not in text and len(text) < 20000


def test_frames_can_be_found_in_the_source(emulator, mount):
    m, text = crash(emulator, mount, "metrics", "null", read_metrics)
    places = re.findall(r"^0x[0-9a-f]+ sessionfs\+(0x[0-9a-f]+)$",
                        text.partition("\nframes: ")[2], re.M)
    assert len(places) > 3, text
    named = run(["addr2line", "-i", "-f", "-e", harness.SESSIONFS, *places])
    assert "failpoint_crash" in named.out and "cache_metrics" in named.out, \
        (named, text)
    wanted = run(["readelf", "-n", harness.SESSIONFS]).out
    found = re.search(r"Build ID: ([0-9a-f]+)", wanted)
    if found:
        assert re.search(rf"^0x[0-9a-f]+ {found[1]} sessionfs$", text, re.M)


def test_the_operation_at_hand_and_the_last_ones_are_told(emulator, mount):
    m, text = crash(emulator, mount, "metrics", "null", read_metrics)
    assert re.search(r"^operation: \w+ of node \d+ for process \d+$", text, re.M)
    assert re.search(r"^\d+ \w+ node \d+ [^\n]*error 0$", text, re.M), text


def test_a_signal_from_outside_is_a_fault_too(emulator, mount):
    m = mount(emulator("--fill", "w-1=2"))
    os.kill(m.pid, signal.SIGSEGV)
    assert m.wait(20) == -signal.SIGSEGV
    run(["umount", "-l", m.path])
    (path,) = reports(m)
    with open(path) as f:
        assert f"\nsender: {os.getpid()}\n" in f.read()


def test_the_next_start_says_where(emulator, mount):
    m, text = crash(emulator, mount, "metrics", "null", read_metrics)
    m = again(emulator, mount, m)
    kept, running = sorted(reports(m), key=len, reverse=True)
    assert re.search(r"/\.crash-\d{8}T\d{6}\.\d{9}Z$", kept)
    assert os.path.getsize(running) == 0
    assert f"its report is {kept}\n" in m.log()
    assert m.read(".sessionfs", "crash") == f"file: {kept}\n{text}"
    assert "ended by a fault" in m.read(".sessionfs", "log")
    m.stop()
    assert reports(m) == [kept]
    # What was said once is over.
    m = again(emulator, mount, m)
    assert m.read(".sessionfs", "crash") == ""


def test_an_end_in_order_and_a_kill_leave_none(emulator, mount):
    m = mount(emulator("--fill", "w-1=2"))
    assert m.read(".sessionfs", "crash") == ""
    m.stop()
    assert reports(m) == []
    m = again(emulator, mount, m)
    m.kill()
    m = again(emulator, mount, m)
    assert m.read(".sessionfs", "crash") == ""
    assert "ended by a fault" not in m.log()


def test_five_are_kept(emulator, mount):
    m = mount(emulator("--fill", "w-1=2"))
    m.stop()
    (folder,) = glob.glob(m.state_dir + "/mnt-*")
    for day in range(1, 8):
        with open(f"{folder}/.crash-2026010{day}T000000Z", "w") as f:
            f.write("x")
    with open(folder + "/.crash", "w") as f:
        f.write("y")
    m = again(emulator, mount, m)
    names = sorted(map(os.path.basename, reports(m)))
    assert names[0] == ".crash" and len(names) == 6, names
    assert names[1] == ".crash-20260104T000000Z", names


def test_two_within_a_second_are_both_kept(emulator, mount):
    m = mount(emulator("--fill", "w-1=2"))
    m.stop()
    (folder,) = glob.glob(m.state_dir + "/mnt-*")
    for i in range(2):
        with open(folder + "/.crash", "w") as f:
            f.write(f"report {i}")
        os.utime(folder + "/.crash", ns=(0, 10 ** 18 + i))
        m = again(emulator, mount, m)
        m.stop()
    kept = [p for p in reports(m) if not p.endswith("/.crash")]
    assert [open(path).read() for path in kept] == ["report 0", "report 1"]


def read_too(path):
    """Somebody could read it."""
    os.mkfifo(path)
    return os.open(path, os.O_RDONLY | os.O_NONBLOCK)


@pytest.mark.parametrize("put", [os.mkdir, os.mkfifo, read_too])
def test_what_cannot_be_written_is_no_reason_not_to_serve(
        emulator, mount, put):
    m = mount(emulator("--fill", "w-1=2"))
    m.stop()
    (folder,) = glob.glob(m.state_dir + "/mnt-*")
    held = put(folder + "/.crash")
    m = again(emulator, mount, m)
    assert "a crash would leave no report" in m.log()
    eventually(lambda: os.listdir(m.path + "/alibaba"))
    if held is not None:
        os.close(held)
