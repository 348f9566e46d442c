"""What the mount may show for a given history of the provider.

The provider's history of a session is a list of versions: it is absent, then
there in one state after another, then absent for good.  An id is never used
again.  Each version has the time of the monotonic clock before which it cannot
have been seen.

Whoever looks at the mount (`ls` is one way to look, `cat state` another) sees one
version of each session, and never one before that which the same way has shown
already.  What a listing that was asked for has found is the least that any way
shows from then on.  A restart of the daemon, or its death, changes none of this.
"""
import bisect
import collections
import dataclasses
import datetime
import threading
import time

# A file's time may be that much older than the reading of the bytes before it: the
# daemon notices a change at once, the kernel drops the old bytes a little later, and
# on a busy machine later still.
TIME_SLACK_S = 5
# Where a workspace has several pages, it is asked for in several ways at once.  Of
# questions that overlap nobody can say which was answered first: what is shown may be
# as old as the longest of them.
OVERLAP_S = 2
KEPT_FLOORS = 16


class Deviation(Exception):
    """The mount showed what the model forbids; no wait for better goes on then."""


@dataclasses.dataclass
class Version:
    """lo: it cannot be seen before; hi: from then on it is what the provider has,
    or None while that is not known.  A state or note of None may be any, and what
    is loose may be anything."""
    there: bool
    state: str = None
    note: str = None
    lo: float = 0.0
    hi: float = None
    loose: bool = False


class Floor:
    """The least version that may be seen, by the moment from which that is so."""

    def __init__(self):
        self.since, self.least = [], []

    def at(self, moment):
        found = bisect.bisect_right(self.since, moment)
        return self.least[found - 1] if found else 0

    def rise(self, least, moment):
        if self.least and least <= self.least[-1]:
            return
        if self.since and moment < self.since[-1]:
            moment = self.since[-1]
        # `at` reads without a lock: what it finds has to have its moment.
        self.least.append(least)
        self.since.append(moment)
        if len(self.since) > KEPT_FLOORS:
            del self.since[0], self.least[0]


class Session:
    def __init__(self, id):
        self.id = id
        self.name = None  # in .by-name, and while it is known
        self.versions = [Version(False, hi=0.0)]
        self.floors = collections.defaultdict(Floor)
        self.every = Floor()  # of all ways to look
        self.inode = None
        self.files = {}  # {file: (bytes, time of reading, mtime)}

    def last(self):
        return self.versions[-1]

    def known_at(self, moment):
        """The version that the provider had at that moment, or a newer one."""
        for i in range(len(self.versions) - 1, -1, -1):
            hi = self.versions[i].hi
            if hi is not None and hi <= moment:
                return i
        return 0


