"""The process that makes events has rights that nobody else gets, and may die,
hang, or lose its daemon, without harm to anybody."""
import errno
import json
import os
import signal
import time

import pytest

from harness import SLOW, as_nobody, eventually, run
from inotify import IN_CLOSE_WRITE, IN_CREATE, IN_DELETE, IN_MODIFY
from watching import (CHANGED, LIST, Missing, emitter, emitters, is_over,
                      standing, stuck, tasks, twin)

# How long the daemon may bear with an emitter that does nothing.
PATIENCE_S = 10

# Tries all that the emitter may do, on what is there, comes and goes.  Prints a
# line for each success, and at the end how often each errno came.
THIEF = r"""
import collections, errno, os, stat, sys, time
end, ws, names = time.monotonic() + float(sys.argv[1]), sys.argv[2], sys.argv[3:]
seen = collections.Counter()

def attempt(what, call, *args, **more):
    try:
        got = call(*args, **more)
    except OSError as e:
        seen[what + " " + errno.errorcode[e.errno]] += 1
    else:
        print("succeeded:", what, args, flush=True)
        if what.startswith("open"):
            os.close(got)

while True:
    for name in names:
        folder = os.path.join(ws, name)
        files = [os.path.join(folder, f) for f in ("state", "session.json")]
        for path in (*files, folder):
            attempt("utime", os.utime, path)
            attempt("utime-ns", os.utime, path, ns=(1, 1))
            attempt("chmod", os.chmod, path, 0o777)
            attempt("unlink", os.unlink, path)
        for path in files:
            attempt("open-w", os.open, path, os.O_WRONLY)
            attempt("open-rw", os.open, path, os.O_RDWR)
            attempt("open-trunc", os.open, path, os.O_WRONLY | os.O_TRUNC)
            attempt("truncate", os.truncate, path, 0)
            attempt("mknod", os.mknod, path)
        attempt("open-creat", os.open, folder, os.O_WRONLY | os.O_CREAT)
        attempt("mkdir", os.mkdir, folder)
        attempt("mkdir-inside", os.mkdir, folder + "/more")
        attempt("symlink", os.symlink, "x", folder)
        attempt("symlink-inside", os.symlink, "x", folder + "/more")
        attempt("link", os.link, files[0], folder + "/more")
        attempt("rename", os.rename, folder, folder + "-2")
        attempt("rmdir", os.rmdir, folder)
    attempt("utime", os.utime, ws)
    attempt("mkdir", os.mkdir, ws + "/sc-mine")
    attempt("rmdir", os.rmdir, ws)
    if time.monotonic() > end:
        break
for key, n in sorted(seen.items()):
    print("refused:", key, n)
print("done")
"""
REFUSALS = {"EPERM", "EACCES", "ENOENT", "EEXIST", "ENOTEMPTY", "EISDIR",
            "EBUSY", "EXDEV", "ESTALE"}


@pytest.mark.parametrize("who", ["root", "another user"])
def test_nobody_else_gets_through_the_door(world, who):
    prefix = () if who == "root" else as_nobody()
    seconds = 2 if SLOW == 1 else 4
    world.start("w-1=20", refresh="100ms", allow_other=True)
    names = world.names()[:3] + ["sc-come-1", "sc-come-2"]
    watcher = world.watcher()
    watcher.add(world.ws(), IN_CREATE | IN_DELETE)
    for name in names[:3]:
        watcher.add(world.state_path(name), CHANGED)
    thief = world.program(
        ["/usr/bin/python3", "-c", THIEF, str(seconds), "alibaba/w-1", *names],
        prefix=prefix, cwd=world.m.path)
    number = 0
    while not thief.has("done"):
        assert thief.process.poll() is None or thief.has("done"), thief.err
        number += 1
        for name in names[:3]:
            world.set_state(name, f"State{number:03d}")
        for name in names[3:]:
            if number % 2:
                world.emu.session("w-1", {"sessionClusterId": name,
                                          "state": "Running"})
            else:
                world.emu.remove("w-1", name)
            before = watcher.count(IN_CREATE | IN_DELETE, name=name)
            eventually(lambda: watcher.count(
                IN_CREATE | IN_DELETE, name=name) > before or
                thief.has("done"))
    assert watcher.count(IN_CREATE) and watcher.count(IN_CLOSE_WRITE)
    assert not thief.has("succeeded"), thief.out
    refused = {line.split()[1]: set() for line in thief.out
               if line.startswith("refused")}
    for line in thief.out:
        if line.startswith("refused"):
            refused[line.split()[1]].add(line.split()[2])
    assert all(found <= REFUSALS for found in refused.values()), refused
    for what in ("utime", "utime-ns", "open-w", "open-rw", "unlink",
                 "truncate", "mkdir", "rmdir", "chmod", "symlink", "mknod"):
        assert refused.get(what), what
    world.settle()
    assert "sc-mine" not in os.listdir(world.ws())
    for name in names[:3]:
        assert world.shows(name, f"State{number:03d}")


