"""A mount, those who read it and the one that changes all: the provider's sessions,
its faults, the daemon's life.  Each act is picked at random, and what the mount
shows is told to the model."""
import collections
import errno
import glob
import json
import os
import random
import threading
import time

from provider import FEWEST, MOST, Provider
from harness import SLOW, eventually, key_file
from inotify import (IN_CLOSE_WRITE, IN_CREATE, IN_DELETE, IN_MOVED_FROM,
                     IN_MOVED_TO, Watcher)
from model import (OVERLAP_S, Creates, Deviation, EventLog, Model,
                   Watch)
from test_providers import KEYS, section
from world import write

READERS = 2
WATCHED = 5
GONE_KEPT = 12  # that long it is looked for what has gone
CAME, WENT = IN_CREATE | IN_MOVED_TO, IN_DELETE | IN_MOVED_FROM
# What is said of a mount whose daemon has died, and of a place that has gone.
DIED = (errno.ENOTCONN, errno.ECONNABORTED, errno.EINTR)
GONE = (errno.ENOENT, errno.ESTALE)
MAY_EXIST = (errno.ETIMEDOUT, *DIED)
SETTLE_S = 60
PACE_S = .0005  # a reader that never rests leaves nothing to the daemon


class Died(Exception):
    """The daemon did, in the middle of an act that tells nothing therefore."""


class Reader(threading.Thread):
    """Looks at the mount, and tells the model what it saw."""

    def __init__(self, play, seed):
        super().__init__(daemon=True)
        self.play, self.model = play, play.model
        self.pick = random.Random(seed)
        self.acts = 0
        self.wrong = None
        self.ways = ([self.file] * 12 + [self.list] * 2 + [self.phases, self.stat,
                     self.stat, self.table, self.lines, self.link, self.coming])

    def run(self):
        try:
            while not self.play.over:
                self.act()
                time.sleep(self.pick.random() * PACE_S)  # sleeps: the pace
        except BaseException as e:
            self.wrong = e

    def act(self):
        self.play.up.wait()
        self.life = self.play.life
        try:
            self.pick.choice(self.ways)()
        except Died:
            return
        except OSError as e:
            if self.life == self.play.life and self.play.alive():
                raise Deviation(f"{e!r}") from e
        self.acts += 1

    # ---- looking ----

    def begin(self):
        self.began, self.clock = time.monotonic(), time.time()

    def end(self):
        """When what was looked at was seen; (began, ended)."""
        ended = time.monotonic()
        if self.life != self.play.life:
            raise Died
        return self.began, ended

    def one(self):
        return self.pick.choice(list(self.model.sessions))

    def file(self, id=None, file=None):
        id = id or self.one()
        file = file or self.pick.choice(self.play.files)
        self.begin()
        try:
            fd = os.open(self.play.path(id, file), os.O_RDONLY)
            try:
                before, data = os.fstat(fd), b""
                while piece := os.read(fd, 1 << 17):
                    data += piece
                after = os.fstat(fd)
            finally:
                os.close(fd)
        except OSError as e:
            if e.errno not in GONE:
                raise
            self.model.saw_absent(id, file, *self.end())
            return
        moment = self.end()
        if data and not data.endswith(b"\n"):
            # The kernel had the size of other bytes already: somebody's stat came
            # between.  That is seldom, see `fine`.
            self.model.seen["cut"] += 1
            return
        self.tell(id, file, data.decode(), moment)
        if before.st_mtime_ns == after.st_mtime_ns:
            self.model.saw_file(id, file, data, after.st_mtime, self.clock)

    def tell(self, id, file, text, moment):
        if file == "state":
            self.model.saw_state(id, file, text.strip(), *moment)
        elif file == "phase":
            self.model.saw_phase(id, file, text.strip(), *moment)
        elif file == "session.json":
            # Of one that was only just created nothing more may be known.
            record = json.loads(text or "{}")
            if record and self.play.provider.id_of(record) != id:
                raise Deviation(f"the record of {id} is {text}")
            provider = self.play.provider
            self.model.saw_record(id, file, provider.state_of(record),
                                  provider.note_in(record), *moment)
        else:
            self.model.saw_note(
                id, file, self.play.provider.note_of(text), *moment)

    def list(self):
        self.begin()
        names = self.sessions_in(os.listdir(self.play.path()))
        self.model.saw_names(names, "ls", *self.end())

    @staticmethod
    def sessions_in(names):
        return {n for n in names if n != "new" and not n.startswith(".")}

    def phases(self, phase=None):
        phase = phase or self.pick.choice(
            list(self.play.provider.phases.values()))
        self.begin()
        names = set(os.listdir(self.play.path(".by-phase", phase)))
        self.model.saw_names(names, f"ls {phase}", *self.end(), among=phase)

    def stat(self, id=None):
        id = id or self.one()
        self.begin()
        try:
            inode = os.stat(self.play.path(id)).st_ino
        except OSError as e:
            if e.errno not in GONE:
                raise
            self.model.saw_absent(id, "stat", *self.end())
            return
        self.model.saw_there(id, "stat", *self.end())
        self.model.saw_inode(id, inode)

    def coming(self):
        """A name that the kernel will know to be absent."""
        self.stat(self.pick.choice(self.play.provider.coming()))

    def table(self):
        self.begin()
        with open(self.play.path(".sessions.tsv")) as f:
            rows = [line.split("\t") for line in f.read().split("\n")[1:-1]]
        self.model.saw_table({r[0]: r[2] for r in rows}, "tsv", *self.end())

    def lines(self):
        """In pieces: all of them are of one moment."""
        self.begin()
        text = b""
        with open(self.play.path(".sessions.jsonl"), "rb", buffering=0) as f:
            while piece := f.read(self.pick.randrange(50, 2000)):
                text += piece
        rows = [json.loads(line) for line in text.splitlines()]
        self.model.saw_table({r["session"]: r["state"] for r in rows}, "jsonl",
                             *self.end())

    def link(self, id=None):
        id = id or self.one()
        if not self.play.is_named(id):
            return
        self.begin()
        try:
            target = os.readlink(self.play.path(".by-name", f"n-{id}"))
        except OSError as e:
            if e.errno not in GONE:
                raise
            self.model.saw_absent(id, "link", *self.end())
            return
        self.model.saw_there(id, "link", *self.end())
        if os.path.basename(target) != id:
            raise Deviation(f"n-{id} leads to {target}")

    def everything(self):
        """Each way to look, at each session."""
        self.life = self.play.life
        self.list()
        for phase in set(self.play.provider.phases.values()):
            self.phases(phase)
        self.table()
        self.lines()
        for id in list(self.model.sessions):
            self.stat(id)
            self.link(id)
            for file in self.play.files:
                self.file(id, file)


