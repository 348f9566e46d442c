"""Workers of one mount that are killed, under readers, watchers, pollers and writers
of which each keeps account of what it saw.

A change gives a session a name with a number that only grows, so that each read tells
which state it is of: it may never be an older one than the same reader saw before, nor
one that the emulator never had.  After the last kill and the last change all is
compared with what the emulator has.
"""
import collections
import errno
import json
import os
import random
import select
import signal
import threading
import time

import inotify
from harness import SESSIONFS, SLOW, eventually

SESSIONS = 12
OTHERS = int(os.environ.get("KILL_SESSIONS") or 0)  # which nobody changes
LARGE = "sc-00"  # its record is over the page cache's limit
PADDING = "x" * 150000
PATIENCE_S = 30
WS = "w-1"


class Shift:
    def __init__(self, rig, seed, flaws="", step=""):
        self.pick = random.Random(seed)
        self.emu = rig.emulator("--start-ms", "50", "--fill", f"{WS}={OTHERS}")
        self.names = [f"sc-{n:02d}" for n in range(SESSIONS)]
        self.serial = 0
        self.now = {}  # {session: its last number}
        self.lock = threading.Lock()
        for name in self.names:
            self.change(name)
        self.mount = rig.mount(
            self.emu, {"sessionfs": {"refresh": "100ms", "window": "60s",
                                     "create_deadline": "2s"},
                       "alibaba": {"calls_per_second": 100000,
                                   "burst": 100000, "workspaces": WS,
                                   "list_lag": "500ms"}},
            options=["-o", "keeper"],
            env={"SESSIONFS_FAILPOINT_FLAWS": flaws,
                 "SESSIONFS_FAILPOINT_KILL": step})
        self.tally = collections.Counter()
        self.wrong = []
        self.over = threading.Event()
        self.threads = []
        self.pauses = []
        self.last = {}  # {(who, session): number}, as watchers and pollers saw
        self.writes = []  # (mark, errno)
        self.watcher = None

    # ---- the provider ----

    def change(self, name):
        with self.lock:
            self.serial += 1
            record = {"sessionClusterId": name, "state": "Running",
                      "name": f"v{self.serial:08d}"}
            if name == LARGE:
                record["padding"] = PADDING
            self.now[name] = self.serial  # a read may see it from here on
            self.emu.session(WS, record)

    # ---- what is seen ----

    def path(self, name, file="session.json"):
        return os.path.join(self.mount.ws(WS), name, file)

    def offence(self, text):
        with self.lock:
            self.wrong.append(text)

    def number_in(self, name, data, who):
        """Of the state that these bytes are of; None: it cannot be one."""
        try:
            record = json.loads(data)
            number = int(record["name"][1:])
        except (ValueError, KeyError) as e:
            self.offence(f"{who}: {name}: {e!r}: {data[:60]!r}")
            return None
        if number > self.now[name]:
            self.offence(f"{who}: {name}: {number} never was")
        if name == LARGE and record.get("padding") != PADDING:
            self.offence(f"{who}: {name}: not its padding")
        return number

    def account(self, who, name, number):
        before = self.last.get((who, name), 0)
        if number is None:
            return
        if number < before:
            self.offence(f"{who}: {name}: {number} after {before}")
        self.last[who, name] = max(before, number)

    def timed(self, what, *args):
        began = time.monotonic()
        try:
            return what(*args)
        finally:
            self.pauses.append(time.monotonic() - began)

    def failed(self, who, e):
        self.tally["failed"] += 1
        self.offence(f"{who}: {e!r}")

    # ---- those who look ----

    def read_whole(self, fd):
        data, part = b"", True
        while part:
            part = self.timed(os.pread, fd, 65536, len(data))
            data += part
        return data

    def reader(self, who, pick):
        while not self.over.is_set():
            name = pick.choice(self.names)
            try:
                fd = self.timed(os.open, self.path(name), os.O_RDONLY)
                try:
                    data = self.read_whole(fd)
                finally:
                    os.close(fd)
            except OSError as e:
                # A file over 128 KiB that has changed since a dead worker
                # opened it, in the middle of being read: sessionfs(8).
                if e.errno == errno.ESTALE and name == LARGE:
                    self.tally["torn"] += 1
                    continue
                self.failed(f"{who}: {name}", e)
                continue
            self.tally["reads"] += 1
            self.account(who, name, self.number_in(name, data, who))

    def walker(self, who, pick):
        while not self.over.is_set():
            try:
                # A listing of many is many reads: it is not one pause.
                found = os.listdir(self.mount.ws(WS))
                for name in self.names:
                    self.timed(os.stat, self.path(name, "state"))
            except OSError as e:
                self.failed(who, e)
                continue
            self.tally["walks"] += 1
            missing = set(self.names) - set(found)
            if missing:
                self.offence(f"{who}: {missing} are not listed")

    def poller(self, who, pick):
        name = pick.choice(self.names[1:])
        fd = os.open(self.path(name), os.O_RDONLY)
        poll = select.poll()
        poll.register(fd, select.POLLPRI)
        while not self.over.is_set():
            try:
                data = os.pread(fd, 1 << 20, 0)
                self.account(who, name, self.number_in(name, data, who))
                while not self.over.is_set() and not poll.poll(200):
                    pass
            except OSError as e:
                self.failed(f"{who}: {name}", e)
            self.tally["polls"] += 1
        os.close(fd)

    def watch(self):
        """Each event has its file read, as who watches does."""
        def seen(event):
            name = os.path.basename(os.path.dirname(event.path))
            try:
                with open(event.path, "rb") as f:
                    data = f.read()
            except OSError as e:
                if e.errno != errno.ESTALE:
                    self.failed(f"watcher: {name}", e)
                return
            self.tally["events"] += 1
            self.account("watcher", name,
                         self.number_in(name, data, "watcher"))

        self.watcher = inotify.Watcher(seen)
        for name in self.names[1:]:
            self.watcher.add(self.path(name), inotify.IN_CLOSE_WRITE)

    def writer(self, who, pick):
        serial = 0
        while not self.over.is_set():
            serial += 1
            mark = f"kill-{who}-{serial}"
            spec = json.dumps({"name": mark, "kind": "NOTEBOOK"}).encode()
            cut = pick.randrange(1, len(spec)) if pick.random() < .3 else 0
            number = 0
            try:
                fd = os.open(os.path.join(self.mount.ws(WS), "new"),
                             os.O_WRONLY)
                try:
                    if cut:
                        os.write(fd, spec[:cut])
                    os.write(fd, spec[cut:])
                finally:
                    os.close(fd)
            except OSError as e:
                number = e.errno
            self.writes.append((mark, number))
            self.tally["writes"] += 1
            # sleeps: at random, so that kills fall between writes too.
            time.sleep(pick.random() / 20)

    def changer(self, who, pick):
        while not self.over.is_set():
            self.change(pick.choice(self.names))
            # sleeps: at random, so that changes fall anywhere in a take-over.
            time.sleep(pick.random() / 50)

    # ---- the shift ----

    def begin(self, readers=4, walkers=1, pollers=4, writers=2):
        jobs = ([self.reader] * readers + [self.walker] * walkers +
                [self.poller] * pollers + [self.writer] * writers +
                [self.changer])
        self.watch()
        for n, job in enumerate(jobs):
            who = f"{job.__name__}{n}"
            thread = threading.Thread(
                target=job, args=(who, random.Random(self.pick.random())),
                daemon=True)
            thread.start()
            self.threads.append(thread)

    def kill(self, longest=.3):
        # sleeps: the moment of a kill is what is random here.
        time.sleep(self.pick.random() * longest * SLOW)
        worker = int(self.mount.told("worker"))
        fd = os.pidfd_open(worker)
        signal.pidfd_send_signal(fd, signal.SIGKILL)
        os.close(fd)
        self.tally["kills"] += 1
        return worker

    def upgrade(self):
        """Another program takes over: as a kill, and the keeper's end too."""
        self.mount.run([SESSIONFS, "upgrade", self.mount.path],
                       timeout=60).ok()
        assert int(self.mount.told("pid")) == self.mount.pid and self.mount.alive()
        self.tally["upgrades"] += 1

    def deaths(self):
        return self.mount.log().count("another takes over")

    def end(self):
        """Nobody does anything any more.  FALSE: somebody waits for ever, and all
        are let go."""
        self.over.set()
        end = time.monotonic() + PATIENCE_S * SLOW
        for thread in self.threads:
            thread.join(max(0, end - time.monotonic()))
        if not any(thread.is_alive() for thread in self.threads):
            return True
        self.offence("somebody waits for ever")
        self.mount.end_connection()  # a dead worker's thread may hold it
        self.mount.kill()
        self.mount.detach()
        return False

    def check(self):
        """What is wrong when all has come to rest."""
        for name in self.names:
            eventually(lambda: self.number_in(
                name, open(self.path(name), "rb").read(), "last") ==
                self.now[name], 20)
        # What was changed last has to be known to who watches and polls.
        for (who, name), number in sorted(self.last.items()):
            if who == "watcher" and name != LARGE:
                self.late(who, name)
        self.check_writes()
        self.watcher.close()

    def leave(self):
        """A worker may come to its step in the end, too: the mount goes."""
        status = self.mount.terminate()
        if status not in (0, 1) or self.mount.is_mounted():
            self.offence(f"the end: status {status}, "
                         f"mounted: {self.mount.is_mounted()}")

    def late(self, who, name):
        try:
            eventually(lambda: self.last[who, name] == self.now[name], 5)
        except AssertionError:
            self.offence(f"{who}: {name}: saw {self.last[who, name]} last, "
                         f"and it is {self.now[name]}")

    def check_writes(self):
        made = collections.Counter(
            s.get("name") for s in self.emu.sessions(WS))
        for mark, number in self.writes:
            self.tally[f"write {errno.errorcode.get(number, 0)}"] += 1
            most = 1 if number in (0, errno.ETIMEDOUT, errno.EINTR) else 0
            least = 1 if number == 0 else 0
            # What was written is right, and one at a time.
            if (not least <= made[mark] <= most or
                    number in (errno.EBUSY, errno.EINVAL)):
                self.offence(f"{mark}: errno {number}, and there are "
                             f"{made[mark]}")


def table(tally, pauses, seed):
    """What the kills did, a line each; pauses in ms."""
    pauses.sort()
    rows = [("seed", seed), *sorted(tally.items())]
    for name, part in (("p99", .99), ("worst", 1)):
        rows.append((f"{name} ms", round(
            pauses[min(int(len(pauses) * part), len(pauses) - 1)] * 1000)))
    return "\n".join(f"  {name:22} {value:>8}" for name, value in rows)


def run_shift(rig, seed, kills):
    """In a process of the crew: (tally, pauses, what was wrong)."""
    shift = Shift(rig, seed)
    shift.begin()
    for n in range(kills):
        shift.kill()
        if n % 10 == 5:
            shift.upgrade()
    if shift.end():
        shift.check()
    return shift.tally, shift.pauses, shift.wrong


def run_step(rig, seed, step, deaths, flaws=""):
    """The same, where each worker dies by itself at a step."""
    shift = Shift(rig, seed, flaws, step)
    shift.begin()
    try:
        eventually(lambda: shift.deaths() >= deaths, 40)
    finally:
        well = shift.end()
    if well:
        shift.check()
        shift.leave()
    return shift.tally, shift.pauses, shift.wrong
