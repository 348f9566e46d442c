"""Everything at once, at random: what it shows is that nothing races, waits for
itself or is left behind.  A minute over the tsan build, ten by tests/run --long.
"""
import os
import random
import time

from harness import LONG, LONG_S, SLOW, eventually, run
from inotify import IN_ALL_EVENTS, IN_CLOSE_WRITE, IN_CREATE, IN_DELETE
from watching import CHANGED, emitters, is_over, stuck

SECONDS = LONG_S if LONG else {"tsan": 30, "asan": 15}.get(
    os.environ.get("BUILD_NAME"), 8)

# Each is a loop of its own over the mount $1, with the pace $2.  What is there
# one moment is gone the next, so no error counts.
LOOPS = {
    "ls": 'ls -l "$1"/alibaba/*/',
    "find": 'find "$1" -newermt 2020-01-01 -name "s*"',
    "cat": 'cat "$1"/alibaba/w-1/sc-*[05]/{state,session.json,config.json}',
    "views": 'cat "$1"/alibaba/w-*/.by-*/{*,}/state "$1"/alibaba/w-*/.status; '
             'ls -l "$1"/alibaba/w-*/.by-*/',
    "tables": 'wc "$1"/alibaba/w-*/.sessions.* "$1"/.sessionfs/*',
    "refresh": 'touch "$1"/alibaba/{.refresh,w-1/.refresh,w-2/.refresh}',
    "wait": 'for s in "$1"/alibaba/w-1/sc-*1; do '
            'timeout --foreground 0.2 cat "$s/.wait/idle" "$s/.wait/failed"; done',
    "absent": 'stat "$1"/alibaba/w-{1,2,3}/sc-{new,none}-{1,2,3}/state',
    "touch": 'touch -c "$1"/alibaba/w-1/sc-*7/state; mkdir "$1"/alibaba/w-1/x',
    "inotifywait": 'timeout --foreground 2 inotifywait -qmr "$1"/alibaba',
}
LOOP = """
while :; do
    %s
    sleep "$2"
done > /dev/null 2>&1
"""

# Opens states, waits for POLLPRI on them and reads them, again and again.
POLLER = r"""
import glob, os, random, select, sys
pick = random.Random(int(sys.argv[2]))
while True:
    poll, fds = select.poll(), {}
    paths = glob.glob(sys.argv[1] + "/alibaba/w-*/sc-*[2-6]/state")
    for path in pick.sample(paths, min(20, len(paths))):
        try:
            fd = os.open(path, os.O_RDONLY)
        except OSError:
            continue
        fds[fd] = path
        poll.register(fd, select.POLLPRI)
    for _ in range(20):
        for fd, _ in poll.poll(100):
            try:
                os.pread(fd, 100, 0)
            except OSError:
                poll.unregister(fd)
    for fd in fds:
        os.close(fd)
"""

FAULTS = (
    {"status": 500}, {"status": 503, "retry_after": 1}, {"status": 429},
    {"drop": True}, {"cut": 300}, {"delay_ms": 300}, {"body": "{"},
    {"chunked": True}, {"duplicate": True}, {"empty": True})


