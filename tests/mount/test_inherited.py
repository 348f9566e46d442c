"""What a process has from whoever started it: descriptors, signals, limits."""
import os
import re
import signal

import pytest

import harness
from harness import SLOW, eventually, run
from watching import emitter

SPEC = '{"name": "n", "kind": "SQL", "queueName": "root_queue"}'


def shell(line):
    """A starter: bash does so much, and becomes the program."""
    return ["bash", "-c", line, "bash"]


def python(line):
    return ["/usr/bin/python3", "-c", "import os, resource, signal, sys\n" +
            line + "\nos.execv(sys.argv[1], sys.argv[1:])"]


def descriptors(pid):
    found = {}
    for fd in os.listdir(f"/proc/{pid}/fd"):
        try:
            found[int(fd)] = os.readlink(f"/proc/{pid}/fd/{fd}")
        except OSError:
            pass  # closed meanwhile
    return found


def children(pid):
    return [int(p) for p in run(["pgrep", "-P", str(pid)]).out.split()]


def ask(m, program):
    """Has Livy asked, for which the program gives a token."""
    for name in os.listdir(m.path + "/livy"):
        if name[0] != ".":
            run(["ls", f"{m.path}/livy/{name}"])
    eventually(lambda: os.path.exists(program + ".signals"))


# ---- standard descriptors that are closed ----

@pytest.mark.parametrize("limit,said", [
    ("-n 8", "the limit of open files is 8 (ulimit -n, LimitNOFILE=), and "
             "sessionfs needs 16, and some more for each workspace"),
    ("-n 15", "the limit of open files is 15 "),
    ("-v 60000", "the limit of address space is 58 MiB (ulimit -v, LimitAS=), "
                 "and sessionfs needs 512 MiB, most of which it never uses"),
])
def test_limits_that_are_too_low_are_told_of(background, limit, said):
    if "-v" in limit and harness.SLOW > 1:
        pytest.skip("a sanitizer needs more to begin with")
    done = background(starter=shell(f'ulimit {limit}; exec "$@"'))
    assert done.status == 1 and not harness.mounted(background.point)
    assert done.err.startswith(f"sessionfs: {said}"), done
    assert done.err.count("\n") == 1


def test_a_limit_of_processes_is_told_of(background, as_user):
    """Those that the user has count, too; root is held to none."""
    if not as_user.prefix:
        pytest.skip("only root knows a user who has nothing running")
    def start(limit):
        return run([*as_user.prefix, *shell(f'ulimit -u {limit}; exec "$@"'),
                    as_user.program(harness.SESSIONFS), background.point])
    done = start(6)
    said = re.fullmatch(
        r"sessionfs: the limit of processes is 6 \(ulimit -u, LimitNPROC=\) "
        r"with the (\d+) that this user has, and sessionfs needs 16, and some "
        r"more for each section\n", done.err)
    assert done.status == 1 and said, done
    # What is enough is not told of; the mount point is another user's.
    done = start(4000)
    assert done.status and "the limit" not in done.err, done


