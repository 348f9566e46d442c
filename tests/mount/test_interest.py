"""Whoever looks is served fresh things; whoever does not costs nothing.

Interest is known by one upcall per window and by what the kernel still holds
after it was told to forget.
"""
import os
import subprocess

import pytest

from harness import SLOW, eventually, held, meanwhile, policy

LIST = "ListSessionClusters"
WINDOW = 2 if SLOW == 1 else 4
CONFIG = {"sessionfs": {"refresh": "100ms", "window": f"{WINDOW}s"},
          "alibaba": {"workspaces": "w-1; w-2"}}


@pytest.fixture
def world(emulator, mount):
    emu = emulator("--fill", "w-1=50", "--fill", "w-2=5")
    return emu, mount(emu, config=CONFIG)


def first_session(mount):
    return sorted(n for n in os.listdir(mount.ws("w-1"))
                  if n.startswith("sc-"))[0]


def upcalls(mount):
    """All but those that reading the metrics themselves costs."""
    found = {k.split('"')[1]: v for k, v in mount.metrics().items()
             if k.startswith("sessionfs_upcalls_total")}
    return found


@policy
def test_nobody_looks_nobody_asks(world):
    emu, m = world
    with held(m.ws("w-2")):
        assert meanwhile(emu, "w-1", "w-2", 10) == 0
        m.run(f"ls -la {m.path} {m.path}/alibaba > /dev/null").ok()
        assert meanwhile(emu, "w-1", "w-2", 10) == 0


def test_only_the_workspace_that_is_looked_at_is_asked(world):
    emu, m = world
    os.listdir(m.ws("w-2"))
    before = len(emu.requests())
    eventually(lambda: emu.count(LIST) > 5)
    assert all("/w-2/" in r["target"] for r in emu.requests()[before:]
               if "sessionClusters" in r["target"])


@policy
def test_a_finished_ls_is_forgotten(world):
    emu, m = world
    with held(m.ws("w-2")):
        os.listdir(m.ws("w-1"))
        assert meanwhile(emu, "w-1", "w-2", 10) > 0
        eventually(lambda: meanwhile(emu, "w-1", "w-2", 5) == 0, 4 * WINDOW)
        assert meanwhile(emu, "w-1", "w-2", 20) == 0


# Names that are not there, and events made for those who only looked, leave
# things behind in the kernel that hold a directory although nobody does.
ONCE = ["stat {w}/nope {w}/.git", "stat {w}/{s}/nope",
        "stat {w}/.by-state/nope {w}/.by-name/nope {w}/.by-state/Running/nope",
        "find {w}; echo stop > {w}/{s}/ctl",
        "ls -lR {w}/.by-phase {w}/.by-state; echo stop > {w}/{s}/ctl",
        "ls -la {w}; cat {w}/.sessions.tsv; echo stop > {w}/{s}/ctl",
        "ls -la {w}; echo '{{\"name\": \"a\", \"kind\": \"SQL\"}}' > {w}/new"]


@policy
def test_who_was_there_once_is_forgotten_whatever_he_did(emulator, mount):
    rooms = [f"w-{i}" for i in range(len(ONCE) + 1)]
    emu = emulator(*[arg for room in rooms for arg in ("--fill", room + "=5")],
                   "--start-ms", 200, "--stop-ms", 200)
    m = mount(emu, config={
        "sessionfs": {"refresh": "300ms", "window": "2s"},
        "alibaba": {"workspaces": "; ".join(rooms)}})

    def asked(rounds):
        """Until the one that is held was asked so many times."""
        emu.reset()
        eventually(lambda: sum(f"/{rooms[-1]}/sessionClusters" in r["target"]
                               for r in emu.requests()) >= rounds)
        return {room for room in rooms for r in emu.requests()
                if f"/{room}/sessionClusters" in r["target"]}

    for room, command in zip(rooms, ONCE):
        name = sorted(n for n in os.listdir(m.ws(room)) if n[0] == "s")[0]
        emu.session(room, {"sessionClusterId": name, "state": "Running"})
        eventually(lambda: m.read(m.ws(room), name, "state") == "Running\n")
        m.run("(" + command.format(w=m.ws(room), s=name) + ") > /dev/null")
    with open(os.path.join(m.ws(rooms[-1]), "new"), "w"):  # who stays, stays
        eventually(lambda: asked(3) == {rooms[-1]}, 20)
        assert asked(7) == {rooms[-1]}


