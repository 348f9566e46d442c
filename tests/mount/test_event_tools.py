"""Programs that watch files, as they are, and from wherever they look."""
import collections
import ctypes
import os
import shutil
import subprocess

import pytest

from harness import SLOW, as_nobody, eventually, mounted, run
from watching import CHANGED, twin
from inotify import IN_CLOSE_WRITE

MANY = 1000 if SLOW == 1 else 200


def need(program):
    if not shutil.which(program):
        pytest.skip(f"there is no {program}")


@pytest.fixture
def small(world):
    world.start("w-1=5", refresh="200ms")
    world.name = world.names()[0]
    world.state = world.state_path(world.name)
    world.set_state(world.name, "Running")
    eventually(lambda: world.shows(world.name, "Running"))
    return world


def change(world, word="Error"):
    world.set_state(world.name, word)
    return lambda: world.shows(world.name, word)


def sees_a_change(world, program, text, word="Error"):
    applied = change(world, word)
    world.come(lambda: program.has(text), applied)


# ---- inotifywait ----

@twin
def test_inotifywait_m_prints_each_change_once(small):
    program = small.program(["inotifywait", "-m", "-e", "modify,close_write",
                             "--format", "%e", small.state])
    program.said("Watches established")
    for number, word in enumerate(("Error", "Running", "Stopped"), 1):
        applied = change(small, word)
        small.come(lambda: len(program.out) >= 2 * number, applied)
    small.settle()
    assert program.out == ["MODIFY", "CLOSE_WRITE,CLOSE"] * 3


@twin
def test_inotifywait_waits_for_one_close_write(small):
    program = small.program(["inotifywait", "-e", "close_write", small.state])
    program.said("Watches established")
    applied = change(small)
    small.come(lambda: program.process.poll() == 0, applied)
    assert small.m.read(small.state) == "Error\n"


@twin
def test_a_loop_of_inotifywait_reads_each_new_state(small):
    program = small.program(["bash", "-c", f"""
        inotifywait -m -e close_write {small.state} |
        while read -r _; do echo "now $(cat {small.state})"; done"""])
    program.said("Watches established")
    for word in ("Error", "Running", "Stopped"):
        sees_a_change(small, program, f"now {word}", word)


@twin
def test_inotifywait_m_r_sees_a_burst_of_comers_and_goers(world):
    world.start("w-1=5", refresh="300ms")
    os.listdir(world.ws())
    world.settle()
    program = world.program(["inotifywait", "-m", "-r", "-e", "create,delete",
                             "--format", "%e %w%f", world.ws()])
    program.said("Watches established")

    def seen(kind):
        return collections.Counter(
            path for event, _, path in
            (line.partition(" ") for line in list(program.out))
            if event == kind + ",ISDIR" and
            os.path.dirname(path) == world.ws())  # not in its views

    added = world.emu.churn(workspace="w-1", add=MANY)["added"]
    world.come(lambda: len(seen("CREATE")) >= MANY,
               lambda: len(os.listdir(world.ws())) > 5 + MANY)
    gone = world.emu.churn(workspace="w-1", remove=MANY)["removed"]
    eventually(lambda: len(seen("DELETE")) >= MANY, 60)
    world.settle()
    for kind, names in (("CREATE", added), ("DELETE", gone)):
        assert len(names) == MANY
        assert seen(kind) == {os.path.join(world.ws(), n): 1 for n in names}


# ---- others ----

@twin
def test_entr_runs_what_it_was_told(small):
    need("entr")
    program = small.program(
        ["entr", "-n", "-p", "sh", "-c", f"echo ran $(cat {small.state})"],
        stdin=small.state + "\n")
    eventually(lambda: watched(program.pid))
    for word in ("Error", "Stopped"):
        # It misses what comes while its program runs.
        small.settle()
        sees_a_change(small, program, f"ran {word}", word)


def watched(pid):
    """Whether a process has an inotify watch."""
    for fd in os.listdir(f"/proc/{pid}/fdinfo"):
        with open(f"/proc/{pid}/fdinfo/{fd}") as f:
            if "inotify wd:" in f.read():
                return True
    return False


NODE = """
const fs = require('fs');
fs.%s, () => console.log('now ' + fs.readFileSync('%s', 'utf8')));
console.log('watching');
"""


@twin
def test_node_watches_a_file(small):
    need("node")
    program = small.program(["node", "-e", NODE % (
        f"watch('{small.state}'", small.state)])
    program.said("watching")
    for word in ("Error", "Stopped"):
        sees_a_change(small, program, f"now {word}", word)


@twin
def test_node_watches_a_directory(small):
    need("node")
    program = small.program(["node", "-e", NODE % (
        f"watch('{os.path.dirname(small.state)}'", small.state)])
    program.said("watching")
    for word in ("Error", "Stopped"):
        sees_a_change(small, program, f"now {word}", word)


def test_node_polls_a_file(small):
    """watchFile asks for the time again and again: that it moves is enough."""
    need("node")
    program = small.program(["node", "-e", NODE % (
        f"watchFile('{small.state}', {{interval: 100}}", small.state)])
    program.said("watching")
    for word in ("Error", "Stopped"):
        change(small, word)
        program.said(f"now {word}")


@twin
def test_a_path_unit_of_systemd_starts_its_service(small, tmp_path):
    need("systemd-run")
    asked = run(["systemctl", "--user", "is-system-running"])
    if asked.out.strip() not in ("running", "degraded"):
        pytest.skip("no systemd of this user runs: " +
                    (asked.out.strip() or asked.err.strip()))
    unit, mark = f"sessionfs-test-{os.getpid()}", tmp_path / "mark"
    run(["systemd-run", "--user", f"--unit={unit}",
         f"--path-property=PathModified={small.state}",
         "touch", str(mark)]).ok()
    try:
        applied = change(small)
        small.come(mark.exists, applied)
    finally:
        run(["systemctl", "--user", "stop", unit + ".path", unit])