class Provider:
    """Does to the emulator what comes to its mind."""

    def __init__(self, world, pick):
        self.world = world
        self.emu = world.emu
        self.pick = pick
        self.serial = 0

    def change(self):
        self.emu.churn(workspace="w-1", change=self.pick.randrange(1, 60))

    def one(self):
        names = self.world.names("w-2")
        if names:
            self.world.set_state(
                self.pick.choice(names),
                self.pick.choice(("Running", "Error", "Stopped", "Starting")),
                "w-2")

    def add(self):
        self.emu.churn(workspace="w-1", add=self.pick.randrange(1, 20))

    def remove(self):
        if len(self.world.names()) > 100:
            self.emu.churn(workspace="w-1", remove=self.pick.randrange(1, 20))

    def named(self):
        name = f"sc-new-{self.pick.randrange(1, 4)}"
        if self.pick.random() < .5:
            self.emu.session("w-2", {"sessionClusterId": name,
                                     "name": f"n-{self.serial % 3}",
                                     "state": "Running"})
        elif name in self.world.names("w-2"):
            self.emu.remove("w-2", name)

    def workspace(self):
        self.emu.workspace("w-3")
        self.emu.churn(workspace="w-3", add=5)

    def no_workspace(self):
        self.emu.workspace("w-3")  # lest it was not there
        self.emu.control("DELETE", "workspace?workspace=w-3")

    def trouble(self):
        self.emu.fault(action="*", times=self.pick.randrange(1, 4),
                       **self.pick.choice(FAULTS))

    def no_trouble(self):
        self.emu.no_faults()

    def act(self):
        self.serial += 1
        acts = (self.change,) * 4 + (self.one,) * 4 + (
            self.add, self.remove, self.named, self.workspace,
            self.no_workspace, self.trouble, self.no_trouble)
        self.pick.choice(acts)()


def rewatch(world, watcher, pick, wds):
    """Some watch more, some less."""
    for wd in pick.sample(wds, len(wds) // 2):
        wds.remove(wd)
        try:
            watcher.remove(wd)
        except OSError:
            pass  # what it watched is gone
    for name in pick.sample(world.names(), 10):
        for path, mask in ((world.state_path(name), CHANGED),
                           (os.path.join(world.ws(), name), IN_ALL_EVENTS)):
            try:
                wds.append(watcher.add(path, mask))
            except OSError:
                pass  # not shown any more, or not yet


def answers(world):
    """The mount does, whatever goes on."""
    run(["stat", world.m.path, world.ws(), world.ws() + "/new"],
        timeout=10).ok()
    world.m.read(".sessionfs", "metrics", timeout=10)


def start_loops(world, seed):
    pace = str(0.03 * SLOW)
    for command in LOOPS.values():
        world.program(["bash", "-c", LOOP % command, "loop", world.m.path,
                       pace])
    for n in range(2):
        world.program(["/usr/bin/python3", "-c", POLLER, world.m.path,
                       str(seed + n)])


def test_everything_at_once(world):
    seed = int(os.environ.get("STRESS_SEED") or time.time())
    print("STRESS_SEED =", seed)
    pick = random.Random(seed)
    world.start("w-1=200", "w-2=20", refresh="100ms", window="2s",
                workspaces=None)
    provider = Provider(world, pick)
    watcher, wds = world.watcher(), []
    for path in (os.path.join(world.m.path, "alibaba"), world.ws(),
                 world.ws("w-2")):
        watcher.add(path, IN_CREATE | IN_DELETE)
    start_loops(world, seed)
    end = time.monotonic() + SECONDS
    asked = 0
    while time.monotonic() < end:
        for _ in range(5):
            provider.act()
            time.sleep(pick.random() * 0.1)  # sleeps: the pace of the load
        rewatch(world, watcher, pick, wds)
        if time.monotonic() > asked + 1:
            answers(world)
            asked = time.monotonic()
    assert watcher.count(IN_CREATE) and watcher.count(IN_CLOSE_WRITE)
    provider.no_trouble()
    still_true(world)
    pids = [p.pid for p in world.programs]
    for program in world.programs:
        program.close()
    assert not [pid for pid in pids if not is_over(pid)]
    assert not stuck(world.m.pid, *emitters(world.m), os.getpid())
    world.m.stop()


def still_true(world):
    """After all that, what is shown is what is, and changes are still told."""
    for workspace in ("w-1", "w-2"):
        def same():
            shown = [n for n in os.listdir(world.ws(workspace))
                     if n.startswith("sc-")]
            assert sorted(shown) == world.names(workspace)
            return True
        eventually(same, 60)
    name = world.names()[0]
    last = world.watcher()
    last.add(world.state_path(name), CHANGED)
    for word in ("StateA", "StateB"):
        world.set_state(name, word)
        eventually(lambda: world.shows(name, word), 60)
        eventually(lambda: last.count(IN_CLOSE_WRITE), 60)
        last.clear()