class Play:
    """One world, and the thread that changes it."""

    def __init__(self, rig, type, seed, deaths=True, page_max=100, flaws="",
                 patience_s=SETTLE_S):
        self.rig, self.flaws, self.patience_s = rig, flaws, patience_s
        self.pick = random.Random(seed)
        self.model = Model({}, OVERLAP_S if page_max < FEWEST else 0)
        self.provider = Provider(rig, type, self.pick, self.model, page_max)
        self.creates, self.log = Creates(), EventLog(self.model)
        self.deaths = deaths
        self.files = ("state", "phase", "session.json",
                      self.provider.note_file())
        self.folder = rig.new_folder("play")
        self.log_at = 0
        self.tally = collections.Counter()
        self.usage = []
        self.watcher = None
        self.over = False
        self.life = 0  # odd: it is down, or about to be
        self.up = threading.Event()
        self.start()
        self.readers = [Reader(self, seed * 100 + n) for n in range(READERS)]
        self.checker = Reader(self, seed * 100 + READERS)  # on our thread
        eventually(lambda: len(os.listdir(self.path())) > FEWEST, 30)
        self.settle()
        for reader in self.readers:
            reader.start()

    # ---- the daemon ----

    def start(self):
        row, emu = self.provider.row, self.provider.emu
        self.mount = self.rig.mount(folder=self.folder, env={
            **KEYS, "SESSIONFS_FAILPOINT_FLAWS": self.flaws}, config=key_file({
                "sessionfs": {"state_dir": self.folder + "/state",
                              "refresh": "100ms", "deadline": "2s",
                              "create_deadline": "2s"},
                "cloud": {**section(row, emu), "calls_per_second": 100000,
                          "burst": 100000, "list_lag": "1s"}}))
        room = self.provider.room
        if row.type == "livy":
            room = emu.url.removeprefix("http://") + "%2Flivy"
        self.place = os.path.join(self.mount.path, "cloud", room)
        self.watch_some()
        self.up.set()

    def alive(self):
        return self.mount.alive()

    def path(self, *rest):
        return os.path.join(self.place, *rest)

    def is_named(self, id):
        """Whether its name is the one that we gave."""
        session = self.model.sessions.get(id)
        return self.provider.type != "dataproc" and session is not None and \
            self.provider.is_ours(id)

    def die(self):
        """By SIGKILL, or in order; with a create on its way, or without."""
        writer = None
        self.up.clear()
        if self.pick.random() < .5:
            writer = threading.Thread(target=self.create)
            writer.start()
            time.sleep(self.pick.random() * .02)  # sleeps: a random moment
        self.life += 1
        self.unwatch()
        if self.pick.random() < .8:
            self.mount.kill()
            self.tally["kills"] += 1
        else:
            self.mount.stop()
            self.tally["stops"] += 1
        if writer:
            writer.join(30 * SLOW)
        self.read_log_of_the_dead()
        for _ in range(self.pick.randrange(5)):
            self.change()
        self.life += 1
        self.start()

    # ---- what is changed ----

    def living(self):
        return self.pick.choice(self.model.there())

    def change(self):
        self.provider.set(self.living())

    def appear(self):
        if len(self.model.there()) < MOST:
            self.provider.appear()

    def vanish(self):
        if len(self.model.there()) > FEWEST:
            self.provider.vanish(self.living())

    def create(self):
        if len(self.model.there()) >= MOST:
            return
        mark, spec = self.provider.spec()
        began = time.monotonic()
        made = write(self.path("new"), [spec.encode()], mark=mark, read=True)
        self.creates.wrote(mark, made.errno,
                           made.errno in MAY_EXIST and made.whole)
        self.provider.learn(began)
        if made.answer:
            self.model.made(os.path.basename(made.answer["path"]),
                            time.monotonic())
        self.tally["creates"] += 1

    def verb(self):
        id = self.living()
        self.model.change(id, loose=True)
        write(self.path(id, "ctl"), [self.provider.row.end.encode()])
        records = {self.provider.id_of(r): r for r in self.provider.records()}
        self.provider.pin(id, records.get(id))

    ACTS = {change: 60, appear: 8, vanish: 7, create: 3, verb: 2}

    def act(self):
        self.pick.choices(list(self.ACTS), list(self.ACTS.values()))[0](self)
        if self.pick.random() < .05:
            self.provider.trouble()
        if self.pick.random() < .05:
            self.provider.no_trouble()
        self.tally["changes"] += 1

    # ---- watching ----

    def watch_some(self):
        self.watch = Watch(self.model)
        self.watcher = Watcher(self.on_event)
        self.watcher.add(self.path(), CAME | WENT)
        there = [id for id in self.model.there()
                 if os.path.exists(self.path(id))]
        for id in self.pick.sample(there, min(WATCHED, len(there))):
            path = self.path(id, "state")
            try:
                self.watcher.add(path, IN_CLOSE_WRITE)
            except FileNotFoundError:
                continue
            self.read_watched(path)

    def unwatch(self):
        self.watcher.close()
        self.watcher = None

    def on_event(self, event):
        if event.mask & IN_CLOSE_WRITE:
            self.read_watched(event.path)
        elif event.name != "new" and not event.name.startswith("."):
            self.watch.told(event.name, bool(event.mask & CAME))

    def read_watched(self, path):
        try:
            with open(path) as f:
                self.watch.bytes[path] = f.read().strip()
        except OSError:
            pass  # it has gone, or the daemon has

    def watched_right(self):
        """Whoever reads after each event has read what is."""
        self.watcher.count()  # raises what the callback has raised
        for path, text in list(self.watch.bytes.items()):
            last = self.last(path.split("/")[-2])
            assert not last.there or text == last.state, (path, text, last)
        for id, here in list(self.watch.here.items()):
            assert here == self.last(id).there, (id, here)
        return True

    def last(self, id):
        return self.model.session(id).last()

    def read_log(self):
        """What was added to the event log; it may have turned meanwhile."""
        path = os.path.join(self.mount.path, ".sessionfs", "events")
        turned = os.path.getsize(path) < self.log_at
        self.read_lines(path + ".1" if turned else path)
        if turned:
            self.log_at = 0
            self.read_lines(path)

    def read_lines(self, path):
        with open(path, "rb") as f:
            f.seek(self.log_at)
            for line in f:
                event = json.loads(line)
                if "id" in event:
                    self.log.line(event)
            self.log_at = f.tell()

    def read_log_of_the_dead(self):
        """What was told before it died."""
        path = max(glob.glob(self.folder + "/state/*/.events.*"),
                   key=lambda name: int(name.rpartition(".")[2]))
        if os.path.getsize(path) >= self.log_at:
            self.read_lines(path)
        self.log.restarted()

    def log_right(self):
        self.read_log()
        for id, state in self.log.state.items():
            last = self.last(id)
            assert not last.there or state == last.state, (id, state, last)
        return True

    # ---- when nothing moves ----

    def refresh(self):
        """Until a listing that was asked for is complete."""
        def asked():
            self.began, self.moves = time.monotonic(), self.model.moves
            with open(self.path(".refresh"), "w") as f:
                f.write("now")
            return True
        eventually(asked, self.patience_s)
        return self.began, self.moves, time.monotonic()

    def same(self):
        """It shows what is there by itself."""
        there = self.model.there()
        names = self.checker.sessions_in(os.listdir(self.path()))
        assert names == set(there), names ^ set(there)
        for id in there:
            with open(self.path(id, "state")) as f:
                assert f.read().strip() == self.last(id).state, id
        return True

    def settle(self):
        self.provider.no_trouble()
        self.provider.learn()
        self.provider.pin_all()
        self.model.no_strangers()
        if self.pick.random() < .5:
            eventually(self.same, self.patience_s)
        self.model.refreshed(*self.refresh())
        began, moves, ended = self.refresh()
        self.model.twice_refreshed(began, moves, ended)
        self.checker.everything()
        eventually(self.watched_right, min(15, self.patience_s))
        eventually(self.log_right, min(15, self.patience_s))
        self.creates.check({m: len(ids)
                            for m, ids in self.provider.marks.items()})
        gone = [id for id, s in self.model.sessions.items()
                if not s.last().there and len(s.versions) > 1]
        for id in gone[:-GONE_KEPT]:
            self.model.forget(id)
        self.note_usage()
        self.tally["settled"] += 1

    def note_usage(self):
        with open(f"/proc/{self.mount.pid}/status") as f:
            rss, = [int(line.split()[1]) for line in f if line[:6] == "VmRSS:"]
        self.usage.append(
            (rss, len(os.listdir(f"/proc/{self.mount.pid}/fd"))))

    def fine(self):
        if self.model.seen["cut"] > 1 + self.model.seen["times"] / 10000:
            raise Deviation(f"{self.model.seen['cut']} reads were cut")
        for reader in self.readers:
            if reader.wrong:
                raise reader.wrong

    def round(self, acts=40):
        for _ in range(acts):
            self.act()
            self.fine()
            time.sleep(self.pick.random() * .02)  # sleeps: the pace
        if self.deaths:
            self.die()
        self.settle()
        self.fine()

    def count(self):
        return sum(r.acts for r in self.readers) + self.checker.acts + \
            self.tally["changes"]

    def close(self):
        """All have come to their end, and saw nothing wrong."""
        self.end()
        self.fine()

    def end(self):
        self.over = True
        self.up.set()
        for reader in self.readers:
            if reader.is_alive():
                reader.join(30 * SLOW)
        if self.watcher:
            self.unwatch()

    def figures(self):
        self.tally["operations"] = self.count()
        self.tally["looks"] = sum(self.model.seen.values())
        return self.tally
