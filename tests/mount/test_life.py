"""Beginnings and ends: mounting, unmounting, signals, restarts, users."""
import errno
import os
import re
import shutil
import signal
import subprocess
import time

import pytest

import harness
from harness import SLOW, as_nobody, eventually, mounted, remount, run
from watching import CHANGED

SPEC = '{"name": "n", "kind": "SQL", "queueName": "root_queue"}'


def test_sigterm_ends_cleanly_whatever_is_in_flight(emulator, mount):
    emu = emulator("--fill", "w-1=300")
    m = mount(emu)
    os.listdir(m.ws("w-1"))
    emu.fault(action="*", times=-1, hang=True)
    parked = m.metric("sessionfs_parked_total")
    waiting = [subprocess.Popen(["bash", "-c", c], stderr=subprocess.DEVNULL)
               for c in (f"echo '{SPEC}' > {m.ws('w-1')}/new",
                         f"ls {m.path}/alibaba/w-none",
                         f"cat {m.ws('w-1')}/sc-none/state",
                         f"cd {m.ws('w-1')}; exec sleep 5")]
    eventually(lambda: emu.count("CreateSessionCluster") and
               m.metric("sessionfs_parked_total") > parked and
               os.readlink(f"/proc/{waiting[3].pid}/cwd") == m.ws("w-1"))
    m.stop()
    for process in waiting[:3]:
        assert process.wait(5 * SLOW) != 0
    waiting[3].kill()
    waiting[3].wait()


def test_a_write_that_was_sent_is_not_repeated_at_the_end(emulator, mount):
    emu = emulator("--workspace", "w-1")
    m = mount(emu)
    os.listdir(m.ws("w-1"))
    emu.fault(action="CreateSessionCluster", hang=True, after=True)
    # Python writes again after an EINTR.
    writer = subprocess.Popen(
        ["/usr/bin/python3", "-c", "import os, sys\n"
         "fd = os.open(sys.argv[1], os.O_WRONLY)\n"
         "try:\n    os.write(fd, sys.argv[2].encode())\n"
         "except OSError as e:\n    os._exit(e.errno)\n",
         m.ws("w-1") + "/new", SPEC])
    eventually(lambda: emu.count("CreateSessionCluster"))
    m.stop()
    assert writer.wait(5 * SLOW) == errno.ETIMEDOUT


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGQUIT])
def test_other_signals_end_it_too(emulator, mount, sign):
    m = mount(emulator("--workspace", "w-1"))
    m.process.send_signal(sign)
    assert m.wait(5 * SLOW) == 0
    assert not m.is_mounted()


def test_a_terminal_that_goes_ends_it(emulator, mount):
    """Elsewhere SIGHUP reads the configuration again: test_reload.py."""
    m = mount(emulator("--workspace", "w-1"), starter=[
        "/usr/bin/python3", "-c", """if True:
            import os, pty, signal, sys
            log = os.dup(2)
            child, terminal = pty.fork()
            if not child:
                os.dup2(log, 2)
                os.execvp(sys.argv[1], sys.argv[1:])
            signal.signal(signal.SIGTERM, lambda *_: os.close(terminal))
            sys.exit(os.waitpid(child, 0)[1])"""])
    m.process.send_signal(signal.SIGTERM)
    assert m.wait(5 * SLOW) == 0
    assert "ending on signal 1" in m.log()
    assert not m.is_mounted()


def test_unmounting_ends_the_daemon(emulator, mount):
    m = mount(emulator("--fill", "w-1=100"))
    os.listdir(m.ws("w-1"))
    began = time.monotonic()
    run(["fusermount3", "-u", m.path]).ok()
    assert m.wait(5 * SLOW) == 0
    assert time.monotonic() - began < 5 * SLOW


def test_unmounting_while_in_use_says_busy_and_service_goes_on(
        emulator, mount):
    m = mount(emulator("--fill", "w-1=10"))
    name = sorted(n for n in os.listdir(m.ws("w-1")) if n[:2] == "sc")[0]
    with open(f"{m.ws('w-1')}/{name}/state") as held:
        assert run(["fusermount3", "-u", m.path]).status != 0
        assert held.read()
        assert m.read(m.ws("w-1"), name, "phase")
    run(["fusermount3", "-u", m.path]).ok()
    assert m.wait(5 * SLOW) == 0


def test_a_dead_mount_is_replaced(emulator, mount):
    emu = emulator("--fill", "w-1=10")
    m = mount(emu)
    before = os.listdir(m.ws("w-1"))
    m.kill()
    with pytest.raises(OSError):
        os.listdir(m.path)
    again = mount(emu, folder=m.folder)
    assert os.listdir(again.ws("w-1")) == before
    again.stop()
    assert os.listdir(m.path) == []  # nothing lies below


