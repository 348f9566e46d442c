"""A thread that hangs never holds up the end of the process."""
import os
import signal
import subprocess

import pytest

from harness import SLOW, eventually, run

BOUND_S = 10 + 5
SPEC = '{"name": "n", "kind": "SQL"}'


def look(m):
    return ["ls", m.ws("w-1")]


def create(m):
    return ["sh", "-c", 'printf "%s" "$1" > "$0"/new', m.ws("w-1"), SPEC]


def read(m):
    return ["sh", "-c", 'cat "$0"/sc-*/session.json', m.ws("w-1")]


def end_by_signal(m):
    m.process.terminate()


def end_by_unmount(m):
    """Who waits in the mount would keep it: all are sent away."""
    if not m.place.root():
        pytest.skip("only root unmounts by force")
    run(["umount", "-f", "-l", m.path]).ok()


CASES = {"listing": (look, "listings of alibaba: 1"),
         "order": (create, "orders of alibaba: 1"),
         "content": (read, "")}


@pytest.mark.parametrize("end", [end_by_signal, end_by_unmount])
@pytest.mark.parametrize("where", CASES)
def test_a_thread_that_hangs(emulator, mount, where, end):
    emu = emulator("--fill", "w-1=3")
    use, left = CASES[where]
    # Threads of libfuse that ended are not joined then.
    m = mount(emu, env={
        "SESSIONFS_FAILPOINT_HANG": where, "TSAN_OPTIONS":
        os.environ.get("TSAN_OPTIONS", "") + " report_thread_leaks=0"})
    if where != "listing":
        eventually(lambda: "sc-" in run(look(m)).out)
    user = subprocess.Popen(use(m), stdout=subprocess.DEVNULL,
                            stderr=subprocess.DEVNULL)
    try:
        eventually(lambda: f"hanging at {where}" in m.log())
        assert user.poll() is None
        end(m)
        assert m.wait(BOUND_S * SLOW) == 1
    finally:
        user.kill()
        user.wait(30)
    assert not m.is_mounted()
    assert "without waiting for what does not end" in m.log()
    assert left in m.log()
    again = mount(emu, folder=m.folder)
    assert run(look(again)).ok().count("sc-") == 3
    assert run(create(again)).status == 0


def test_a_reload_that_hangs(emulator, mount):
    """Also when nobody sends a signal."""
    emu = emulator("--fill", "w-1=3")
    m = mount(emu, env={
        "SESSIONFS_FAILPOINT_HANG": "reload", "TSAN_OPTIONS":
        os.environ.get("TSAN_OPTIONS", "") + " report_thread_leaks=0"})
    with open(m.config, "a") as f:
        f.write("read_only = true\n")
    m.process.send_signal(signal.SIGHUP)
    eventually(lambda: "hanging at reload" in m.log())
    run(["umount", m.path] if m.place.root() else
        ["fusermount3", "-u", m.path]).ok()
    assert m.wait(BOUND_S * SLOW) == 1
    assert "without waiting for what does not end" in m.log()
    assert len(os.listdir(mount(emu, folder=m.folder).ws("w-1"))) > 3


def test_a_start_waits_until_one_that_hangs_has_ended(emulator, mount):
    """Its mount is gone, and it may take its time to be."""
    emu = emulator("--fill", "w-1=3")
    m = mount(emu, env={
        "SESSIONFS_FAILPOINT_HANG": "listing", "TSAN_OPTIONS":
        os.environ.get("TSAN_OPTIONS", "") + " report_thread_leaks=0"})
    with subprocess.Popen(look(m), stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL):
        eventually(lambda: "hanging at listing" in m.log())
        end_by_signal(m)
        eventually(lambda: not m.is_mounted())
        again = mount(emu, folder=m.folder, wait=False)
        again.wait_mounted(BOUND_S + 5)
    assert m.wait(1) == 1
    assert f"waiting for process {m.pid} to end" in again.log()
    assert run(look(again)).ok().count("sc-") == 3