class Model:
    """lock: of what more than one look at a time may write."""

    def __init__(self, phase_of, overlap_s=0):
        self.phase_of = phase_of  # {state: phase}
        self.overlap_s = overlap_s
        self.sessions = {}
        self.inodes = {}
        self.lock = threading.RLock()
        self.moves = 0  # of sessions that came or went
        self.strangers = set()  # of nobody that is known; creates may have made them
        self.seen = collections.Counter()

    # ---- the history ----

    def session(self, id):
        """It may be one that has never been there."""
        with self.lock:
            if id not in self.sessions:
                self.sessions[id] = Session(id)
            return self.sessions[id]

    def change(self, id, there=True, state=None, note=None, **how):
        """What the provider is about to have; the caller says `done` after."""
        session = self.session(id)
        with self.lock:
            version = Version(there, state, note,
                              **{"lo": time.monotonic(), **how})
            self.moves += version.there != session.last().there
            session.versions.append(version)
        return version

    @staticmethod
    def done(version):
        version.hi = time.monotonic()

    def forget(self, id):
        """One that has gone, and that nobody can see any more."""
        with self.lock:
            del self.sessions[id]

    def there(self):
        """The ids of those that the provider has now."""
        return [id for id, s in list(self.sessions.items()) if s.last().there]

    def no_strangers(self):
        """Once it is known what creates have made."""
        strange = self.strangers - set(self.sessions)
        if strange:
            raise Deviation(f"there are sessions that never were: {strange}")
        self.strangers.clear()

    # ---- what was seen ----

    def look(self, id, way, fits, began, ended, seen=""):
        """One version of the session fits what was seen in [began, ended]."""
        session = self.session(id)
        with self.lock:
            floor = session.floors[way]
        least = max(self.overlapped(session, floor.at(began), began),
                    session.every.at(began))
        for i in range(least, len(session.versions)):
            version = session.versions[i]
            if version.lo > ended:
                break
            if version.loose or fits(version):
                with self.lock:
                    floor.rise(i, ended)
                self.seen[way] += 1
                return version
        raise Deviation(self.why(session, f"{way} {seen}", least, began, ended))

    def overlapped(self, session, least, moment):
        """The least version when questions may overlap."""
        while least and session.versions[least].lo > moment - self.overlap_s:
            least -= 1
        return least

    @staticmethod
    def why(session, way, least, began, ended):
        told = "\n".join(
            f"  {i}: {v} {'(least)' if i == least else ''}"
            for i, v in enumerate(session.versions))
        return (f"{session.id}: what {way} showed in [{began:.6f}, "
                f"{ended:.6f}] is none of these:\n{told}")

    def saw_absent(self, id, way, began, ended):
        self.look(id, way, lambda v: not v.there, began, ended)

    def saw_there(self, id, way, began, ended):
        self.look(id, way, lambda v: v.there, began, ended)

    def saw_names(self, names, way, began, ended, among=None):
        """A listing: who is in it is there, and who is not is not.  among: the
        phase whose sessions it lists."""
        self.strangers.update(id for id in names if id not in self.sessions)
        for id in list(self.sessions):
            listed = id in names
            self.look(id, way, lambda v: self.may_list(v, among, listed),
                      began, ended, listed)

    def may_list(self, version, among, listed):
        if not version.there:
            return not listed
        if among is None:
            return listed
        return version.state is None or \
            listed == (self.phase_of[version.state] == among)

    def saw_state(self, id, way, state, began, ended):
        self.look(id, way, lambda v: v.there and v.state in (state, None),
                  began, ended, state)

    def saw_phase(self, id, way, phase, began, ended):
        self.look(id, way, lambda v: v.there and (
            v.state is None or self.phase_of[v.state] == phase), began, ended, phase)

    def saw_note(self, id, way, note, began, ended):
        self.look(id, way, lambda v: v.there and v.note in (note, None),
                  began, ended, note)

    def saw_record(self, id, way, state, note, began, ended):
        """Of one answer of the provider: both of one version.  A note of None is
        not told there."""
        self.look(id, way, lambda v: v.there and v.state in (state, None) and
                  (note is None or v.note in (note, None)), began, ended,
                  (state, note))

    def saw_table(self, rows, way, began, ended):
        """rows: {id: state} of all sessions."""
        self.strangers.update(id for id in rows if id not in self.sessions)
        for id in list(self.sessions):
            state = rows.get(id)
            self.look(id, way, lambda v: v.there == (id in rows) and (
                not v.there or v.state in (state, None)), began, ended, state)

    def refreshed(self, began, moves, ended):
        """A listing that began after `began` is what everybody sees.  Pages shift
        while sessions come and go, so that it may have missed some then."""
        with self.lock:
            if moves != self.moves:
                return
            for session in self.sessions.values():
                least = session.known_at(began)
                # What is gone is believed when two listings have missed it.
                if not session.versions[least].there and least > 0:
                    least -= 1
                session.every.rise(least, ended)

    def twice_refreshed(self, began, moves, ended):
        with self.lock:
            if moves != self.moves:
                return
            for session in self.sessions.values():
                session.every.rise(session.known_at(began), ended)

    def made(self, id, ended):
        """A create that was told to be done: everybody sees its session."""
        session = self.session(id)
        with self.lock:
            first = next(i for i, v in enumerate(session.versions) if v.there)
            session.every.rise(first, ended)

    # ---- numbers and times ----

    def saw_inode(self, id, inode):
        session = self.session(id)
        with self.lock:
            if session.inode is None:
                session.inode = inode
            owner = self.inodes.setdefault(inode, id)
        if session.inode != inode:
            raise Deviation(f"{id} had the inode number {session.inode}, and "
                            f"has {inode}")
        if owner != id:
            raise Deviation(f"{id} has the inode number {inode} of {owner}")

    def saw_file(self, id, file, bytes, mtime, began):
        """began: the time of day at which the reading of these bytes began."""
        session = self.session(id)
        with self.lock:
            before = session.files.get(file)
            if before and before[1] > began:
                return  # another thread has looked later
            session.files[file] = (bytes, began, mtime)
        if not before:
            return
        if mtime < before[2]:
            raise Deviation(f"the time of {id}/{file} went back from "
                            f"{before[2]} to {mtime}")
        if bytes != before[0] and mtime < before[1] - TIME_SLACK_S:
            raise Deviation(
                f"{id}/{file} has other bytes than at {before[1]}, and is of "
                f"{mtime}: {before[0]!r}, {bytes!r}")
        self.seen["times"] += 1