def test_a_dead_mount_whose_root_is_remembered_is_replaced(emulator, mount):
    emu = emulator("--workspace", "w-1")
    m = mount(emu)
    for _ in range(3):
        os.stat(m.path)
        m.kill()
        m = mount(emu, folder=m.folder)
    m.stop()


def test_a_dead_mount_behind_a_link_is_replaced(emulator, mount):
    emu = emulator("--fill", "w-1=10")
    m = mount(emu)
    link = os.path.join(m.folder, "link")
    os.symlink("mnt", link)
    m.kill()
    again = mount(emu, folder=m.folder, argv=["-f", "-c", m.config, link])
    assert len(os.listdir(again.ws("w-1"))) > 10


def test_a_dead_mount_of_somebody_else_is_left_alone(rig, tmp_path):
    one = os.path.join(harness.BUILD, "tests", "bench", "onefile")
    if not os.path.exists(one):
        run(["ninja", "-C", harness.BUILD, "tests/bench/onefile"],
            timeout=60).ok()
    point = str(tmp_path / "other")
    os.mkdir(point)
    other = subprocess.Popen([one, point])
    try:
        eventually(lambda: mounted(point))
        other.kill()
        other.wait()
        done = run([harness.SESSIONFS, "--demo", point])
        assert done.status == 1 and "not connected" in done.err
        assert mounted(point)
    finally:
        run(["umount", "-l", point])


def test_a_second_daemon_for_one_mount_names_the_first(emulator, mount):
    emu = emulator("--workspace", "w-1")
    m = mount(emu)
    second = run([harness.SESSIONFS, "-f", "-c", m.config, m.path],
                 env=m._environment(None))
    assert second.status == 4
    assert f"process {m.pid}" in second.err
    assert m.read(m.ws("w-1"), ".status")


def test_the_background_daemon_returns_when_it_answers(background):
    done = background()
    assert done.status == 0 and done.err == "", done
    assert mounted(background.point)
    assert os.listdir(background.point + "/alibaba/w-1")
    run(["fusermount3", "-u", background.point]).ok()
    eventually(lambda: not mounted(background.point))


