"""sessionfs upgrade: another program takes over a mount that has a keeper."""
import os
import shutil
import signal
import subprocess
import sys

import pytest

import harness
from harness import eventually
from test_keeper import (reload_with_another_section, with_a_session,
                         worker_of)

OPTIONS = ["-o", "keeper"]


@pytest.fixture
def emu(rig):
    return with_a_session(rig.emulator())


def program_of(pid):
    return os.stat(f"/proc/{pid}/exe").st_ino


def another_program(rig):
    """The same program as another file, as a newer one would be."""
    path = os.path.join(rig.new_folder("newer"), "sessionfs")
    shutil.copy2(harness.SESSIONFS, path)
    return path


def upgrade(mount, program=harness.SESSIONFS):
    return mount.run([program, "upgrade", mount.path], timeout=60)


def goes_on(mount):
    """In the process that was started."""
    assert mount.read("alibaba", "w-1", "sc-1", "state") == "Running\n"
    assert int(mount.told("pid")) == mount.pid and mount.alive()


def flawed(rig, emu, flaw="", step=""):
    return rig.mount(emu, options=OPTIONS,
                     env={"SESSIONFS_FAILPOINT_FLAWS": flaw,
                          "SESSIONFS_FAILPOINT_KILL": step})


def test_another_program_takes_over(rig, emu):
    mount = rig.mount(emu, options=OPTIONS)
    worker, program = worker_of(mount), another_program(rig)
    assert "now served by sessionfs" in upgrade(mount, program).ok()
    goes_on(mount)
    assert worker_of(mount) != worker
    for pid in (mount.pid, worker_of(mount)):
        assert program_of(pid) == os.stat(program).st_ino
    mount.stop()


def test_it_can_be_done_again_and_its_file_may_go(rig, emu):
    mount = rig.mount(emu, options=OPTIONS)
    program = another_program(rig)
    upgrade(mount, program).ok()
    os.unlink(program)
    os.kill(worker_of(mount), signal.SIGKILL)
    goes_on(mount)
    upgrade(mount).ok()
    assert program_of(mount.pid) == os.stat(harness.SESSIONFS).st_ino


def test_what_is_open_and_under_way_goes_on(rig, emu):
    mount = rig.mount(emu, options=OPTIONS)
    state = os.path.join(mount.ws("w-1"), "sc-1", "state")
    fd = os.open(state, os.O_RDONLY)
    spec = b'{"name": "made", "kind": "NOTEBOOK"}'
    new = os.open(os.path.join(mount.ws("w-1"), "new"), os.O_RDWR)
    os.write(new, spec[:9])
    reader = subprocess.Popen(
        ["cat", os.path.join(mount.ws("w-1"), "sc-1", ".wait", "stopped")],
        stdout=subprocess.PIPE)
    eventually(lambda: "request_wait_answer" in open(
        f"/proc/{reader.pid}/wchan").read())
    upgrade(mount, another_program(rig)).ok()
    os.write(new, spec[9:])
    os.close(new)
    assert emu.dump("w-1")["created"] == 1
    assert os.pread(fd, 100, 0) == b"Running\n"
    os.close(fd)
    assert reader.poll() is None
    emu.session("w-1", {"sessionClusterId": "sc-1", "state": "Stopped"})
    assert reader.communicate(timeout=60)[0] == b"Stopped\n"


def test_relative_paths_are_those_of_the_beginning(rig, emu):
    folder = rig.new_folder("mount")
    mount = rig.mount(emu, folder=folder, starter=["env", "-C", folder],
                      argv=["-f", "-c", "sessionfs.conf", *OPTIONS, "mnt"])
    for _ in range(2):
        upgrade(mount).ok()
    goes_on(mount)
    assert os.readlink(f"/proc/{mount.pid}/cwd") == folder


# ---- refused ----