def test_root_is_refused_with_eperm(world):
    world.start("w-1=5", refresh="100ms")
    name = world.names()[0]
    state, folder = world.state_path(name), os.path.dirname(
        world.state_path(name))
    for call in (lambda: os.utime(state), lambda: os.utime(state, ns=(1, 1)),
                 lambda: os.utime(folder), lambda: os.open(state, os.O_WRONLY),
                 lambda: os.unlink(state), lambda: os.mkdir(folder + "/x"),
                 lambda: os.mkdir(folder + "x"),
                 lambda: os.symlink("x", folder + "/x"),
                 lambda: os.mknod(folder + "/x")):
        with pytest.raises(OSError) as caught:
            call()
        assert caught.value.errno == errno.EPERM
    with pytest.raises(OSError) as caught:
        os.rmdir(folder)
    assert caught.value.errno in (errno.EPERM, errno.ENOTEMPTY)


def one_event_each(world, watcher, name, words):
    for word in words:
        watcher.clear()
        world.set_state(name, word)
        eventually(lambda: watcher.count(IN_CLOSE_WRITE), 2 * PATIENCE_S)
        world.settle(2)
        assert (watcher.count(IN_MODIFY), watcher.count(IN_CLOSE_WRITE)) \
            == (1, 1), watcher.events


def test_the_emitter_holds_no_device_and_no_directory_of_the_mount(world):
    """A daemon's own device in there would keep both alive for ever."""
    if os.geteuid() != 0:
        pytest.skip("only root may look at what it holds")
    world.start("w-1=5", refresh="100ms")
    name = world.names()[0]
    watcher = world.watcher()
    watcher.add(world.state_path(name), CHANGED)
    world.set_state(name, "StateA")
    eventually(lambda: watcher.count(IN_CLOSE_WRITE))
    pid = emitter(world.m)
    held = [os.readlink(f"/proc/{pid}/fd/{fd}")
            for fd in os.listdir(f"/proc/{pid}/fd")]
    held.append(os.readlink(f"/proc/{pid}/cwd"))
    assert [h for h in held if h.startswith("socket:")]
    assert not [h for h in held if h == "/dev/fuse" or
                h.startswith(world.m.path)], held
    world.m.stop()
    eventually(lambda: is_over(pid))


def test_an_emitter_that_is_killed_is_replaced(world):
    world.start("w-1=200", refresh="100ms")
    names = world.names()
    watcher = world.watcher()
    watcher.add(world.ws(), IN_CREATE | IN_DELETE)
    for name in names:
        watcher.add(world.state_path(name), CHANGED)
    seen = set()
    for round in range(3):
        pid = emitter(world.m)
        assert pid not in seen
        seen.add(pid)
        watcher.clear()
        world.emu.churn(workspace="w-1", change=100)
        if round % 2:  # in the middle of it
            eventually(watcher.total, interval=0.001)
        os.kill(pid, signal.SIGKILL)
        eventually(lambda: emitters(world.m) not in ([], [pid]))
        eventually(lambda: is_over(pid))
        eventually(lambda: len(watcher.by(IN_CLOSE_WRITE)) >= 100)
    world.settle()
    one_event_each(world, watcher, names[5], ["StateA", "StateB"])
    assert len(emitters(world.m)) == 1
    assert not stuck(world.m.pid, *emitters(world.m), os.getpid())
    world.m.stop()


def test_without_its_emitter_a_change_is_missed_by_the_control(rig):
    """What the tests above look for can be absent."""
    from watching import World
    world = World(rig, False)
    try:
        world.start("w-1=5", refresh="100ms")
        name = world.names()[0]
        assert emitters(world.m) == []
        watcher = world.watcher()
        watcher.add(world.state_path(name), CHANGED)
        world.set_state(name, "StateA")
        with pytest.raises(Missing):
            world.come(watcher.total, lambda: world.shows(name, "StateA"))
    finally:
        world.close()


def test_an_emitter_that_stands_still_holds_nobody_up(world):
    world.start("w-1=50", refresh="100ms")
    names = world.names()
    watcher = world.watcher()
    for name in names:
        watcher.add(world.state_path(name), CHANGED)
    first = emitter(world.m)
    os.kill(first, signal.SIGSTOP)
    world.emu.churn(workspace="w-1", change=50, add=3)
    states = world.states()
    for name in (names[0], names[-1]):
        eventually(lambda: world.shows(name, states[name]))
    listed = run(["ls", "-l", world.ws()], timeout=5).ok()
    assert len(listed.splitlines()) > 53
    eventually(lambda: emitters(world.m) not in ([], [first]), 2 * PATIENCE_S)
    eventually(lambda: is_over(first))
    eventually(lambda: len(watcher.by(IN_CLOSE_WRITE)) == 50)  # they waited
    world.settle()
    one_event_each(world, watcher, names[5], ["StateA", "StateB"])
    assert not stuck(world.m.pid, *emitters(world.m), os.getpid())