@pytest.mark.parametrize("options", [(), ("-o", "keeper")])
def test_all_its_processes_leave_the_terminal(background, options):
    """Else a ^C in a script that mounts would reach some of them."""
    background(*options).ok()

    def processes():
        return run(["pgrep", "-f", f"sessionfs .*{background.point}"]).out
    eventually(lambda: len(processes().split()) > len(options) // 2 + 1)
    for pid in processes().split():
        try:
            assert os.getsid(int(pid)) != os.getsid(0)
        except ProcessLookupError:
            pass  # a child that has ended
    # One of them may just be asking the mount whether it answers.
    eventually(lambda: not run(
        ["fusermount3", "-u", background.point]).status)
    eventually(lambda: not processes())


def test_a_mount_follows_an_unmount_at_once(background):
    for _ in range(12):
        done = background()
        assert done.status == 0, done
        os.listdir(background.point + "/alibaba/w-1")
        run(["umount", background.point]).ok()


def test_a_daemon_that_does_not_end_is_told_of(emulator, mount):
    m = mount(emulator("--fill", "w-1=2"))
    with open(m.ws("w-1") + "/.status") as held:
        run(["umount", "-l", m.path]).ok()
        second = run([harness.SESSIONFS, "-f", "-c", m.config, m.path],
                     env=m._environment(None))
        assert second.status == 4 and second.seconds > 4
        assert f"process {m.pid}" in second.err and "hold" in second.err
        held.close()
    assert m.wait(5 * SLOW) == 0


def test_events_that_a_mount_takes_no_more_are_told_of(world):
    world.start("w-1=3", refresh="200ms")
    if os.geteuid():
        pytest.skip("needs root to mount again")
    name = world.names()[0]
    watcher = world.watcher()
    watcher.add(world.state_path(name), CHANGED)
    remount(world.m.path, "ro")
    for state in ("Error", "Stopped"):  # it may be in one of these
        world.set_state(name, state)
        eventually(lambda: world.shows(name, state))
    eventually(lambda: "could not be made" in world.m.log())


def test_a_relative_state_directory_stays_where_it_was_named(
        background, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert background("-o", "state_dir=rel").status == 0
    os.listdir(background.point + "/alibaba/w-1")
    run(["fusermount3", "-u", background.point]).ok()
    eventually(lambda: not mounted(background.point))
    assert os.listdir(tmp_path / "rel") and not os.path.exists("/rel")


@pytest.mark.parametrize("config,word", [
    ("[alibaba]\nregoin = x\n", ":2: "), ("[nobody]\n", "nobody"),
    ("", "no provider")])
def test_the_background_daemon_fails_with_a_sentence(
        background, config, word):
    done = background(config=config or "[sessionfs]\n")
    assert done.status == 3
    assert done.err.startswith("sessionfs: ") and word in done.err
    assert done.err.count("\n") == 1
    assert not mounted(background.point)


def test_bad_mount_points_are_refused(rig):
    for point, word in ((rig.folder + "/none", "No such file"),
                        ("/etc/hostname", "not a directory")):
        done = run([harness.SESSIONFS, "--demo", point])
        assert done.status == 1 and word in done.err


def test_help_and_version():
    shown = run([harness.SESSIONFS, "--help"])
    assert shown.ok().startswith("usage: sessionfs")
    for word in ("--demo", "--config", "--foreground", "allow_other"):
        assert word in shown.out
    assert re.fullmatch(
        r"sessionfs \d+\.\d+\.\d+( \(commit [0-9a-f]{12}\))?\n"
        r"libfuse [\d.]+, GLib [\d.]+\nlibcurl/[\d.]+ OpenSSL/.*\n",
        run([harness.SESSIONFS, "--version"]).ok())
    wrong = run([harness.SESSIONFS, "--hepl"])
    assert wrong.status == 2 and "--help" in wrong.err


@pytest.mark.parametrize("words", [
    ["umount"], ["new"], ["wait"], ["unmount", "MNT"], ["-f", "--demo", "help"], ["nowhere"],
    ["some", "MNT"], ["some", "MNT", "-o", "ro"], [""],
    ["-f", "--demo", ""],
    ["--demo", "-o", "bogus", "MNT"], ["--demo", "-o", "refresh=xx", "MNT"], []])
def test_what_is_no_mount_point_mounts_nothing(rig, words):
    """Even where a directory has that name."""
    folder = rig.new_folder("words")
    for name in ("mnt", "help", "some"):
        os.mkdir(os.path.join(folder, name))
    done = run([harness.SESSIONFS, *(w.replace("MNT", folder + "/mnt")
                                     for w in words)], cwd=folder)
    assert done.status == 2 and done.err.count("\n") == 1, done
    assert done.err.startswith("sessionfs: ")
    with open("/proc/self/mountinfo") as f:
        assert folder not in f.read()


def test_help_and_version_are_words_too():
    assert run([harness.SESSIONFS, "help"]).ok().startswith("usage: ")
    assert run([harness.SESSIONFS, "version"]).ok() == run(
        [harness.SESSIONFS, "--version"]).ok()


def test_mount_calls_it_as_a_helper(background):
    """As `mount -t fuse.sessionfs none DIR -o config=FILE` does."""
    helper = shutil.which("mount.fuse3", path="/sbin:/usr/sbin")
    if not helper or os.geteuid():
        pytest.skip("needs mount.fuse3, and root")
    done = background(starter=[
        "sh", "-c", 'PATH=$(dirname "$1"):$PATH exec "$0" doctor "$4" '
        '-t fuse.sessionfs -o "rw,config=$3,noauto"', helper])
    assert done.status == 0, done
    assert os.listdir(background.point + "/alibaba/w-1")


def test_mount_calls_it_by_mount(background):
    if os.geteuid():
        pytest.skip("needs root")
    done = background(starter=[
        "sh", "-c", 'exec mount -t fuse -o "config=$2" "$0#any name" "$3"'])
    assert done.status == 0, done
    assert os.listdir(background.point + "/alibaba/w-1")


def test_no_configuration_and_no_credentials(rig):
    home = rig.new_folder("home")
    point = rig.new_folder("mnt")
    env = {"HOME": home, "XDG_CONFIG_HOME": home + "/c",
           "XDG_STATE_HOME": home + "/s",
           "ALIBABA_CLOUD_ECS_METADATA_DISABLED": "true"}
    done = run([harness.SESSIONFS, "-f", point], env=env)
    assert done.status == 3 and "--demo" in done.err


def children(pid):
    return run(["pgrep", "-P", str(pid)]).out.split()


def test_the_demo_works_and_leaves_nothing(rig):
    folder = rig.new_folder("demo")
    m = harness.Mount(folder, "", argv=["-f", "--demo",
                                        os.path.join(folder, "mnt")])
    rig.started.append(m)
    assert set(os.listdir(m.path)) == {
        ".sessionfs", "alibaba", "dataproc", "dli", "emr", "emr-serverless",
        "livy"}
    kids = children(m.pid)
    assert len(kids) == 2  # the emulator, and the process that makes events
    workspace = sorted(n for n in os.listdir(m.path + "/alibaba")
                       if n[0] != ".")[0]
    w = m.path + "/alibaba/" + workspace
    before = set(os.listdir(w))
    assert len(before) > 4
    m.run(f"echo '{SPEC}' > {w}/new").ok()
    eventually(lambda: m.read(w, ".last", "state") == "Running\n", 5)
    made = set(os.listdir(w)) - before
    assert len([n for n in made if n[0] != "."]) == 1
    m.stop()
    assert not [kid for kid in kids if os.path.exists(f"/proc/{kid}")]


def test_the_processes_of_a_killed_demo_end_too(rig):
    folder = rig.new_folder("demo")
    m = harness.Mount(folder, "", argv=["-f", "--demo",
                                        os.path.join(folder, "mnt")])
    rig.started.append(m)
    kids = eventually(lambda: len(children(m.pid)) == 2 and children(m.pid))
    m.kill()
    eventually(lambda: not [
        kid for kid in kids if os.path.exists(f"/proc/{kid}") and
        "State:\tZ" not in open(f"/proc/{kid}/status").read()])


def test_a_mount_that_cannot_be_taken_away_is_told_of(
        emulator, mount, as_user):
    m = mount(emulator("--fill", "w-1=1"), place=as_user)
    run(["mount", "--bind", shutil.which("false"),
         shutil.which("fusermount3")], prefix=as_user.inside).ok()
    assert m.terminate() == 0
    assert f"the mount at {m.path} is still there" in m.log()
    run(["umount", shutil.which("fusermount3")], prefix=as_user.inside).ok()


def test_an_ordinary_user_can_do_everything(emulator, mount, as_user):
    emu = emulator("--fill", "w-1=20")
    m = mount(emu, place=as_user)
    listed = m.run(["ls", m.ws("w-1")]).ok().split()
    assert len(listed) == 21
    m.run(f"echo '{SPEC}' > {m.ws('w-1')}/new").ok()
    made = m.run(["readlink", m.ws("w-1") + "/.last"]).ok().strip()
    m.run(f"echo stop > {m.ws('w-1')}/{made}/ctl").ok()
    assert m.run(f"echo '{{bad' > {m.ws('w-1')}/new").status == 1
    assert m.run(f"cp {m.ws('w-1')}/{made}/config.json {m.ws('w-1')}/new",
                 ).status == 0
    assert emu.count("CreateSessionCluster") == 2
    m.stop()


def test_another_user_is_kept_out_of_what_may_hold_secrets(
        emulator, mount, rig):
    other = as_nobody()
    emu = emulator("--fill", "w-1=1")
    os.chmod(rig.folder, 0o755)
    m = mount(emu, options=["-o", "allow_other"])
    for folder in (rig.folder, m.folder):
        for up in (folder, os.path.dirname(folder),
                   os.path.dirname(os.path.dirname(folder))):
            if up.startswith("/tmp/"):
                os.chmod(up, 0o755)
    name = sorted(n for n in os.listdir(m.ws("w-1")) if n[:2] == "sc")[0]
    session = f"{m.ws('w-1')}/{name}"
    assert run([*other, "cat", session + "/state"]).status == 0
    for path in (session + "/config.json", session + "/webui",
                 session + "/endpoint", m.ws("w-1") + "/new",
                 m.path + "/.sessionfs/log"):
        assert "denied" in run([*other, "cat", path]).failed()
    failed = run([*other, "bash", "-c", f"echo stop > {session}/ctl"])
    assert "denied" in failed.failed()


def test_signals_that_meet_deadlines_hurt_nobody(emulator, mount):
    """Callers are interrupted just when their time is over."""
    emu = emulator("--workspace", "w-1")
    emu.fault(action="*", times=-1, hang=True)
    m = mount(emu, config={"sessionfs": {"deadline": "100ms"},
                           "alibaba": {"workspaces": "w-1"}})
    for round in range(20):
        callers = [subprocess.Popen(
            ["cat", f"{m.ws('w-1')}/sc-{round}-{i}/state"],
            stderr=subprocess.DEVNULL) for i in range(8)]
        time.sleep(0.09 + 0.001 * round)  # sleeps: just until their deadline
        for caller in callers:
            caller.send_signal(signal.SIGINT)
        for caller in callers:
            assert caller.wait(5 * SLOW) != 0
    assert m.alive()


def test_df_and_statfs_wait_for_nobody(emulator, mount):
    emu = emulator("--fill", "w-1=5")
    emu.fault(action="*", times=-1, hang=True)
    m = mount(emu)
    done = m.run(["df", m.path])
    assert done.status == 0 and done.seconds < 1 * SLOW
