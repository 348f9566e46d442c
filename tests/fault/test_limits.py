"""What the machine gives, and how much is asked at one moment."""
import os
import resource
import signal
import subprocess
import threading
import time

import pytest

import harness
from harness import LONG, SLOW, eventually
from test_providers import KEYS, ROWS, section
from test_wait import READ_MANY


@pytest.fixture
def mount(rig):
    def make(*fill, starter=(), **keys):
        emu = rig.emulator("--fill", *fill)
        return rig.mount(emu, starter=starter, config={
            "sessionfs": {"refresh": "200ms", **keys}}), emu
    return make


def rss_kib(pid):
    with open(f"/proc/{pid}/status") as f:
        return int(next(line.split()[1] for line in f
                        if line.startswith("VmRSS")))


def test_all_providers_work_with_64_descriptors(rig):
    """Its soft limit is raised as far as the hard one allows; here it cannot be."""
    emu = rig.emulator(*(word for row in ROWS for word in (
        "--fill", f"{row.type}:{row.workspace or 'livy'}=50")))
    m = rig.mount(
        env=KEYS, starter=["prlimit", "--nofile=64:64"],
        config=harness.key_file({"sessionfs": {"refresh": "200ms"}, **{
            row.type: section(row, emu) for row in ROWS}}))

    def sessions(row):
        top = os.path.join(m.path, row.type)
        return [name for room in os.listdir(top) if not room.startswith(".")
                for name in os.listdir(os.path.join(top, room))
                if name != "new" and not name.startswith(".")]

    def read_all(row):
        top = os.path.join(m.path, row.type)
        for room in os.listdir(top):
            if not room.startswith("."):
                for name in sessions(row):
                    assert m.read(top, room, name, "state")

    for row in ROWS:
        eventually(lambda: len(sessions(row)) == 50, 30)
    threads = [threading.Thread(target=read_all, args=(row,)) for row in ROWS]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    emu.reset()
    for row in ROWS:
        with open(os.path.join(m.path, row.type, ".refresh"), "w") as f:
            f.write("now")
    assert len(os.listdir(f"/proc/{m.pid}/fd")) < 64


HOLD = """if True:
    import os, resource, sys
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    names = [n for n in os.listdir(sys.argv[1]) if n.startswith("sc-")]
    kept = [os.open(f"{sys.argv[1]}/{names[i % len(names)]}/session.json",
                    os.O_RDONLY) for i in range(int(sys.argv[2]))]
    for fd in kept[::97]:
        assert os.pread(fd, 100, 0).startswith(b"{")
    print("open", flush=True)
    sys.stdin.read()
"""


def test_sixty_thousand_files_are_open_at_one_moment(mount):
    """And each of them reads what there is."""
    each = resource.getrlimit(resource.RLIMIT_NOFILE)[1] - 500
    if each < 4000:
        pytest.skip(f"a process may have only {each + 500} files open here")
    each = min(each, 15000)
    m, emu = mount("w-1=300", refresh="1h")
    name = next(n for n in os.listdir(m.ws("w-1")) if n.startswith("sc-"))
    before = rss_kib(m.pid)
    holders = [subprocess.Popen(
        ["/usr/bin/python3", "-c", HOLD, m.ws("w-1"), str(each)], text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        for _ in range(-(-60000 // each))]
    try:
        for one in holders:
            assert one.stdout.readline() == "open\n"
        assert m.read(m.ws("w-1"), name, "state")
        assert rss_kib(m.pid) - before < 2 * 60000  # KiB: 2 a file at most
    finally:
        for one in holders:
            one.communicate(timeout=60 * SLOW)
    assert [one.returncode for one in holders] == [0] * len(holders)
    assert m.read(m.ws("w-1"), name, "state")


def test_names_that_are_not_there_cost_no_memory(mount):
    """A million of them by --long."""
    m, emu = mount("w-1=3", refresh="1h")
    os.listdir(m.ws("w-1"))

    def ask(first, n):
        for i in range(first, first + n):
            assert not os.path.exists(os.path.join(m.ws("w-1"), f"no-{i}"))

    ask(0, 20000)
    before = rss_kib(m.pid)
    ask(20000, 980000 if LONG else 40000)
    assert rss_kib(m.pid) - before < 8 << 10
    emu.session("w-1", {"sessionClusterId": "no-7"})
    with open(os.path.join(m.ws("w-1"), ".refresh"), "w") as f:
        f.write("now")
    eventually(lambda: os.path.exists(os.path.join(m.ws("w-1"), "no-7")))


def test_a_daemon_that_was_stopped_goes_on(mount):
    """Whoever asked meanwhile gets his answer, and what changed is told."""
    m, emu = mount("w-1=3")
    name = next(n for n in os.listdir(m.ws("w-1")) if n.startswith("sc-"))
    state = os.path.join(m.ws("w-1"), name, "state")
    emu.session("w-1", {"sessionClusterId": name, "state": "Running"})
    eventually(lambda: m.read(state) == "Running\n")
    os.kill(m.pid, signal.SIGSTOP)
    try:
        emu.session("w-1", {"sessionClusterId": name, "state": "Stopped"})
        reader = subprocess.Popen(["cat", os.path.join(
            m.ws("w-1"), name, "config.json")], stdout=subprocess.PIPE)
        new = subprocess.Popen(
            ["sh", "-c", 'echo "$1" > "$0"', os.path.join(m.ws("w-1"), "new"),
             '{"name": "n", "kind": "SQL", "queueName": "root_queue"}'])
        time.sleep(1.5)  # sleeps: it is stopped for so long
        assert reader.poll() is None and new.poll() is None
    finally:
        os.kill(m.pid, signal.SIGCONT)
    assert reader.communicate(timeout=20 * SLOW)[0].startswith(b"{")
    assert new.wait(20 * SLOW) == 0
    eventually(lambda: m.read(state) == "Stopped\n")
    assert emu.count("CreateSessionCluster") == 1


def test_ten_thousand_wait_at_one_moment(mount):
    """A tenth of that without --long."""
    each, n = 500, 20 if LONG else 2
    m, emu = mount("w-1=3")
    emu.session("w-1", {"sessionClusterId": "sc-9", "state": "Starting"})
    place = os.path.join(m.ws("w-1"), "sc-9")
    eventually(lambda: os.path.exists(place))
    readers = [subprocess.Popen(
        ["/usr/bin/python3", "-c", READ_MANY,
         os.path.join(place, ".wait", "idle"), str(each)],
        stdout=subprocess.PIPE, text=True) for _ in range(n)]
    try:
        eventually(lambda: m.metric("sessionfs_parked_total") >= n * each, 60)
        began = time.monotonic()
        assert len(os.listdir(m.ws("w-1"))) >= 4
        assert time.monotonic() - began < SLOW
        emu.session("w-1", {"sessionClusterId": "sc-9", "state": "Running"})
        for one in readers:
            assert one.communicate(timeout=60 * SLOW)[0] == \
                f"{each} ['Running\\n']\n"
    finally:
        for one in readers:
            one.kill()
            one.wait()
