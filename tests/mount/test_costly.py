"""Files whose bytes cost a call: the OPEN waits for them, and nothing else."""
import errno
import json
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

import harness
from harness import SLOW, eventually, run

PLACEHOLDER = 4096
QUEUE, LOG = "q_1", "GetSessionLog"
CALLS = 2  # of one log at most: how long it is, and then its end
KEYS = {
    "HUAWEICLOUD_SDK_AK": harness.KEY_ID,
    "HUAWEICLOUD_SDK_SK": harness.KEY_SECRET,
    "HUAWEICLOUD_SDK_PROJECT_ID": "0123456789abcdef0123456789abcdef",
}


class World:
    """A mount of an emulated DLI, and its sessions' logs."""

    def __init__(self, rig, deadline="10s", fill=4, **keys):
        self.emu = rig.emulator("--fill", f"dli:{QUEUE}={fill}")
        # Why others ended would be asked for as well.
        for session in self.emu.sessions(QUEUE, "dli")[:10]:
            self.emu.session(QUEUE, {"id": session["id"], "state": "idle"},
                             "dli")
        folder = rig.new_folder("mount")
        self.mount = rig.mount(folder=folder, env=KEYS, config=harness.key_file({
            "sessionfs": {"state_dir": os.path.join(folder, "state"),
                          "deadline": deadline},
            "dli": {"region": "cn-north-4", "endpoint": self.emu.url, **keys}}))
        self.path = os.path.join(self.mount.path, "dli", QUEUE)
        listed = run(["ls", "-U", self.path]).ok().split()
        self.sessions = [name for name in listed if name != "new"]

    def log(self, n=0):
        return os.path.join(self.path, self.sessions[n], "log")

    def asked(self):
        return self.emu.count(LOG, "dli")

    def fault(self, **fault):
        self.emu.fault(provider="dli", action=LOG, **fault)

    def say(self, n, lines):
        """What the log has to say, line by line."""
        body = {"id": self.sessions[n], "from": 0, "total": len(lines),
                "log": lines}
        self.fault(times=-1, body=json.dumps(body))


@pytest.fixture
def world(rig):
    return World(rig)


# Each reads the file "$1" to its end, and writes what it got to "$2".
READERS = {
    "cat": 'cat "$1" >"$2"',
    "cp": 'cp "$1" "$2"',
    "rsync": 'rsync -a "$1" "$2"',
    "tar": 'tar -C "$(dirname "$1")" -cf - log | tar -xO >"$2"',
    "dd": 'dd if="$1" of="$2" bs=100 status=none',
    "mmap": "python3 -c 'import mmap, sys; f = open(sys.argv[1], \"rb\"); "
            "open(sys.argv[2], \"wb\").write(mmap.mmap(f.fileno(), 0, "
            "flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ))' \"$1\" \"$2\"",
}


@pytest.mark.parametrize("reader, size", [
    (reader, size) for reader in READERS for size in (0, 300, 9000, 200000)
    if size or reader != "mmap"])  # nothing cannot be mapped
