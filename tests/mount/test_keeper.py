"""-o keeper: a mount outlives the process that serves it."""
import errno
import os
import select
import signal
import subprocess
import time

import pytest

import harness
import inotify
from harness import eventually


def worker_of(mount):
    return int(mount.told("worker"))


def kill_worker(mount, number=signal.SIGKILL):
    pid = worker_of(mount)
    fd = os.pidfd_open(pid)
    try:
        signal.pidfd_send_signal(fd, number)
    finally:
        os.close(fd)
    return pid


def stop_worker(mount):
    """SIGSTOP, and until all of it stands."""
    pid = worker_of(mount)
    os.kill(pid, signal.SIGSTOP)
    stats = [f"/proc/{pid}/task/{task}/stat"
             for task in os.listdir(f"/proc/{pid}/task")]
    eventually(lambda: all(open(stat).read().rpartition(") ")[2][0] == "T"
                           for stat in stats))
    return pid


def with_a_session(emulator):
    emulator.workspace("w-1")
    emulator.session("w-1", {"sessionClusterId": "sc-1", "name": "one",
                             "state": "Running"})
    return emulator


@pytest.fixture
def emu(rig):
    return with_a_session(rig.emulator())


@pytest.fixture
def kept(rig, emu):
    return rig.mount(emu, {"sessionfs": {"refresh": "200ms"}},
                     options=["-o", "keeper"])


def test_a_killed_worker_is_replaced(kept):
    assert kept.read("alibaba", "w-1", "sc-1", "state") == "Running\n"
    first = kill_worker(kept)
    assert kept.read("alibaba", "w-1", "sc-1", "state") == "Running\n"
    assert worker_of(kept) != first
    assert kept.alive()


def test_what_is_open_goes_on(kept):
    state = os.path.join(kept.ws("w-1"), "sc-1", "state")
    status = os.path.join(kept.path, "alibaba", ".status")
    fds = [os.open(path, os.O_RDONLY) for path in (state, status)]
    before = [os.pread(fd, 4096, 0) for fd in fds]
    for _ in range(3):
        kill_worker(kept)
        assert os.pread(fds[0], 4096, 0) == before[0] == b"Running\n"
        assert os.pread(fds[1], 4096, 0)
    for fd in fds:
        os.close(fd)


def test_who_reads_on_reads_the_bytes_of_the_beginning(kept):
    fd = os.open(os.path.join(kept.path, ".sessionfs", "metrics"), os.O_RDONLY)
    whole = os.pread(fd, 1 << 20, 0)
    kill_worker(kept)
    worker_of(kept)  # it counts from 0, and has changed
    assert os.pread(fd, 1 << 20, 100) == whole[100:]
    assert os.pread(fd, 1 << 20, 0) != whole
    os.close(fd)


def test_who_waits_gets_an_answer(kept, emu):
    path = os.path.join(kept.ws("w-1"), "sc-1", ".wait", "stopped")
    reader = subprocess.Popen(["cat", path], stdout=subprocess.PIPE)
    eventually(lambda: "request_wait_answer" in open(
        f"/proc/{reader.pid}/wchan").read())
    kill_worker(kept)
    worker_of(kept)
    assert reader.poll() is None
    emu.session("w-1", {"sessionClusterId": "sc-1", "state": "Stopped"})
    assert reader.communicate(timeout=20)[0] == b"Stopped\n"
    assert reader.returncode == 0


def test_a_watch_goes_on(kept, emu):
    state = os.path.join(kept.ws("w-1"), "sc-1", "state")
    watcher = inotify.Watcher()
    watcher.add(state, inotify.IN_CLOSE_WRITE)
    kill_worker(kept)
    assert kept.read("alibaba", "w-1", "sc-1", "state") == "Running\n"
    emu.session("w-1", {"sessionClusterId": "sc-1", "state": "Idle"})
    eventually(lambda: watcher.count(inotify.IN_CLOSE_WRITE, state))
    assert kept.read("alibaba", "w-1", "sc-1", "state") == "Idle\n"
    watcher.close()


def test_who_polls_is_woken(kept, emu):
    state = os.path.join(kept.ws("w-1"), "sc-1", "state")
    fd = os.open(state, os.O_RDONLY)
    os.pread(fd, 100, 0)
    poller = select.poll()
    poller.register(fd, select.POLLPRI)
    eventually(lambda: os.pread(fd, 100, 0) and not poller.poll(100))
    kill_worker(kept)
    assert kept.read("alibaba", "w-1", "sc-1", "state") == "Running\n"
    emu.session("w-1", {"sessionClusterId": "sc-1", "state": "Idle"})
    # A worker that takes over wakes all who poll, once, for what they find.
    assert poller.poll(20000)
    while os.pread(fd, 100, 0) != b"Idle\n":
        assert poller.poll(20000)
    os.close(fd)


