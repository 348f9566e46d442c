""".wait/PHASE of a session: a read that takes until the phase is reached; and
.refresh, whose touch asks the provider now."""
import errno
import os
import signal
import stat
import subprocess
import time

import pytest

import harness
from harness import SLOW, eventually, held, meanwhile, run

LIST = "ListSessionClusters"
PHASES = ("pending", "starting", "idle", "busy", "stopping", "stopped",
          "failed")
FAST = {"sessionfs": {"refresh": "100ms"}}
SELDOM = {"sessionfs": {"refresh": "1h"},
          "alibaba": {"workspaces": "w-1; w-2"}}


class World:
    """One session, "sc-1", put into any state, and readers that wait."""

    def __init__(self, rig, config=FAST, state="Starting"):
        self.emu = rig.emulator("--workspace", "w-1", "--workspace", "w-2",
                                "--manual-clock")
        self.readers = []
        self.become(state)
        self.mount = rig.mount(self.emu, config=config)
        self.path = os.path.join(self.mount.ws("w-1"), "sc-1")
        eventually(lambda: os.path.exists(self.path))

    def become(self, state, name="sc-1"):
        self.emu.session("w-1", {"sessionClusterId": name, "state": state})

    def file(self, phase):
        return os.path.join(self.path, ".wait", phase)

    def reader(self, command):
        """Started, and surely waiting in its read."""
        before = self.mount.metric("sessionfs_parked_total")
        made = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env={**os.environ, "LC_ALL": "C"}, text=True)
        self.readers.append(made)
        eventually(
            lambda: self.mount.metric("sessionfs_parked_total") > before)
        return made

    def cat(self, phase):
        return self.reader(["cat", self.file(phase)])

    def close(self):
        for reader in self.readers:
            if reader.poll() is None:
                reader.kill()
            reader.communicate()


def ended(reader, timeout=10):
    """(status, output, complaint) of a reader that ends by itself."""
    out, err = reader.communicate(timeout=timeout * SLOW)
    return reader.returncode, out, err


def waits(world, reader):
    """Still so, when the provider has told twice what it has."""
    before = world.emu.count(LIST)
    eventually(lambda: world.emu.count(LIST) >= before + 3)
    assert reader.poll() is None
    return True


@pytest.fixture
def worlds(rig):
    made = []

    def make(**how):
        made.append(World(rig, **how))
        return made[-1]

    yield make
    for world in made:
        world.close()


@pytest.fixture
def world(worlds):
    return worlds()


def test_a_phase_that_is_there_is_answered_at_once(worlds):
    world = worlds(state="Running")
    done = run(f"timeout 20 cat {world.file('idle')}")
    assert done.ok() == "Running\n"
    assert done.seconds < 5 * SLOW


def test_a_reader_waits_until_the_phase_is_reached(world):
    reader = world.cat("idle")
    assert waits(world, reader)
    world.become("Running")
    assert ended(reader) == (0, "Running\n", "")


def test_the_whole_script(world):
    script = world.reader(["bash", "-c", f"timeout 300 cat "
                           f"{world.file('idle')} && echo run-job"])
    world.become("Running")
    assert ended(script) == (0, "Running\nrun-job\n", "")


def test_a_timeout_ends_it_and_the_job_is_not_run(world):
    done = run(f"timeout 1 cat {world.file('idle')} && echo run-job")
    assert done.status == 124 and done.out == ""
    assert done.seconds < 10 * SLOW


@pytest.mark.parametrize("state", ["Stopped", "Error"])
def test_a_session_that_ends_otherwise_is_not_waited_for(world, state):
    reader = world.cat("idle")
    world.become(state)
    status, out, err = ended(reader)
    assert status == 1 and out == ""
    assert "Operation canceled" in err


@pytest.mark.parametrize("state, phase, word", [
    ("Stopped", "stopped", "Stopped\n"), ("Error", "failed", "Error\n"),
    ("Stopping", "stopping", "Stopping\n")])
def test_an_end_can_be_waited_for(world, state, phase, word):
    reader = world.cat(phase)
    world.become(state)
    assert ended(reader) == (0, word, "")


@pytest.mark.parametrize("there, asked", [
    ("Stopped", "failed"), ("Error", "stopped"), ("Stopped", "idle"),
    ("Error", "pending")])
def test_one_that_has_ended_otherwise_is_told_at_once(worlds, there, asked):
    world = worlds(state=there)
    with open(world.file(asked)) as f:
        with pytest.raises(OSError) as refused:
            f.read()
    assert refused.value.errno == errno.ECANCELED