class Creates:
    """What became of each spec that was written, told by its mark."""

    def __init__(self):
        self.sure, self.doubt = {}, set()

    def wrote(self, mark, errno, may_exist):
        if not errno:
            self.sure[mark] = True
        elif may_exist:
            self.doubt.add(mark)
        else:
            self.sure[mark] = False

    def check(self, found):
        """found: {mark: how many sessions the provider has made}."""
        for mark, wanted in self.sure.items():
            if found.get(mark, 0) != int(wanted):
                raise Deviation(f"{mark}: {found.get(mark, 0)} sessions for a write "
                                f"that {'returned 0' if wanted else 'failed'}")
        for mark, n in found.items():
            if n > 1 or mark not in self.sure and mark not in self.doubt:
                raise Deviation(f"{mark}: {n} sessions")


class Watch:
    """What a watcher of a directory and of files was told, within one life of the
    daemon: it reads after each event, as man pages say."""

    def __init__(self, model):
        self.model = model
        self.here = {}  # {id: whether it was there by the last event}
        self.bytes = {}  # {path: what it read after the last event}

    def told(self, id, came):
        if self.here.get(id) is came:
            raise Deviation(f"{id} {'came' if came else 'went'} twice in a row")
        if id not in self.model.sessions:
            self.model.strangers.add(id)
        self.here[id] = came


class EventLog:
    """The lines of .sessionfs/events, in their order."""

    def __init__(self, model):
        self.model = model
        self.state = {}  # {id: the last state that was told}
        self.at = {}     # {id: the least version that the next line may tell}

    def restarted(self):
        """What was stored and not told is lost with the daemon."""
        self.state.clear()

    def line(self, event):
        """Each tells a version that is not older than the one before."""
        id, what = event["id"], event["what"]
        session = self.model.sessions.get(id)
        if session is None:
            raise Deviation(f"the log tells of {id}, which never was: {event}")
        gone = what == "vanished"
        state = None if gone else event.get("to")
        if what == "state" and id in self.state and \
                self.state[id] != event["from"]:
            raise Deviation(f"the log told {self.state[id]} of {id} last: {event}")
        moment = datetime.datetime.fromisoformat(event["time"]).timestamp() - \
            time.time() + time.monotonic()
        least = self.model.overlapped(session, self.at.get(id, 0), moment)
        for i in range(least, len(session.versions)):
            version = session.versions[i]
            if version.loose or version.there != gone and (
                    gone or version.state in (state, None)):
                self.at[id] = i
                break
        else:
            raise Deviation(self.model.why(
                session, f"the log ({event})", least, 0, 0))
        if state is not None:
            self.state[id] = state
        self.model.seen["log"] += 1