def test_an_emitter_that_stands_still_does_not_keep_the_daemon(world):
    world.start("w-1=50", refresh="100ms")
    watcher = world.watcher()
    for name in world.names():
        watcher.add(world.state_path(name), CHANGED)
    pid = emitter(world.m)
    os.kill(pid, signal.SIGSTOP)
    world.emu.churn(workspace="w-1", change=50)
    world.settle()
    began = time.monotonic()
    world.m.stop()
    assert time.monotonic() - began < 5 * SLOW
    eventually(lambda: is_over(pid))


def test_a_name_in_a_directory_where_somebody_is_parked_holds_nothing_up(world):
    world.start("w-1=3", "w-2=3", refresh="1s", workspaces="w-1, w-2")
    name = world.names("w-2")[0]
    world.set_state(name, "StateA", "w-2")
    eventually(lambda: world.shows(name, "StateA", "w-2"), 30)
    world.emu.fault(action=LIST, hang=True, times=-1)
    ws = world.ws("w-1")

    def parked_so_far():
        return world.m.metric("sessionfs_parked_total")

    parked = parked_so_far()
    reader = world.program(["ls", ws])
    eventually(lambda: parked_so_far() > parked)
    # Makes .last, whose name the kernel is told of.
    run(["sh", "-c", 'echo "$0" > new', json.dumps({
        "name": "probe", "kind": "SQL", "queueName": "root_queue"})],
        cwd=ws).ok()
    # Longer than the daemon waits for the directory; the reader gives up at 10 s.
    end = time.monotonic() + 3
    while time.monotonic() < end:
        eventually(lambda: "D" not in {t.state for t in tasks() if
                                       t.pid == world.m.pid and
                                       t.comm == "notify"}, 1)
        time.sleep(0.1)  # sleeps: longer than the daemon waits, as said above
    pids = emitters(world.m)
    assert reader.process.poll() is None
    world.m.kill()
    eventually(lambda: all(is_over(p) for p in
                           (world.m.pid, reader.pid, *pids)), 20)


def waits_for_answer(pid):
    """Whether the kernel has it wait for a daemon."""
    with open(f"/proc/{pid}/wchan") as f:
        return "request_wait_answer" in f.read()


def test_a_daemon_killed_while_the_emitter_waits_for_it_ends(world):
    """The kernel is to forget a name in the directory that the emitter has the
    lock of."""
    world.start("w-1=3", refresh="100ms")
    watcher = world.watcher()
    watcher.add(world.ws(), IN_CREATE | IN_DELETE)
    pid = emitter(world.m)

    def come(name):
        world.emu.session("w-1", {"sessionClusterId": name,
                                  "state": "Running"})
        world.settle()
    for name in ("sc-come-1", "sc-come-2"):
        assert not os.path.exists(os.path.join(world.ws(), name))
    os.kill(pid, signal.SIGSTOP)
    come("sc-come-1")
    os.stat(world.ws())  # which the emitter need not ask for then
    # libfuse's, which have our name from their first request on.
    with standing(world.m, "fuse", "sessionfs"):
        os.kill(pid, signal.SIGCONT)
        eventually(lambda: waits_for_answer(pid))
        come("sc-come-2")
        world.m.process.kill()
    world.m.ended = True
    eventually(lambda: world.m.process.poll() is not None)
    eventually(lambda: is_over(pid))


def is_quiet(world):
    """Whether all is told that a churn has left to tell, of whichever session."""
    before = world.m.metric("sessionfs_events_total")
    world.settle(1)
    return world.m.metric("sessionfs_events_total") == before


@twin
def test_a_daemon_killed_in_the_middle_leaves_nobody_stuck(world):
    many = 500 if SLOW == 1 else 200
    world.start(f"w-1={many}", refresh="100ms")
    names = world.names()
    readers = []
    watcher = world.watcher()
    for _ in range(2):
        for name in names:
            watcher.add(world.state_path(name), CHANGED)
        watcher.add(world.ws(), IN_CREATE | IN_DELETE)
        readers.append(world.program(
            ["inotifywait", "-m", "-q", "-e", "close_write",
             *(world.state_path(n) for n in names[:20])]))
        world.settle(1)
        watcher.clear()
        pids = emitters(world.m)
        assert len(pids) == world.events
        world.emu.churn(workspace="w-1", change=many, add=20)
        world.come(watcher.total, lambda: world.shows(
            names[0], world.states()[names[0]]))
        world.m.kill()
        assert not stuck(*pids, *(r.pid for r in readers), os.getpid())
        for pid in pids:
            eventually(lambda: is_over(pid), 10)
        with pytest.raises(OSError) as caught:
            os.statvfs(world.m.path)
        assert caught.value.errno == errno.ENOTCONN
        assert all(r.process.poll() is None for r in readers)
        world.again()
        names = world.names()
        # The new ones come with the first listing of the new daemon.
        eventually(lambda: all(os.path.exists(world.state_path(n))
                               for n in names), 30)
    one_event_again = world.watcher()
    one_event_again.add(world.state_path(names[0]), CHANGED)
    eventually(lambda: is_quiet(world), 60)
    one_event_each(world, one_event_again, names[0], ["StateA", "StateB"])