def test_a_document_in_pieces_goes_on(kept, emu):
    spec = b'{"name": "made", "kind": "NOTEBOOK"}'
    fd = os.open(os.path.join(kept.ws("w-1"), "new"), os.O_RDWR)
    for start in range(0, len(spec), 9):
        assert os.write(fd, spec[start:start + 9]) == len(
            spec[start:start + 9])
        kill_worker(kept)
    os.close(fd)
    assert emu.dump("w-1")["created"] == 1


def test_what_failed_stays_failed(kept):
    fd = os.open(os.path.join(kept.ws("w-1"), "new"), os.O_WRONLY)
    for piece in (b"[", b"{}"):
        with pytest.raises(OSError) as raised:
            os.write(fd, piece)
        assert raised.value.errno == errno.EINVAL
        kill_worker(kept)
    with pytest.raises(OSError) as raised:
        os.close(fd)  # as without a kill
    assert raised.value.errno == errno.EINVAL


def ending(rig, emu, deadline, **env):
    """A mount in which an rmdir asks the provider for the end of a session."""
    return rig.mount(emu, {"sessionfs": {"create_deadline": deadline},
                           "alibaba": {"rmdir": "terminate",
                                       "list_lag": "500ms"}},
                     options=["-o", "keeper"], env=env)


def requests_of(mount):
    return os.listdir(os.path.join(mount.ws("w-1"), ".requests"))


@pytest.mark.parametrize("step", ["verb.send", "verb.answer"])
def test_a_resent_rmdir_sends_nothing_again(rig, emu, step):
    mount = ending(rig, emu, "2s", SESSIONFS_FAILPOINT_KILL=step)
    first = worker_of(mount)
    mount.run(["rmdir", os.path.join(mount.ws("w-1"), "sc-1")])
    assert worker_of(mount) != first
    assert len(requests_of(mount)) == 1


def test_a_worker_without_memory_sends_an_rmdir_again(rig, emu):
    """The control of the one above."""
    mount = ending(rig, emu, "1m", SESSIONFS_FAILPOINT_FLAWS="unremembered")
    first = worker_of(mount)
    emu.fault(action="StopSessionCluster", times=1, hang=True)
    remover = subprocess.Popen(
        ["rmdir", os.path.join(mount.ws("w-1"), "sc-1")])
    eventually(lambda: any(r["action"] == "StopSessionCluster"
                           for r in emu.requests()))
    os.kill(first, signal.SIGKILL)
    assert remover.wait(60) == 0
    assert len(requests_of(mount)) == 2


@pytest.mark.parametrize("flaw", ["", "regenerated"])
def test_a_directory_that_comes_again_is_another_one(rig, emu, flaw):
    """Who works in the one that was removed keeps its inode in the kernel, dead."""
    mount = rig.mount(emu, {"sessionfs": {"refresh": "100ms"}},
                      options=["-o", "keeper"],
                      env={"SESSIONFS_FAILPOINT_FLAWS": flaw})
    room = mount.ws("w-1")
    session = os.path.join(room, "sc-1")
    dead = os.open(session, os.O_RDONLY)
    watcher = inotify.Watcher()
    watcher.add(room, inotify.IN_DELETE)
    emu.remove("w-1", "sc-1")
    eventually(lambda: watcher.count(inotify.IN_DELETE, name="sc-1"), 40)
    kill_worker(mount)
    emu.session("w-1", {"sessionClusterId": "sc-1", "state": "Idle"})
    eventually(lambda: "sc-1" in os.listdir(room))
    assert os.path.exists(session + "/state") == (not flaw)
    os.close(dead)
    watcher.close()


# ---- the process ----


def test_a_signal_to_the_keeper_ends_both(kept):
    worker = worker_of(kept)
    kept.stop()
    assert not os.path.exists(f"/proc/{worker}")


def test_a_worker_that_stands_still_ends_with_its_keeper(kept):
    stop_worker(kept)
    kept.stop()


def test_a_worker_that_is_killed_in_its_end_leaves_no_mount(rig, emu):
    mount = rig.mount(emu, options=["-o", "keeper"],
                      env={"SESSIONFS_FAILPOINT_KILL": "end.begun"})
    worker_of(mount)
    assert mount.terminate() == 1
    assert not mount.is_mounted()