def outlives_a_look(emu, m):
    """Who looks at w-1 keeps it fresh for longer than one look would, as one at w-2
    does."""
    os.listdir(m.ws("w-2"))
    eventually(lambda: meanwhile(emu, "w-2", "w-1", 10) == 0, 4 * WINDOW)


@policy
@pytest.mark.parametrize("look", ["ls -U {w} > /dev/null",
                                  "cat {w}/{s}/state > /dev/null",
                                  "stat {w}/{s} > /dev/null"])
def test_a_loop_through_the_kernels_cache_keeps_it_fresh(world, look):
    emu, m = world
    name = first_session(m)
    command = look.format(w=m.ws("w-1"), s=name)
    loop = subprocess.Popen(
        ["bash", "-c", f"while :; do {command}; sleep 0.05; done"])
    try:
        outlives_a_look(emu, m)
    finally:
        loop.kill()
        loop.wait()


@pytest.mark.parametrize("holder", [
    "cd {w}; exec sleep 1000", "exec sleep 1000 < {w}/{s}/state",
    "exec inotifywait -qm {w}/{s}/state", "exec inotifywait -qm {w}"])
def test_what_is_held_is_kept_fresh_until_it_is_let_go(world, holder):
    emu, m = world
    name = first_session(m)
    who = subprocess.Popen(
        ["bash", "-c", holder.format(w=m.ws("w-1"), s=name)],
        stdout=subprocess.DEVNULL)
    try:
        outlives_a_look(emu, m)
    finally:
        who.kill()
        who.wait()
    with held(m.ws("w-2")):
        eventually(lambda: meanwhile(emu, "w-1", "w-2", 5) == 0, 6 * WINDOW)


def test_the_working_directory_of_somebody_idle_stays_one(world):
    emu, m = world
    idle = subprocess.Popen(["/usr/bin/python3", "-c", f"""if True:
        import os
        os.chdir({m.ws('w-1')!r})
        os.listdir('.')
        input()
        print(os.getcwd())"""], text=True, stdin=subprocess.PIPE,
        stdout=subprocess.PIPE)
    outlives_a_look(emu, m)
    assert idle.communicate("\n", timeout=20 * SLOW)[0].strip() == m.ws("w-1")


@policy
def test_a_session_that_moves_is_asked_faster(emulator, mount):
    emu = emulator("--fill", "w-1=5", "--fill", "w-2=5", "--manual-clock")
    m = mount(emu, config={"sessionfs": {"refresh": "4s", "window": "60s"},
                           "alibaba": {"workspaces": "w-1; w-2"}})
    name = first_session(m)
    emu.session("w-1", {"sessionClusterId": name, "state": "Running"})
    m.run(f"echo stop > {m.ws('w-1')}/{name}/ctl").ok()
    assert m.read(m.ws("w-1"), name, "state") == "Stopping\n"
    with held(m.ws("w-2")):
        meanwhile(emu, "w-1", "w-2", 1)
        assert meanwhile(emu, "w-1", "w-2", 1) >= 3