FAN_REPORT_DFID_NAME, FAN_NONBLOCK = 0xc00, 0x2
FAN_MARK_ADD, FAN_MARK_MOUNT = 0x1, 0x10
FAN_MODIFY, FAN_EVENT_ON_CHILD = 0x2, 0x08000000


def fanotify(path, how=0):
    """A descriptor that tells of changes below that directory."""
    libc = ctypes.CDLL(None, use_errno=True)
    fd = libc.fanotify_init(FAN_REPORT_DFID_NAME | FAN_NONBLOCK, os.O_RDONLY)
    if fd < 0:
        pytest.skip("no fanotify: " + os.strerror(ctypes.get_errno()))
    mask = FAN_MODIFY | (0 if how else FAN_EVENT_ON_CHILD)
    if libc.fanotify_mark(fd, FAN_MARK_ADD | how, ctypes.c_uint64(mask),
                          -100, path.encode()):
        error = ctypes.get_errno()
        os.close(fd)
        raise OSError(error, os.strerror(error))
    return fd


def test_a_mark_of_fanotify_is_a_watch(small):
    """Nobody else looks, long after the window."""
    small.m.stop()
    small.config["sessionfs"].update(window="1s")
    small.again()
    os.listdir(small.ws())
    try:
        fd = fanotify(os.path.join(small.ws(), small.name))
    except OSError as e:
        pytest.skip(f"no such mark on this kernel: {e}")
    told = b""
    try:
        small.settle(20)
        small.set_state(small.name, "StateA")

        def read():
            nonlocal told
            told += os.read(fd, 4096)
            return b"state\0" in told
        eventually(read, 20)
    finally:
        os.close(fd)


# ---- from elsewhere ----

def inotifywait(world, path, **how):
    program = world.program(["inotifywait", "-m", "-e", "close_write",
                             "--format", "%e %f", path], **how)
    program.said("Watches established")
    return program


@twin
def test_as_an_ordinary_user(world, as_user):
    world.start("w-1=5", refresh="200ms", place=as_user)
    name = world.names()[0]
    program = inotifywait(world, world.state_path(name), prefix=as_user.prefix)
    above = world.program(["inotifywait", "-m", "-e", "create,delete",
                           "--format", "%e %f", world.ws()],
                          prefix=as_user.prefix)
    above.said("Watches established")
    for number, word in enumerate(("StateA", "StateB"), 1):
        world.set_state(name, word)
        world.come(lambda: len(program.out) >= number,
                   lambda: world.shows(name, word))
    world.emu.session("w-1", {"sessionClusterId": "sc-x", "state": "Running"})
    eventually(lambda: above.has("CREATE,ISDIR sc-x"), 40)
    world.emu.remove("w-1", "sc-x")
    eventually(lambda: above.has("DELETE,ISDIR sc-x"), 40)
    assert len(program.out) == 2


@twin
def test_through_a_bind_mount(small, tmp_path):
    if os.geteuid() != 0:
        pytest.skip("only root can make a bind mount")
    other = tmp_path / "bound"
    other.mkdir()
    run(["mount", "--bind", small.ws(), str(other)]).ok()
    try:
        program = inotifywait(small, str(other / small.name / "state"))
        for word in ("Error", "Stopped"):
            before = len(program.out)
            applied = change(small, word)
            small.come(lambda: len(program.out) > before, applied)
            assert (other / small.name / "state").read_text() == word + "\n"
        program.close()
    finally:
        run(["umount", str(other)]).ok()


@twin
def test_from_another_mount_namespace(small):
    if run(["unshare", "-m", "true"]).status:
        pytest.skip("no mount namespace can be made")
    program = inotifywait(small, small.state, prefix=(
        "unshare", "-m", "--propagation", "private"))
    for word in ("Error", "Stopped"):
        before = len(program.out)
        applied = change(small, word)
        small.come(lambda: len(program.out) > before, applied)
    assert mounted(small.m.path, program.pid)


@twin
def test_as_somebody_else_where_that_is_allowed(world):
    prefix = as_nobody()
    world.start("w-1=5", refresh="200ms", allow_other=True)
    name = world.names()[0]
    other = dict(cwd=world.m.path, prefix=prefix)
    program = inotifywait(world, f"alibaba/w-1/{name}/state", **other)
    above = world.program(["inotifywait", "-m", "-e", "create",
                           "--format", "%e %f", "alibaba/w-1"], **other)
    above.said("Watches established")
    secret = world.program(
        ["inotifywait", "-m", f"alibaba/w-1/{name}/config.json"], **other)
    eventually(lambda: secret.has("Permission denied"))
    for number, word in enumerate(("StateA", "StateB"), 1):
        world.set_state(name, word)
        world.come(lambda: len(program.out) >= number,
                   lambda: world.shows(name, word))
    world.emu.session("w-1", {"sessionClusterId": "sc-x", "state": "Running"})
    eventually(lambda: above.has("CREATE,ISDIR sc-x"), 40)


@twin
def test_two_watchers_of_one_file_are_both_told(small):
    mine = small.watcher()
    mine.add(small.state, CHANGED)
    program = inotifywait(small, small.state)
    applied = change(small)
    small.come(lambda: mine.count(IN_CLOSE_WRITE) and len(program.out) == 1,
               applied)


def test_what_the_tests_start_ends_with_them(small):
    program = small.program(["sleep", "1000"])
    program.close()
    assert program.process.returncode is not None
    assert subprocess.run(["kill", "-0", str(program.pid)],
                          stderr=subprocess.DEVNULL).returncode