def test_a_reader_gets_every_byte(world, tmp_path, reader, size):
    lines = [f"{n:099d}" for n in range(size // 100)]
    world.say(0, lines)
    expected = "".join(line + "\n" for line in lines).encode()
    assert os.stat(world.log()).st_size == PLACEHOLDER
    copy = tmp_path / "copy"
    run(["sh", "-c", READERS[reader], "sh", world.log(), copy]).ok()
    assert copy.read_bytes() == expected
    assert os.stat(world.log()).st_size == len(expected)


def test_looking_costs_no_call_and_opening_one(world):
    run(["ls", "-lR", world.path]).ok()
    run(["du", "-a", world.path]).ok()
    assert world.asked() == 0
    first = run(["cat", world.log()]).ok()
    cost = world.asked()
    assert 1 <= cost <= CALLS
    assert run(["cat", world.log()]).ok() == first
    assert world.asked() == cost
    run(["cat", world.log(1)]).ok()
    assert world.asked() > cost


def test_many_who_open_it_at_once_share_a_call(world):
    world.fault(delay_ms=500)
    readers = [threading.Thread(target=run, args=(["cat", world.log()],))
               for _ in range(8)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    assert 1 <= world.asked() <= CALLS


def open_in_child(path):
    """A process that opens and reads; its status tells the errno."""
    code = ("import os, sys\n"
            "try: os.read(os.open(sys.argv[1], os.O_RDONLY), 1)\n"
            "except OSError as e: sys.exit(e.errno)\n")
    return subprocess.Popen([sys.executable, "-c", code, path])


def wait_parked(world):
    eventually(lambda: world.asked() == 1)


@pytest.mark.parametrize("which", [signal.SIGTERM, signal.SIGKILL,
                                   signal.SIGINT])
def test_who_waits_can_be_ended_at_once(world, which):
    world.fault(hang=True)
    child = open_in_child(world.log())
    wait_parked(world)
    assert child.poll() is None
    began = time.monotonic()
    child.send_signal(which)
    child.wait(5 * SLOW)
    assert time.monotonic() - began < 2 * SLOW
    world.emu.no_faults()


def test_nobody_else_waits(world):
    world.fault(hang=True)
    child = open_in_child(world.log())
    wait_parked(world)
    beside = os.path.dirname(world.log())
    assert run(["ls", "-l", beside], timeout=5).ok()
    assert run(["cat", beside + "/state"], timeout=5).ok()
    assert run(["stat", world.log()], timeout=5).ok()
    # The fault has spoiled one call: the next is answered.
    assert run(["cat", world.log(1)], timeout=5).ok()
    assert child.poll() is None
    child.kill()
    child.wait(5)
    world.emu.no_faults()


def test_who_waits_is_answered_when_the_bytes_come(world):
    world.fault(delay_ms=1000)
    began = time.monotonic()
    assert open_in_child(world.log()).wait(20 * SLOW) == 0
    assert time.monotonic() - began >= 1


def test_no_answer_is_a_timeout(rig):
    world = World(rig, deadline="500ms")
    world.fault(hang=True, times=-1)
    assert open_in_child(world.log()).wait(20 * SLOW) == errno.ETIMEDOUT
    world.emu.no_faults()


@pytest.mark.parametrize("fault, name", [
    ({"status": 500, "code": "DLI.0999"}, "EREMOTEIO"),
    ({"body": "what?"}, "EBADMSG"),
])
def test_a_failure_has_its_errno(world, fault, name):
    world.fault(times=-1, **fault)
    assert open_in_child(world.log()).wait(20 * SLOW) == getattr(errno, name)
    assert os.stat(world.log()).st_size == PLACEHOLDER


def test_a_spent_budget_fails_at_once(rig):
    world = World(rig, calls_per_second=1, burst=4)
    seen = [open_in_child(world.log(n)).wait(20 * SLOW) for n in range(4)]
    assert errno.EUSERS in seen and set(seen) <= {
        0, errno.EUSERS}


def test_a_walk_that_opens_everything_ends_soon(rig):
    """Many at once, most of them refused: nobody waits, and none is asked for
    beyond the budget."""
    world = World(rig, fill=3000, calls_per_second=10, burst=40)
    began = time.monotonic()
    run(f"find {world.path} -name log -print0 | "
        "xargs -0 -P 64 -n 20 cat > /dev/null 2>&1", timeout=60)
    spent = time.monotonic() - began
    assert world.asked() <= 40 + 10 * (spent + 1)
    assert run(["cat", world.path + "/.status"], timeout=5).ok()


def test_an_open_file_keeps_the_bytes_that_it_got_and_gets_more(world):
    world.say(0, ["first"])
    with open(world.log(), "rb", buffering=0) as old:
        assert old.read() == b"first\n"
        world.emu.no_faults()
        world.say(0, ["second"])
        both = "first\n[sessionfs: lines are missing here]\nsecond\n"
        # Good for 5 s; then it is asked again.
        eventually(lambda: run(["cat", world.log()]).ok() == both,
                   timeout=20, interval=0.5)
        assert old.read() == both[len("first\n"):].encode()
        old.seek(0)
        assert old.read() == both.encode()


def test_a_mount_that_ends_lets_them_go(world):
    world.fault(hang=True)
    child = open_in_child(world.log())
    wait_parked(world)
    world.mount.stop()
    assert child.wait(5 * SLOW) in (errno.ENOTCONN,
                                    errno.ECANCELED)
    world.emu.no_faults()


def test_who_waits_for_what_vanishes_is_let_go(rig):
    """Its call goes on; the OPEN does not wait for the end of it."""
    world = World(rig, deadline="100s")
    world.fault(hang=True)
    child = open_in_child(world.log())
    wait_parked(world)
    with open(os.path.dirname(world.log()) + "/ctl", "w") as ctl:
        ctl.write("terminate\n")
    assert child.wait(20 * SLOW) == errno.ENOENT
    world.emu.no_faults()


# ---- what a listing tells in part ----

APPLICATION = "00fapp000000001"
AWS = {"AWS_ACCESS_KEY_ID": harness.KEY_ID,
       "AWS_SECRET_ACCESS_KEY": harness.KEY_SECRET,
       "AWS_EC2_METADATA_DISABLED": "true"}


@pytest.mark.parametrize("reader", READERS)
def test_a_record_becomes_whole_when_it_is_opened(rig, tmp_path, reader):
    emu = rig.emulator("--fill", f"emr-serverless:{APPLICATION}=1")
    # Nor in the background, for a minute.
    emu.fault(provider="emr-serverless", action="GetSession", status=500,
              times=-1)
    folder = rig.new_folder("mount")
    mount = rig.mount(folder=folder, env=AWS, config=harness.key_file({
        "sessionfs": {"state_dir": os.path.join(folder, "state"),
                      "refresh": "1h"},
        "emr-serverless": {"region": "us-east-1", "endpoint": emu.url}}))
    top = mount.ws(APPLICATION, "emr-serverless")
    session, = (n for n in os.listdir(top)
                if n != "new" and not n.startswith("."))
    file = os.path.join(top, session, "config.json")
    eventually(lambda: emu.count("GetSession", "emr-serverless"))
    assert os.stat(file).st_size == PLACEHOLDER
    emu.no_faults()
    copy = tmp_path / "copy"
    reader = READERS[reader].replace("-cf - log", "-cf - config.json")
    run(["sh", "-c", reader, "sh", file, copy]).ok()
    spec = copy.read_bytes()
    assert "executionRoleArn" in json.loads(spec)
    assert len(spec) == os.stat(file).st_size
    with open(file, "rb") as f:
        assert f.read() == spec


# ---- a provider that does not answer ----

DASHBOARDS = 20


@pytest.mark.parametrize("trouble", ["gone", "hung"])
def test_a_walk_waits_once_for_a_provider_that_does_not_answer(rig, trouble):
    """Two files of each session cost a call; the others are known."""
    fill = ("--fill", f"emr-serverless:{APPLICATION}={DASHBOARDS}")
    emu = rig.emulator(*fill)
    folder = rig.new_folder("mount")
    mount = rig.mount(folder=folder, env=AWS, config=harness.key_file({
        "sessionfs": {"state_dir": os.path.join(folder, "state"),
                      "deadline": "3s"},
        "emr-serverless": {"region": "us-east-1", "endpoint": emu.url,
                           "calls_per_second": 1000, "burst": 1000}}))
    top = mount.ws(APPLICATION, "emr-serverless")
    run(["ls", top]).ok()
    eventually(lambda: emu.count("GetSession", "emr-serverless") >= DASHBOARDS)
    phases = run(f"grep -lx idle {top}/*/phase").ok()
    file = os.path.join(os.path.dirname(phases.split("\n")[0]), "endpoint")
    if trouble == "gone":
        emu.terminate()
    else:
        emu.fault(provider="emr-serverless", action="*", times=-1, hang=True)
    walk = run(f"LC_ALL=C grep -r . {top}", timeout=100)
    assert walk.seconds < 8 * SLOW  # of two minutes, were each file waited for
    assert walk.status == 2
    assert len(walk.err.strip().split("\n")) == 2 * DASHBOARDS
    assert walk.out.count("/state:") == DASHBOARDS
    assert walk.out.count("/config.json:") >= DASHBOARDS
    if trouble == "gone":
        rig.emulator(*fill, "--port", emu.url.rpartition(":")[2])
    else:
        emu.no_faults()
    eventually(lambda: run(["cat", file]).status == 0, timeout=15,
               interval=0.2)