@pytest.mark.parametrize("flaw,step,why", [
    ("other_layout", "", "keeps what outlives a process in another way"),
    ("other_init", "", "is not what the one before it has"),
    ("", "trial.done", ""),
])
def test_a_program_that_cannot_is_refused(rig, emu, flaw, step, why):
    mount = flawed(rig, emu, flaw, step)
    worker, program = worker_of(mount), another_program(rig)
    done = upgrade(mount, program)
    assert done.status == 6
    assert why in done.err and "goes on with the program" in done.err
    assert worker_of(mount) == worker
    assert program_of(mount.pid) == os.stat(harness.SESSIONFS).st_ino
    goes_on(mount)


def test_one_that_cannot_serve_is_taken_back(rig, emu):
    """Each of its workers dies before it serves."""
    mount = flawed(rig, emu, step="successor.start")
    done = upgrade(mount, another_program(rig))
    assert done.status == 6 and "goes on with the program" in done.err
    goes_on(mount)
    assert program_of(mount.pid) == os.stat(harness.SESSIONFS).st_ino
    assert "the one before it is back" in mount.log()


def test_a_wrong_configuration_is_told_to_who_asks(rig, emu):
    mount = rig.mount(emu, options=OPTIONS)
    worker = worker_of(mount)
    with open(mount.config, "a") as f:
        f.write("[other]\ntype = nothing\n")
    done = upgrade(mount)
    assert done.status == 6 and "nothing" in done.err
    assert worker_of(mount) == worker


def test_without_a_keeper_it_says_what_helps(rig, emu):
    mount = rig.mount(emu)
    done = upgrade(mount)
    assert done.status == 6 and "-o keeper" in done.err
    goes_on(mount)


def test_where_nothing_is_mounted(rig, tmp_path):
    done = harness.run([harness.SESSIONFS, "upgrade", str(tmp_path)])
    assert done.status == 5 and "no sessionfs is mounted" in done.err


def test_another_user_may_not_ask(rig, emu, as_user):
    """Nobody else's program becomes ours."""
    if as_user.pid == "self":
        pytest.skip("there is no other user")
    mount = rig.mount(emu, options=OPTIONS)
    address = mount.told("keeper")
    ask = ("import array, socket, sys\n"
           "near, far = socket.socketpair()\n"
           "near.settimeout(5)\n"
           "s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)\n"
           "s.sendmsg([b'u'], [(socket.SOL_SOCKET, socket.SCM_RIGHTS,\n"
           "    array.array('i', [0, 2, far.fileno()]))], 0,\n"
           "    '\\0' + sys.argv[1])\n"
           "far.close()\n"
           "assert near.recv(1) == b''\n")
    harness.run([sys.executable, "-c", ask, address], prefix=as_user.prefix).ok()
    goes_on(mount)
    assert "take over" not in mount.log()


# ---- by a signal ----

def instead(program):
    """A starter that executes it in place of the program, without a terminal."""
    return ["setsid", "sh", "-c", 'shift; exec "$0" "$@"', program]


def test_a_hangup_takes_the_program_that_was_replaced(rig, emu):
    program = another_program(rig)
    mount = rig.mount(emu, options=OPTIONS, starter=instead(program))
    worker = worker_of(mount)
    newer = another_program(rig)
    os.rename(newer, program)
    os.kill(mount.pid, signal.SIGHUP)
    eventually(lambda: program_of(mount.pid) == os.stat(program).st_ino)
    goes_on(mount)
    assert worker_of(mount) != worker


def test_what_replaced_it_may_be_no_program(rig, emu):
    """Then the configuration is read again, as without it."""
    program = another_program(rig)
    mount = rig.mount(emu, options=OPTIONS, starter=instead(program))
    worker = worker_of(mount)
    os.unlink(program)
    with open(program, "w") as f:
        f.write("half a download")
    reload_with_another_section(mount)
    assert worker_of(mount) == worker
    assert "cannot be executed" in mount.log()