def test_stat_cat_and_absence_are_the_kernels(emulator, mount):
    emu = emulator("--fill", "w-1=200")
    m = mount(emu, config={"sessionfs": {"refresh": "1h", "window": "10m"}})
    w = m.ws("w-1")
    names = [n for n in os.listdir(w) if n.startswith("sc-")]
    paths = [os.path.join(w, n, "state") for n in names]

    def look():
        for path in paths:
            os.stat(path)
        for n in names:
            with open(os.path.join(w, n, "state")) as f:
                f.read()
        for i in range(200):
            assert not os.path.exists(f"{w}/sc-absent-{i}")

    look()
    look()  # what was opened while the kernel was told of the listing
    for path in paths:
        os.stat(path)  # the first read made the kernel doubt the atime
    before = upcalls(m)
    for path in paths:
        os.stat(path)
    after = upcalls(m)
    assert sum(after.values()) - sum(before.values()) < 10  # of metrics itself
    before = after
    for path in paths:
        with open(path) as f:
            f.read()
    after = upcalls(m)
    extra = {k: after[k] - before[k] for k in after if after[k] != before[k]}
    assert 200 <= extra["open"] < 205 and 200 <= extra["release"] < 205, extra
    assert sum(extra.values()) < 410, extra
    before = after
    for i in range(200):
        assert not os.path.exists(f"{w}/sc-absent-{i}")
    after = upcalls(m)
    assert sum(after.values()) - sum(before.values()) < 10
    assert len(os.listdir(w)) > 200
    before = upcalls(m)
    for _ in range(20):
        os.listdir(w)
    after = upcalls(m)
    assert sum(after.values()) - sum(before.values()) < 10


def test_ls_l_uses_readdirplus_after_a_plain_ls(emulator, mount):
    emu = emulator("--fill", "w-1=5000")
    m = mount(emu, config={"sessionfs": {"refresh": "1h", "window": "10m"}})
    assert len(os.listdir(m.ws("w-1"))) > 5000
    assert len(os.listdir(m.ws("w-1"))) > 5000
    before = upcalls(m)
    m.run(f"ls -lU {m.ws('w-1')} > /dev/null", timeout=60).ok()
    after = upcalls(m)
    assert after["lookup"] - before["lookup"] < 2500
    assert after["readdirplus"] > before["readdirplus"]


def test_an_absent_name_that_appears_is_found(emulator, mount):
    emu = emulator("--fill", "w-1=5")
    m = mount(emu, config={"sessionfs": {"refresh": "50ms"}})
    os.listdir(m.ws("w-1"))
    for i in range(20):
        path = f"{m.ws('w-1')}/sc-new-{i}"
        assert not os.path.exists(path)
        emu.session("w-1", {"sessionClusterId": f"sc-new-{i}",
                            "state": "Running"})
        eventually(lambda: os.path.exists(path + "/state"), interval=0.001)


def test_who_goes_where_nobody_was_knows_where_he_is(emulator, mount):
    """His lookup found what was not known yet: it must not be taken for one that
    had been told to be absent."""
    emu = emulator("--fill", "w-1=5")
    for _ in range(10):
        m = mount(emu)
        done = m.run("/bin/pwd", cwd=m.ws("w-1"))
        assert done.ok() == m.ws("w-1") + "\n" and done.err == ""
        m.stop()


def test_an_open_file_reads_the_new_bytes(emulator, mount):
    emu = emulator("--fill", "w-1=5")
    m = mount(emu, config={"sessionfs": {"refresh": "50ms"}})
    name = first_session(m)
    emu.session("w-1", {"sessionClusterId": name, "state": "Running"})
    path = f"{m.ws('w-1')}/{name}/state"
    eventually(lambda: m.read(path) == "Running\n")
    fd = os.open(path, os.O_RDONLY)
    try:
        assert os.pread(fd, 100, 0) == b"Running\n"
        emu.session("w-1", {"sessionClusterId": name, "state": "Error"})
        eventually(lambda: os.pread(fd, 100, 0) == b"Error\n")
        assert m.read(path) == "Error\n"
    finally:
        os.close(fd)


def test_a_vanished_session_is_gone_for_those_inside(emulator, mount):
    emu = emulator("--fill", "w-1=5")
    m = mount(emu, config={"sessionfs": {"refresh": "50ms"}})
    name = first_session(m)
    path = f"{m.ws('w-1')}/{name}"
    fd = os.open(path, os.O_RDONLY)
    try:
        emu.remove("w-1", name)
        eventually(lambda: not os.path.exists(path))
        with pytest.raises(OSError):
            os.stat("state", dir_fd=fd)
    finally:
        os.close(fd)