@pytest.mark.parametrize("closed", [
    "<&-", ">&-", "2>&-", "<&- >&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_no_file_of_ours_becomes_a_standard_descriptor(
        emulator, mount, closed):
    # The emulator's standard output says when it is ready.
    emu = emulator("--fill", "w-1=2", starter=shell('exec "$@" <&- 2>&-'))
    m = mount(emu, starter=shell(f'exec "$@" {closed}'))
    m.run(f"echo '{SPEC}' > {m.ws('w-1')}/new").ok()
    has = descriptors(m.pid)
    for fd, sign in ((0, "<&-"), (1, " >&-"), (2, "2>&-")):
        assert has[fd] == "/dev/null" or sign not in " " + closed, has
    has = descriptors(emu.pid)
    assert has[0] == has[2] == "/dev/null", has
    second = run([harness.SESSIONFS, "-f", "-c", m.config, m.path],
                 env=m._environment(None))
    assert second.status == 4 and f"process {m.pid}" in second.err


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_the_background_daemon_needs_no_standard_descriptors(
        background, closed):
    done = background(starter=shell(f'exec "$@" {closed}'))
    assert done.status == 0, done
    assert os.listdir(background.point + "/alibaba/w-1")
    has = descriptors(background.pid())
    assert has[0] == has[1] == has[2] == "/dev/null"


def test_what_is_logged_goes_into_no_file_of_the_state(emulator, mount):
    emu = emulator("--fill", "w-1=5")
    m = mount(emu, starter=shell('exec "$@" >&- 2>&-'),
              config={"sessionfs": {"refresh": "50ms"}})
    before = sorted(os.listdir(m.ws("w-1")))
    emu.fault(action="ListSessionClusters", times=-1, status=500,
              code="InternalError")
    eventually(lambda: os.listdir(m.ws("w-1")) and
               os.path.exists(m.ws("w-1") + "/.partial"))
    m.stop()
    for folder, _, files in os.walk(m.state_dir):
        for name in files:
            with open(os.path.join(folder, name), "rb") as f:
                assert b"warning: " not in f.read(), name
    again = mount(None, folder=m.folder, config=open(m.config).read())
    assert sorted(n for n in os.listdir(again.ws("w-1"))
                  if n != ".partial") == [n for n in before if n != ".partial"]


# ---- signals that were ignored or blocked ----

@pytest.mark.parametrize("number,starter", [
    (signal.SIGHUP, ["nohup"]),
    (signal.SIGHUP, shell('trap "" HUP; exec "$@"')),
    (signal.SIGINT, shell('trap "" INT; exec "$@"')),
    (signal.SIGQUIT, shell('trap "" QUIT; exec "$@"'))])
def test_an_ignored_signal_stays_ignored(emulator, mount, number, starter):
    m = mount(emulator("--fill", "w-1=2"), starter=starter)
    for _ in range(3):
        m.process.send_signal(number)
    # In the order of their numbers the others would have come first.
    m.process.send_signal(signal.SIGUSR1)
    assert len(os.listdir(m.ws("w-1"))) > 2
    m.stop()
    assert "signal 15" in m.log() and f"signal {int(number)}\n" not in m.log()


def test_an_interrupt_of_the_terminal_spares_an_emulator_in_the_background(
        emulator):
    emu = emulator(starter=shell('trap "" INT; exec "$@"'))
    emu.process.send_signal(signal.SIGINT)
    assert emu.counts() is not None
    assert emu.terminate() == 0


def test_a_blocked_mask_makes_it_deaf_to_nothing(emulator, mount):
    everything = python("signal.pthread_sigmask(signal.SIG_BLOCK, "
                        "signal.valid_signals())")
    emu = emulator("--fill", "w-1=2", starter=everything)
    m = mount(emu, starter=everything)
    os.listdir(m.ws("w-1"))
    m.stop()
    assert emu.terminate() == 0


@pytest.mark.parametrize("number", [
    signal.SIGUSR1, signal.SIGUSR2, signal.SIGPIPE, signal.SIGIO,
    signal.SIGPWR, signal.SIGXFSZ, signal.SIGTTOU, signal.SIGRTMIN + 3])
def test_other_signals_do_nothing(emulator, mount, number):
    m = mount(emulator("--fill", "w-1=2"))
    m.process.send_signal(number)
    assert len(os.listdir(m.ws("w-1"))) > 2
    assert m.alive()
    m.stop()


@pytest.mark.parametrize("number", [
    signal.SIGQUIT, signal.SIGALRM, signal.SIGVTALRM, signal.SIGPROF,
    signal.SIGXCPU])
def test_what_ends_other_programs_unmounts(emulator, mount, number):
    m = mount(emulator("--fill", "w-1=2"))
    m.process.send_signal(number)
    assert m.wait(5 * SLOW) == 0
    assert not m.is_mounted()


HELPER = """#!/bin/sh
ls -l /proc/self/fd > "$0.fds"
grep -E 'Sig(Blk|Ign)' /proc/self/status > "$0.signals"
printf '{"token": "t"}'
"""


def helper(folder):
    path = os.path.join(folder, "helper")
    with open(path, "w") as f:
        f.write(HELPER)
    os.chmod(path, 0o755)
    return path


@pytest.mark.parametrize("line", [
    "signal.signal(signal.SIGCHLD, signal.SIG_IGN)",
    "signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGCHLD])"])
def test_children_are_waited_for(emulator, mount, rig, line):
    emu = emulator("--fill", "livy:server=2")
    program = helper(rig.folder)
    m = mount(emu, starter=python(line), config={
        "alibaba": {"endpoint": emu.url},
        "livy": {"url": emu.url + "/livy", "auth": f"exec:{program}"}})
    ask(m, program)
    assert "ended with" not in m.read("livy", ".status")
    with open(program + ".signals") as f:
        blocked = f.read().split("\n")[0].split()[1]
    assert int(blocked, 16) == 0


# ---- descriptors of the starter ----

def test_what_nobody_named_is_closed_in_all_that_live_on(
        emulator, mount, tmp_path):
    """Whoever waits for the end of a pipe or a lock does not wait for us."""
    ends = os.pipe()
    os.set_inheritable(ends[1], True)
    lock = str(tmp_path / "lock")
    emu = emulator("--fill", "w-1=2", starter=shell(
        f'exec 9>{lock}; flock 9; exec "$@"'))
    assert run(["flock", "-n", lock, "true"]).status == 0
    m = mount(emu, starter=shell(f'exec 9>{lock}; flock 9; exec "$@"'))
    os.listdir(m.ws("w-1"))
    assert emitter(m)
    assert run(["flock", "-n", lock, "true"]).status == 0
    os.close(ends[0])
    os.close(ends[1])


def test_the_background_daemon_holds_nothing_of_its_starter(background):
    # cat ends when nobody can write into the pipe any more.
    done = background(starter=shell('"$@" 7>&1 8>&2 | cat'))
    assert done.status == 0, done
    assert os.listdir(background.point + "/alibaba/w-1")


def test_a_configuration_by_descriptor_stays_with_the_daemon(
        emulator, mount, rig):
    emu = emulator("--fill", "w-1=2")
    folder = rig.new_folder("named")
    config = folder + "/named.conf"
    program = helper(folder)
    with open(config, "w") as f:
        f.write(harness.key_file({
            "sessionfs": {"state_dir": folder + "/state"},
            "alibaba": {"region": "r", "endpoint": emu.url},
            "livy": {"url": emu.url + "/livy", "auth": f"exec:{program}"}}))
    point = os.path.join(folder, "mnt")
    os.mkdir(point)
    m = mount(emu, folder=folder, argv=[
        "-f", "-c", "/dev/fd/7", "/proc/self/fd/8"],
        starter=shell(f'exec 7<{config} 8<{point} 9</dev/null; exec "$@"'))
    os.listdir(m.ws("w-1"))
    ask(m, program)
    has = descriptors(m.pid)
    assert has[7] == config and has[8] == point
    assert "/dev/null" != has.get(9)
    with open(program + ".fds") as f:
        assert "named.conf" not in f.read()
    if os.geteuid() == 0:
        assert config not in descriptors(emitter(m)).values()


def test_a_process_substitution_is_a_configuration(background):
    done = background(starter=shell(
        'exec "$1" -c <(cat "$3") "${@:4}"'))
    assert done.status == 0, done
    assert os.listdir(background.point + "/alibaba/w-1")


def test_descriptors_of_the_service_manager_stay_in_the_daemon(
        emulator, mount, rig):
    emu = emulator("--fill", "w-1=2")
    program = helper(rig.folder)
    stored = os.path.join(rig.folder, "stored")
    open(stored, "w").close()
    m = mount(emu, starter=shell(
        f'export LISTEN_PID=$$ LISTEN_FDS=2 LISTEN_FDNAMES=a:b; '
        f'exec 3<{stored} 4<{stored} 5<{stored}; exec "$@"'), config={
        "livy": {"url": emu.url + "/livy", "auth": f"exec:{program}"}})
    os.listdir(m.ws("w-1"))
    ask(m, program)
    has = descriptors(m.pid)
    assert has[3] == has[4] == stored and has.get(5) != stored
    with open(program + ".fds") as f:
        assert stored not in f.read()
    if os.geteuid() == 0:
        assert stored not in descriptors(emitter(m)).values()


# ---- limits, modes, environment ----

def test_a_mask_that_takes_all_away_takes_nothing_from_the_state(
        emulator, mount, as_user):
    emu = emulator("--fill", "w-1=2")
    m = mount(emu, place=as_user,
              starter=shell('umask 0777; exec "$@"'))
    m.run(["ls", m.ws("w-1")]).ok()
    m.run(f"echo '{SPEC}' > {m.ws('w-1')}/new").ok()
    m.stop()
    for folder, _, files in os.walk(m.state_dir):
        for name in files:
            mode = os.stat(os.path.join(folder, name)).st_mode & 0o777
            assert mode & 0o600 == 0o600 and not mode & 0o077, (name, mode)


def test_no_file_of_the_state_is_for_others(emulator, mount):
    m = mount(emulator("--fill", "w-1=2"),
              starter=shell('umask 0; exec "$@"'))
    m.run(f"echo '{SPEC}' > {m.ws('w-1')}/new").ok()
    m.stop()
    for folder, names, files in os.walk(m.state_dir):
        for name in names + files:
            mode = os.stat(os.path.join(folder, name)).st_mode
            assert not mode & 0o077, (name, oct(mode))


def test_a_limit_of_file_sizes_is_an_error_and_no_end(emulator, mount):
    emu = emulator("--fill", "w-1=2")
    m = mount(emu, starter=python(
        "resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))"))
    os.listdir(m.ws("w-1"))
    for _ in range(12):
        m.run(f"echo '{SPEC}' > {m.ws('w-1')}/new")
    assert m.alive()
    # What a refused write says has no session behind it.
    refused = m.run(f"echo '{SPEC}' > {m.ws('w-1')}/new")
    assert refused.status == 1, refused
    made = emu.count("CreateSessionCluster")
    m.run(f"echo '{SPEC}' > {m.ws('w-1')}/new")
    assert emu.count("CreateSessionCluster") == made
    m.stop()


@pytest.mark.parametrize("limit", [
    "resource.RLIMIT_STACK, (65536, resource.RLIM_INFINITY)",
    "resource.RLIMIT_STACK, (1 << 33, resource.RLIM_INFINITY)",
    "resource.RLIMIT_CPU, (1, resource.RLIM_INFINITY)"])
def test_limits_meant_for_programs_run_by_hand_are_raised(
        emulator, mount, limit):
    m = mount(emulator("--fill", "w-1=500"),
              starter=python(f"resource.setrlimit({limit})"))
    assert len(os.listdir(m.ws("w-1"))) > 500
    soft = run(["prlimit", "--noheadings", "-o", "RESOURCE,SOFT",
                "--pid", str(m.pid)]).ok()
    values = dict(line.split() for line in soft.splitlines())
    assert values["CPU"] == values["FSIZE"] == "unlimited"
    assert int(values["STACK"]) >= 8 << 20
    m.stop()


def test_options_may_follow_the_mount_point_under_posix_rules(background):
    done = background(starter=shell(
        'POSIXLY_CORRECT=1 exec "$1" "${@:4}" -o ro -c "$3"'))
    assert done.status == 0, done
    assert os.listdir(background.point + "/alibaba/w-1")