def test_a_state_that_is_not_documented_is_not_waited_for_for_ever(worlds):
    """It may be a step on the way, and it may be the end."""
    world = worlds()
    emu, mount = world.emu, world.mount
    hour_ago = int(time.time() * 1000) - 3600 * 1000
    emu.session("w-2", {"sessionClusterId": "sc-9", "state": "Archived",
                        "gmtCreate": hour_ago, "startTime": hour_ago})
    old = os.path.join(mount.ws("w-2"), "sc-9")
    reader = world.cat("idle")
    world.become("Thawing")
    eventually(lambda: mount.read(world.path, "state") == "Thawing\n")
    assert mount.read(old, "state") == "Archived\n"
    assert mount.read(old, ".wait/pending") == "Archived\n"
    assert "Operation canceled" in run(
        ["cat", os.path.join(old, ".wait/idle")]).failed()
    assert "sc-9 is Archived" in mount.read(mount.ws("w-2"), ".last_error")
    assert waits(world, reader)
    world.become("Running")
    assert ended(reader) == (0, "Running\n", "")


def test_a_session_that_vanishes_is_not_waited_for(world):
    reader = world.cat("idle")
    other = world.cat("stopped")
    world.emu.remove("w-1", "sc-1")
    for one in (reader, other):
        status, out, err = ended(one)
        assert status == 1 and out == ""
        assert "Operation canceled" in err