def workers_of(mount):
    """As the kernel has them: nobody asks the mount."""
    found = []
    with open(f"/proc/{mount.pid}/task/{mount.pid}/children") as f:
        for pid in f.read().split():
            try:
                with open(f"/proc/{pid}/comm") as comm:
                    name = comm.read()
            except OSError:
                continue  # it has ended
            if name == "sessionfs\n":  # the emitter has a name of its own
                found.append(int(pid))
    return found


def test_workers_that_answer_somebody_are_replaced_for_ever(kept):
    for _ in range(7):
        kill_worker(kept)
    assert worker_of(kept) and kept.alive()


def test_workers_that_answer_their_keeper_alone_are_of_no_use(rig, emu):
    """Else a request that kills each of them would do so for ever."""
    # What looks for leaks at a keeper's end is a process like a worker.
    asan = os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"
    kept = rig.mount(emu, options=["-o", "keeper"],
                     env={"ASAN_OPTIONS": asan})
    worker_of(kept)

    def are_given_up():
        for pid in workers_of(kept):
            os.kill(pid, signal.SIGKILL)
        return not kept.alive()

    eventually(are_given_up, 30, .1)
    assert kept.wait(10) == 1
    assert not kept.is_mounted()


def test_a_signal_to_the_group_ends_both(rig, emu):
    mount = rig.mount(emu, options=["-o", "keeper"], starter=["setsid"])
    worker = worker_of(mount)
    os.killpg(os.getpgid(worker), signal.SIGINT)
    assert mount.wait(10) == 0
    assert not os.path.exists(f"/proc/{worker}")
    assert not mount.is_mounted()


def test_umount_ends_both(kept):
    worker = worker_of(kept)
    kill_worker(kept)
    second = worker_of(kept)
    kept.run([harness.SESSIONFS, "umount", kept.path]).ok()
    assert kept.wait(10) == 0
    assert not os.path.exists(f"/proc/{worker}")
    assert not os.path.exists(f"/proc/{second}")


def test_a_keeper_that_is_killed_takes_the_mount_along(kept):
    worker = os.pidfd_open(worker_of(kept))
    os.kill(kept.pid, signal.SIGKILL)
    assert kept.wait_killed() == -9
    assert select.select([worker], [], [], 15)[0]
    os.close(worker)
    assert not kept.is_mounted()


def test_nobody_waits_for_a_mount_that_is_given_up(rig, emu):
    """What the workers read again after the first has made them all fail."""
    mount = rig.mount(emu, options=["-o", "keeper"])
    worker_of(mount)
    with open(mount.config, "w") as f:
        f.write("[sessionfs]\nno_such_key = 1\n")
    began = time.monotonic()
    kill_worker(mount)
    with pytest.raises(OSError) as raised:
        os.stat(os.path.join(mount.path, "alibaba", "w-1", "nothing"))
    assert raised.value.errno in (errno.ENOTCONN, errno.ECONNABORTED)
    assert mount.wait(10) == 1
    assert time.monotonic() - began < 10 * harness.SLOW
    assert not mount.is_mounted()
    assert "given up" in mount.log()


def test_a_worker_that_cannot_be_started_is_one_that_died(rig, emu, as_user):
    """At a limit of processes, which holds for all but root."""
    if as_user.pid == "self":
        pytest.skip("its limit would be that of these tests")
    # To look for leaks at its end, a sanitizer would start a process too.
    asan = os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"
    mount = rig.mount(emu, options=["-o", "keeper"], place=as_user,
                      env={"ASAN_OPTIONS": asan})
    with open(f"/proc/{mount.pid}/task/{mount.pid}/children") as f:
        worker = int(f.read().split()[0])
    harness.run(["prlimit", f"--pid={mount.pid}", "--nproc=1:1"],
                prefix=as_user.prefix).ok()
    os.kill(worker, signal.SIGKILL)
    assert mount.wait(10) == 1
    assert mount.log().count("no process could be started") == 4
    assert "given up" in mount.log()


def test_a_worker_that_hangs_is_replaced(rig, emu):
    mount = rig.mount(emu, options=["-o", "keeper"],
                      env={"SESSIONFS_FAILPOINT_FLAWS": "impatient"})
    eventually(lambda: "sc-1" in os.listdir(mount.ws("w-1")))
    stop_worker(mount)
    assert mount.read("alibaba", "w-1", "sc-1", "state") == "Running\n"
    assert "has answered nothing for" in mount.log()


def test_a_worker_that_is_slow_is_not_replaced(kept):
    first = stop_worker(kept)
    # sleeps: as long as a slow worker may be silent.
    time.sleep(2)
    os.kill(first, signal.SIGCONT)
    assert worker_of(kept) == first
    assert "takes over" not in kept.log()


