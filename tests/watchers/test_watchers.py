"""Watchers as people have them see all that comes, changes and goes, whoever else
looks at it meanwhile.

Each is a program of programs/ that says READY, and then "come PATH",
"change PATH" and "go PATH".
"""
import os
import shutil

import pytest

import environment
from harness import LONG, eventually
from watching import tasks

HERE = os.path.dirname(os.path.abspath(__file__))
PROGRAMS = os.path.join(HERE, "programs")
MANY, LOT = 200, 25
# What comes while parcel empties its list of events is lost to it: it gets one
# at a time.
FEW = {"parcel": (40, 1)}

# Looks at all there is, and at all that ever was.
POLLER = """
import os, sys, time
root, seen = sys.argv[1], set()
while True:
    try:
        seen.update(n for n in os.listdir(root) if n.startswith("sc-"))
    except OSError:
        pass
    for name in seen:
        for path in (name, name + "/state", name + "/phase"):
            try:
                os.stat(os.path.join(root, path))
            except OSError:
                pass
        try:
            with open(os.path.join(root, name, "state")) as f:
                f.read()
        except OSError:
            pass
    time.sleep(0.005)  # sleeps: the pace of those who poll
"""


def script(name):
    return os.path.join(PROGRAMS, name)


def loop(_):
    environment.need("inotifywait")
    return ["bash", script("loop.sh")], None


def pypi(name):
    return lambda _: ([environment.python(), script(name)], None)


def npm(name):
    return lambda _: (["node", script(name)], environment.node())


def java(_):
    return [environment.need("java"), script("Watch.java")], None


def fsnotify(_):
    return [environment.fsnotify()], None


# What CI runs, and what takes --long.
WATCHERS = {
    "inotifywait": loop,
    "watchdog": pypi("watchdog.py"),
    "watchfiles": pypi("watchfiles.py"),
    "chokidar": npm("chokidar.mjs"),
    "parcel": npm("parcel.cjs"),
}
OTHERS = {
    "java": java,
    "fsnotify": fsnotify,
    "watchman": lambda folder: (
        [shutil.which("python3"), script("watchman.py")], None),
}


class Watching:
    """One of them, at work."""

    def __init__(self, world, name, folder):
        self.world = world
        self.root = world.ws()
        try:
            argv, cwd = {**WATCHERS, **OTHERS}[name](folder)
            if name == "watchman":
                environment.need("watchman")
        except environment.Missing as e:
            pytest.skip(str(e))
        more = [str(folder)] if name == "watchman" else []
        self.program = world.program([*argv, self.root, *more], cwd=cwd)
        self.program.said("READY", 60)

    def watches(self):
        """How many inotify watches it and its children have."""
        family, found = {self.program.pid}, 0
        for _ in range(3):
            family |= {t.pid for t in tasks() if t.ppid in family}
        for pid in family:
            try:
                for fd in os.listdir(f"/proc/{pid}/fdinfo"):
                    with open(f"/proc/{pid}/fdinfo/{fd}") as f:
                        found += f.read().count("inotify wd:")
            except OSError:
                pass  # it ended meanwhile
        return found

    def told(self, kind, names, inside=""):
        """Those of the names of which it told."""
        lines = set(self.program.out)
        return {n for n in names
                if f"{kind} {os.path.join(self.root, n, inside)}".rstrip("/")
                in lines}

    def misses(self, kind, names, inside=""):
        return set(names) - self.told(kind, names, inside)

    def sees(self, kind, names, inside=""):
        def asked():
            missing = self.misses(kind, names, inside)
            assert not missing, (kind, len(missing), sorted(missing)[:5],
                                 self.program.err[-5:])
            return True
        eventually(asked, 30)


def lots(name):
    """The sessions for a watcher, in lots that come at once."""
    many, lot = FEW.get(name, (MANY, LOT))
    names = [f"sc-x{i:03}" for i in range(many)]
    return [names[i:i + lot] for i in range(0, many, lot)]


@pytest.mark.parametrize("name", [
    *WATCHERS, *(pytest.param(n, marks=pytest.mark.skipif(
        not LONG, reason="takes --long")) for n in OTHERS)])
def test_sees_every_session_come_change_and_go(world, name, tmp_path):
    world.start("w-1=5", refresh="100ms", views=False)
    os.listdir(world.ws())
    sessions = lots(name)
    for _ in range(2):
        world.program(["/usr/bin/python3", "-c", POLLER, world.ws()])
    watching = Watching(world, name, tmp_path)
    eventually(lambda: watching.watches() >= 6)
    for lot in sessions:
        for n in lot:
            world.set_state(n, "Running")
        watching.sees("come", lot)
    eventually(lambda: watching.watches() >= 6 + sum(map(len, sessions)), 30)
    for lot in sessions:
        for n in lot:
            world.set_state(n, "Error")
        watching.sees("change", lot, "state")
    for lot in sessions:
        for n in lot:
            world.emu.remove("w-1", n)
        watching.sees("go", lot)
    assert world.m.metric("sessionfs_events_failed_total") == 0
    assert "lost to watchers" not in world.m.log()


@pytest.mark.parametrize("name", WATCHERS)
def test_sees_one_session_change_again_and_again(world, name, tmp_path):
    """Without views: what follows links would watch one session by several
    names, and lose it with the first of them."""
    world.start("w-1=5", refresh="100ms", views=False)
    os.listdir(world.ws())
    watching = Watching(world, name, tmp_path)
    eventually(lambda: watching.watches() >= 6)
    session = world.names()[0]
    line = f"change {world.state_path(session)}"
    for number in range(5):
        before = watching.program.out.count(line)
        world.set_state(session, f"State{number}")
        eventually(lambda: watching.program.out.count(line) > before, 20)