@pytest.mark.parametrize("sent", [
    signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_a_signal_ends_it_at_once(world, sent):
    reader = world.cat("idle")
    began = time.monotonic()
    reader.send_signal(sent)
    assert ended(reader)[0] == -sent
    assert time.monotonic() - began < 2 * SLOW


HANDLER = """if True:
    import os, signal, sys
    class Heard(Exception):
        pass
    def heard(*what):
        raise Heard
    signal.signal(signal.SIGUSR1, heard)
    fd = os.open(sys.argv[1], os.O_RDONLY)
    try:
        os.read(fd, 100)
        print("read")
    except Heard:
        print("heard")
    sys.stdout.flush()
    print(os.read(fd, 100).decode(), end="")
"""


def test_a_handler_is_run_at_once_and_may_read_again(world):
    reader = world.reader(["/usr/bin/python3", "-c", HANDLER,
                           world.file("idle")])
    before = world.mount.metric("sessionfs_parked_total")
    reader.send_signal(signal.SIGUSR1)
    eventually(
        lambda: world.mount.metric("sessionfs_parked_total") > before)
    world.become("Running")
    assert ended(reader) == (0, "heard\nRunning\n", "")


def test_it_is_found_by_name_and_never_listed(world):
    wait = os.path.join(world.path, ".wait")
    assert ".wait" not in os.listdir(world.path)
    assert "state" in os.listdir(world.path)
    assert os.listdir(wait) == []
    assert stat.S_ISDIR(os.stat(wait).st_mode)
    for phase in PHASES:
        attr = os.stat(world.file(phase))
        assert stat.S_ISREG(attr.st_mode) and attr.st_size == 4096
        assert stat.S_IMODE(attr.st_mode) == 0o644
    assert not os.path.exists(world.file("ready"))
    assert not os.path.exists(world.file("Idle"))
    for found in (run(["ls", "-lAR", world.path]).ok(),
                  run(["find", world.path]).ok()):
        assert ".wait" not in found and "state" in found


def test_after_a_look_at_it_it_is_still_not_listed(world):
    with pytest.raises(OSError):
        os.mkdir(world.file("idle") + "-2")
    os.stat(world.file("idle"))
    assert ".wait" not in run(["find", world.mount.ws("w-1")]).ok()
    assert run(["find", os.path.join(world.path, ".wait")]).ok().count(
        "\n") == 1


def test_walks_never_meet_it(world, tmp_path):
    os.stat(world.file("idle"))
    reader = world.cat("idle")
    began = time.monotonic()
    assert "state" in run(["grep", "-r", "Starting", world.path]).ok()
    run(["cp", "-r", world.path, tmp_path / "copy"]).ok()
    run(["tar", "-C", world.mount.ws("w-1"), "-cf", tmp_path / "a.tar",
         "sc-1"]).ok()
    run(["rsync", "-a", world.path + "/", tmp_path / "other"]).ok()
    assert time.monotonic() - began < 10 * SLOW
    assert not (tmp_path / "copy" / ".wait").exists()
    assert (tmp_path / "copy" / "state").read_text() == "Starting\n"
    assert reader.poll() is None


def test_a_handle_reads_on_in_its_answer_and_anew_from_its_start(world):
    world.become("Running")
    fd = os.open(world.file("idle"), os.O_RDONLY)
    try:
        eventually(lambda: world.mount.read(world.path, "state") ==
                   "Running\n")
        assert os.read(fd, 3) == b"Run"
        world.become("Error")
        eventually(lambda: world.mount.read(world.path, "state") ==
                   "Error\n")
        assert os.read(fd, 100) == b"ning\n"
        assert os.read(fd, 100) == b""
        with pytest.raises(OSError) as refused:
            os.pread(fd, 100, 0)
        assert refused.value.errno == errno.ECANCELED
    finally:
        os.close(fd)


def test_each_tool_gets_the_word(worlds):
    world = worlds(state="Running")
    path = world.file("idle")
    for command in ("cat {}", "head -1 {}", "tail -n 1 {}", "cat < {}",
                    "dd status=none bs=2 if={}", "grep Run {}",
                    "read x < {}; echo $x", "sed p -n {}", "jq -rR . {}"):
        assert run(command.format(path)).ok() == "Running\n", command
    assert run(["wc", "-c", path]).ok().split()[0] == "8"


@pytest.mark.parametrize("change", [
    "echo x > {f}", ": > {f}", "rm -f {f}", "mv {f} {f}.2", "ln {f} {f}.2",
    "touch {w}/more", "mkdir {w}/more", "rmdir {w}", "mv {w} {w}.2",
    "touch {f}", "chmod 600 {f}"])
def test_it_cannot_be_changed(worlds, change):
    world = worlds(state="Running", config={
        "sessionfs": {"refresh": "100ms"}, "alibaba": {"rmdir": "terminate"}})
    os.stat(world.file("idle"))
    failure = run(change.format(
        f=world.file("idle"), w=os.path.dirname(world.file("idle"))),
        env={"LC_ALL": "C"}).failed()
    assert "Operation not permitted" in failure
    assert world.mount.read(world.file("idle")) == "Running\n"
    assert world.emu.count("StopSessionCluster") == 0


def test_who_waits_keeps_its_workspace_fresh(worlds):
    window = 2 * min(SLOW, 2)
    world = worlds(config={"sessionfs": {"refresh": "100ms",
                                         "window": f"{window}s"},
                           "alibaba": {"workspaces": "w-1; w-2"}})
    reader = world.cat("idle")
    # For longer than one look does.
    os.listdir(world.mount.ws("w-2"))
    eventually(lambda: meanwhile(world.emu, "w-2", "w-1", 10) == 0, 4 * window)
    world.become("Running")
    assert ended(reader) == (0, "Running\n", "")
    with held(world.mount.ws("w-2")):
        eventually(lambda: meanwhile(world.emu, "w-1", "w-2", 5) == 0,
                   6 * window)


# Reads a file so many times at once, and prints how many reads gave what.
READ_MANY = """if True:
    import sys, threading
    threading.stack_size(128 * 1024)
    got = []
    def wait():
        with open(sys.argv[1]) as f:
            got.append(f.read())
    all = [threading.Thread(target=wait) for _ in range(int(sys.argv[2]))]
    for one in all:
        one.start()
    for one in all:
        one.join()
    print(len(got), sorted(set(got)))
"""


def test_a_thousand_wait_and_nobody_else_does(worlds):
    world = worlds(config={"sessionfs": {"refresh": "200ms"}})
    many = world.reader(["/usr/bin/python3", "-c", READ_MANY,
                         world.file("idle"), "1000"])
    eventually(lambda: world.mount.metric("sessionfs_parked_total") >= 1000,
               30)
    for n in range(200):
        world.become("Starting", f"sc-{n + 2}")
    eventually(lambda: len(os.listdir(world.mount.ws("w-1"))) >= 201)
    began = time.monotonic()
    for n in range(200):
        world.mount.read(world.mount.ws("w-1"), f"sc-{n + 2}", "state")
    assert time.monotonic() - began < 20 * SLOW
    assert many.poll() is None
    world.become("Running")
    assert ended(many, 30) == (0, "1000 ['Running\\n']\n", "")


def test_the_end_of_the_mount_lets_all_go(world):
    reader = world.cat("idle")
    world.mount.stop()
    status, out, err = ended(reader)
    assert status == 1 and out == ""
    assert "not connected" in err


def test_a_busy_session_meets_idle(rig):
    emu = rig.emulator("--fill", "livy:livy=1")
    m = rig.mount(config=harness.key_file({
        "sessionfs": {"refresh": "100ms",
                      "state_dir": rig.new_folder("state")},
        "livy": {"url": emu.url + "/livy"}}))
    where = os.path.join(
        m.path, "livy", emu.url.removeprefix("http://") + "%2Flivy")
    name = next(n for n in os.listdir(where) if n[0] not in ".n")
    record = emu.sessions("livy", "livy")[0]
    for state in ("busy", "idle"):
        emu.session("livy", {**record, "state": state}, "livy")
        eventually(lambda: m.read(where, name, "state") == state + "\n")
        assert m.read(where, name, ".wait", "idle") == state + "\n"
        assert m.read(where, name, ".wait", state) == state + "\n"
    done = run(f"timeout 1 cat {where}/{name}/.wait/busy")
    assert done.status == 124  # idle is not busy


# ---- .refresh ----

ASKS = {
    "touch": "touch {}",
    "touch of now": "touch -m {}",
    "touch of then": "touch -d 2020-01-01 {}",
    "truncating": ": > {}",
    "echo": "echo > {}",
    "appending": "echo now >> {}",
    "cp": "cp /etc/hostname {}",
    "cp -p": "cp -p $HOME/own {}",
    "tee": "echo x | tee {}",
    "truncate": "truncate -s 0 {} && touch {}",
    "dd": "dd if=/dev/zero of={} bs=10 count=1 conv=notrunc",
}


@pytest.mark.parametrize("how", ASKS)
@pytest.mark.parametrize("read_only", [False, True])
def test_a_touch_asks_now(worlds, how, read_only):
    config = {**SELDOM, "alibaba": {**SELDOM["alibaba"],
                                    "read_only": read_only}}
    world = worlds(config=config)
    assert world.mount.read(world.path, "state") == "Starting\n"
    eventually(lambda: "refreshing: no" in world.mount.read(
        world.mount.ws("w-1"), ".status"))
    world.become("Running")
    before = world.emu.count(LIST)
    assert world.mount.rests(world.mount.ws("w-1"))  # nobody asks by himself
    assert world.mount.read(world.path, "state") == "Starting\n"
    with open(os.path.join(world.mount.folder, "home", "own"), "w") as f:
        f.write("x\n")
    done = world.mount.run(
        ASKS[how].format(*[world.mount.ws("w-1") + "/.refresh"] * 2))
    done.ok()
    eventually(lambda: world.mount.read(world.path, "state") == "Running\n")
    eventually(lambda: world.mount.rests(world.mount.ws("w-1")))
    # This sets the times besides, which is a touch of its own.
    asked = {before + 1, before + 2} if how == "cp -p" else {before + 1}
    assert world.emu.count(LIST) in asked


def test_a_touch_of_one_workspace_asks_that_one(worlds):
    world = worlds(config=SELDOM)
    os.listdir(world.mount.ws("w-2"))
    before = len(world.emu.requests())
    run(["touch", world.mount.ws("w-1") + "/.refresh"]).ok()
    eventually(lambda: len(world.emu.requests()) > before)
    eventually(lambda: all(world.mount.rests(world.mount.ws(w))
                           for w in ("w-1", "w-2")))
    asked = [r["target"] for r in world.emu.requests()[before:]]
    assert len(asked) == 1 and "/w-1/" in asked[0]


def test_a_touch_of_the_provider_asks_for_its_workspaces(worlds):
    world = worlds(config={"sessionfs": {"refresh": "1h"}})
    assert set(os.listdir(world.mount.path + "/alibaba")) >= {"w-1", "w-2"}
    world.emu.workspace("w-3")
    assert world.mount.rests(world.mount.path + "/alibaba")
    assert "w-3" not in os.listdir(world.mount.path + "/alibaba")
    run(["touch", world.mount.path + "/alibaba/.refresh"]).ok()
    eventually(lambda: "w-3" in os.listdir(world.mount.path + "/alibaba"))


def test_each_write_asks_again(worlds):
    world = worlds(config=SELDOM)
    os.listdir(world.mount.ws("w-1"))
    fd = os.open(world.mount.ws("w-1") + "/.refresh", os.O_RDWR)
    try:
        for _ in range(3):
            before = world.emu.count(LIST)
            assert os.write(fd, b"now\n") == 4
            eventually(lambda: world.emu.count(LIST) == before + 1)
            eventually(lambda: "refreshing: no" in world.mount.read(
                world.mount.ws("w-1"), ".status"))
        assert os.pread(fd, 100, 0) == b""
    finally:
        os.close(fd)


def test_it_returns_while_the_provider_is_silent(worlds):
    world = worlds(config=SELDOM)
    os.listdir(world.mount.ws("w-1"))
    world.emu.fault(action=LIST, delay_ms=5000)
    done = run(["touch", world.mount.ws("w-1") + "/.refresh"])
    done.ok()
    assert done.seconds < 2 * SLOW


def test_a_refresh_file_looks_like_a_control_file(worlds, tmp_path):
    world = worlds(config=SELDOM)
    for where in (world.mount.ws("w-1"), world.mount.path + "/alibaba"):
        path = where + "/.refresh"
        assert run(["stat", "-c", "%a %s %F", path]).ok() == \
            "660 0 regular empty file\n"
        assert run(["cat", path]).ok() == ""
        assert ".refresh" in os.listdir(where)
        assert "not permitted" in run(["rm", "-f", path]).failed()
        if os.geteuid() == 0:
            assert "not permitted" in run(
                ["chown", "12345", path]).failed()
    before = world.emu.count(LIST)
    run(["grep", "-r", "x", world.mount.ws("w-1")])
    run(["cp", "-r", world.mount.ws("w-1"), str(tmp_path / "copy")])
    run(["chmod", "660", world.mount.ws("w-1") + "/.refresh"]).ok()
    assert world.mount.rests(world.mount.ws("w-1"))
    assert world.emu.count(LIST) == before  # nor does who walks the tree ask


FRESH = {
    "echo": "echo now > {0}/.refresh && cat {1}",
    "appending": "echo now >> {0}/.refresh && cat {1}",
    "cat": "cat {0}/.refresh && cat {1}",
    "python": "python3 -c \"open('{0}/.refresh').read(); "
              "print(open('{1}').read(), end='')\"",
}


@pytest.mark.parametrize("how", FRESH)
def test_a_write_or_read_of_it_returns_when_all_is_fresh(worlds, how):
    world = worlds(config=SELDOM)
    ws, state = world.mount.ws("w-1"), world.path + "/state"
    for number in range(10):
        world.become(f"State{number}")
        done = world.mount.run(FRESH[how].format(ws, state))
        assert done.ok() == f"State{number}\n", number


def test_it_says_why_the_listing_failed(worlds):
    world = worlds(config=SELDOM)
    ws = world.mount.ws("w-1")
    os.listdir(ws)
    world.emu.fault(action=LIST, status=403, times=1)
    assert "ermission denied" in world.mount.run(
        f"cat {ws}/.refresh").failed()
    world.emu.no_faults()
    world.mount.run(f"echo now > {ws}/.refresh").ok()


def test_it_waits_no_longer_than_it_may(worlds):
    world = worlds(config={"sessionfs": {"refresh": "1h", "deadline": "2s"}})
    ws = world.mount.ws("w-1")
    os.listdir(ws)
    world.emu.fault(action=LIST, delay_ms=60000, times=-1)
    assert world.mount.run(f"timeout 0.5 cat {ws}/.refresh").status == 124
    done = world.mount.run(f"cat {ws}/.refresh")
    assert "timed out" in done.failed() and done.seconds < 10 * SLOW


def test_what_changed_is_newer_than_the_last_look(worlds):
    """A cron job that is the only one to look finds by its own stamp all that
    it has not read."""
    world = worlds(config=SELDOM)
    ws, state = world.mount.ws("w-1"), world.path + "/state"
    stamp = os.path.join(world.mount.folder, "stamp")
    unread = 0
    for number in range(30):
        world.become(f"State{number}")
        time.sleep(0.4)  # sleeps: the provider's own time lies that far back
        if run(f"cat {state}; touch {stamp}").ok() == f"State{number}\n":
            continue  # some listing was faster: it has read that
        unread += 1
        run(f"echo now > {ws}/.refresh").ok()
        for test in ("-newer", "-newercm"):
            assert run(f"find {state} {test} {stamp}").ok() == state + "\n"
        if unread == 3:
            return
    raise AssertionError("it was always read before it was asked for")