def reload_with_another_section(mount):
    with open(mount.config) as f:
        text = f.read()
    with open(mount.config, "w") as f:
        f.write(text + "\n[other]\ntype = alibaba\n" +
                text.split("[alibaba]\n")[1])
    os.kill(mount.pid, signal.SIGHUP)
    eventually(lambda: "other" in os.listdir(mount.path))


def test_a_reload_reaches_the_worker(kept):
    reload_with_another_section(kept)
    kill_worker(kept)
    assert "other" in os.listdir(kept.path)


@pytest.mark.skipif(
    harness.SLOW > 1, reason="sanitizers have handlers of their own")
def test_a_crash_leaves_its_report(kept):
    kill_worker(kept, signal.SIGSEGV)
    assert kept.read("alibaba", "w-1", "sc-1", "state") == "Running\n"
    assert "SIGSEGV" in kept.read(".sessionfs", "crash")


# ---- what was stored and not told ----

WORDS = ("Busy", "Running", "Idle", "Running")
# A worker dies there the second time: changed on disk, and nobody was told.
STORED = "change.stored:2"


def dying(rig, emu, flaw):
    mount = rig.mount(emu, {"sessionfs": {"refresh": "100ms"}},
                      options=["-o", "keeper"],
                      env={"SESSIONFS_FAILPOINT_KILL": STORED,
                           "SESSIONFS_FAILPOINT_FLAWS": flaw})
    eventually(lambda: mount.read(
        "alibaba", "w-1", "sc-1", "state") == "Running\n")
    return mount, os.path.join(mount.ws("w-1"), "sc-1", "state")


@pytest.mark.parametrize("flaw", ["", "unpaid", "unheld"])
def test_what_a_dead_worker_has_not_told_is_told(rig, emu, flaw):
    mount, state = dying(rig, emu, flaw)
    watcher = inotify.Watcher()
    watcher.add(state, inotify.IN_CLOSE_WRITE)
    told = []
    for word in WORDS:
        watcher.clear()
        emu.session("w-1", {"sessionClusterId": "sc-1", "state": word})
        try:
            eventually(lambda: watcher.count(inotify.IN_CLOSE_WRITE, state),
                       2 if flaw else 20)
            told.append(word)
        except AssertionError:
            pass
        eventually(lambda: mount.read(
            "alibaba", "w-1", "sc-1", "state") == word + "\n")
    watcher.close()
    assert "takes over" in mount.log()
    assert (tuple(told) == WORDS) == (not flaw), told


def test_who_watches_a_table_or_a_view_hears_of_it_again(rig, emu):
    """Nobody looks at them after the worker has died."""
    mount = rig.mount(emu, {"sessionfs": {"refresh": "100ms"}},
                      options=["-o", "keeper"])
    room = mount.ws("w-1")
    mount.read("alibaba", "w-1", ".sessions.tsv")
    eventually(lambda: os.listdir(room + "/.by-state/Running") == ["sc-1"])
    watcher = inotify.Watcher()
    watcher.add(room + "/.by-state/Running", inotify.IN_DELETE)
    watcher.add(room + "/.sessions.tsv", inotify.IN_CLOSE_WRITE)
    kill_worker(mount)
    eventually(lambda: watcher.count(inotify.IN_CLOSE_WRITE))
    emu.session("w-1", {"sessionClusterId": "sc-1", "state": "Idle"})
    eventually(lambda: watcher.count(inotify.IN_DELETE, name="sc-1"))
    eventually(lambda: watcher.count(inotify.IN_CLOSE_WRITE) >= 2)
    watcher.close()


@pytest.mark.parametrize("flaw", ["", "unpolled"])
def test_who_polls_is_woken_by_what_a_dead_worker_has_stored(rig, emu, flaw):
    mount, state = dying(rig, emu, flaw)
    fd = os.open(state, os.O_RDONLY)
    poller = select.poll()
    poller.register(fd, select.POLLPRI)
    limit = (1 if flaw else 20) * harness.SLOW
    told = []
    for word in WORDS:
        os.pread(fd, 100, 0)
        began = time.monotonic()
        emu.session("w-1", {"sessionClusterId": "sc-1", "state": word})
        # At its own end poll(2) asks once more: that is not being woken.
        if (poller.poll(1000 * limit)
                and time.monotonic() - began < 0.9 * limit):
            told.append(word)
        eventually(lambda: mount.read(
            "alibaba", "w-1", "sc-1", "state") == word + "\n")
    os.close(fd)
    assert "takes over" in mount.log()
    assert (tuple(told) == WORDS) == (not flaw), told
