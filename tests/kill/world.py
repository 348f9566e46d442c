"""One emulator, one daemon that is killed and started again, and what was asked
of it: every write is remembered, and `offences` compares what became of them with
what the emulator has.

What a write asked for is told by its mark, a word in its spec that the session's
record bears too.  Writes of the same mark ask for the same.
"""
import collections
import dataclasses
import errno
import glob
import json
import os
import re
import shutil
import sys
import uuid

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "mount"))
import harness  # noqa: E402
from harness import SLOW, eventually  # noqa: E402
from test_providers import KEYS, ROWS, section  # noqa: E402

TYPES = [row.type for row in ROWS]
# Sent twice they make one session, so that a retry may be blind.
TOKENED = ("emr", "emr-serverless", "dataproc", "livy")
TOKENS = {"emr": "ClientRequestToken", "dataproc": "requestId"}
SECOND = {"alibaba": "w-2", "emr": "j-2ABCDEFGHIJKL", "dli": "queue_b",
          "emr-serverless": "00fapp000000002"}
# The member of a record that tells its id, or where that stands last.
IDS = {"alibaba": "sessionClusterId", "emr-serverless": "sessionId",
       "emr": "Id", "dli": "id", "livy": "id", "dataproc": "name"}
# So long a new session may be missing from listings; what the emulator delays,
# and how long this machine lets a program wait for its turn, has to be less.
LIST_LAG_MS = 1000 * SLOW
# A member that two specs of one mark may differ in, and that records tell.
VARIANTS = {"alibaba": ("kind", "SQL", "NOTEBOOK"),
            "dli": ("sc_type", "A", "B"),
            "emr-serverless": ("idleTimeoutMinutes", 30, 31),
            "emr": ("SessionIdleTimeoutInMinutes", 30, 31)}
OPEN = ("waiting", "sent", "looking", "created", "starting")
MAY_EXIST = (errno.ETIMEDOUT, errno.EINTR)
# The daemon died meanwhile, which is no answer of its own.
DIED = (errno.ENOTCONN, errno.ECONNABORTED)
MARK = re.compile(r"kill-[0-9a-z-]+")


def mark_of(text):
    found = MARK.search(text)
    return found.group() if found else None


def spec_of(type, mark, token=None, variant=0):
    """A spec of the provider that bears the mark, as it is written."""
    spec = dict(next(row.spec for row in ROWS if row.type == type))
    if type == "livy":
        spec["conf"] = {"spark.test.mark": mark}
    elif type == "dataproc":
        spec["jupyterSession"] = {"kernel": "PYTHON", "displayName": mark}
    else:
        spec["Name" if type == "emr" else "name"] = mark
    spec.pop("driverMemory", None)  # it would be a size of its own
    if type in VARIANTS:
        spec[VARIANTS[type][0]] = VARIANTS[type][1 + variant]
    if token:
        spec[TOKENS.get(type, "clientToken")] = token
    return json.dumps(spec)


def new_token(pick):
    return str(uuid.UUID(int=pick.getrandbits(128), version=4))


@dataclasses.dataclass
class Wrote:
    """A write of a whole spec, or of what was written of one."""
    mark: str
    errno: int
    whole: bool = True  # its last byte was written, or tried to be
    answer: dict = None
    token: str = None

    def may_exist(self):
        return self.whole and self.errno in (0, *MAY_EXIST, *DIED)


def write(path, pieces, whole=True, mark=None, token=None, read=False):
    """Writes the pieces one by one, up to the one that fails."""
    done = 0
    answer = None
    try:
        fd = os.open(path, os.O_RDWR if read else os.O_WRONLY)
    except OSError as e:
        return Wrote(mark, e.errno, False)
    try:
        for piece in pieces:
            done += 1
            os.write(fd, piece)
        failed = 0
        if read and whole:
            answer = json.loads(os.read(fd, 65536))
    except OSError as e:
        # What cannot be read back was written all the same.
        failed = failed if "failed" in locals() else e.errno
    try:
        os.close(fd)
    except OSError:
        pass
    return Wrote(mark, failed, whole and done == len(pieces), answer, token)


@dataclasses.dataclass
class Request:
    rid: str
    workspace: str
    state: str
    spec: str
    session: str
    error: str

    @property
    def mark(self):
        return mark_of(self.spec)


class World:
    def __init__(self, rig, type, deadline="200ms", state_dir=None,
                 list_lag_ms=LIST_LAG_MS):
        self.rig = rig
        self.row = next(row for row in ROWS if row.type == type)
        self.type = type
        self.deadline = deadline
        self.list_lag_ms = list_lag_ms
        self.emu = rig.emulator("--start-ms", "200", "--stop-ms", "200")
        self.rooms = [self.row.workspace or "livy"]
        if type in SECOND:
            self.rooms.append(SECOND[type])
        for room in self.rooms:
            self.emu.workspace(room, type)
        self.folder = rig.new_folder("world")
        self.state_dir = state_dir or os.path.join(self.folder, "state")
        self.medium = os.path.join(self.folder, "medium")
        os.mkdir(self.medium)
        self.mount = None
        self.writes = []
        self.last = {}  # {rid: Request}, once it was over, or unknown
        self.serial = 0

    # ---- the daemon ----

    def start(self, kill="", flaws="", wait=True):
        sections = {
            "sessionfs": {"state_dir": self.state_dir, "refresh": "200ms",
                          "create_deadline": self.deadline},
            "cloud": {**section(self.row, self.emu),
                      "list_lag": f"{self.list_lag_ms}ms"}}
        env = {**KEYS, "SESSIONFS_FAILPOINT_KILL": kill,
               "SESSIONFS_FAILPOINT_FLAWS": flaws,
               "SESSIONFS_FAILPOINT_MEDIUM": self.medium}
        self.mount = self.rig.mount(
            config=harness.key_file(sections), env=env, folder=self.folder,
            wait=wait)
        return self.mount

    def until_dead(self):
        """It has been killed, by itself."""
        assert self.mount.wait_killed() == -9
        return self

    def journals(self):
        return glob.glob(os.path.join(self.state_dir, "*", ".requests"))

    def journal(self):
        found = self.journals()
        assert len(found) == 1, found
        return found[0]

    def power_cut(self):
        """What the daemon left is what was on the medium, and nothing else."""
        for place in self.journals():
            copy_files(self.medium, place)

    def written_back(self):
        """The system has written to the medium what nobody waited for."""
        for place in self.journals():
            copy_files(place, self.medium)

    # ---- the tree ----

    def room_dir(self, room):
        """The workspace's directory; Livy's is its address."""
        if self.type == "livy":
            room = self.emu.url.removeprefix("http://") + "%2Flivy"
        return os.path.join(self.mount.path, "cloud", room)

    def new(self, room=None):
        return os.path.join(self.room_dir(room or self.rooms[0]), "new")

    def requests(self):
        """Of both kinds; what cannot be read is an OSError."""
        return [self.request(room, rid) for room in self.rooms
                for rid in os.listdir(self.room_dir(room) + "/.requests")]

    def request(self, room, rid):
        place = os.path.join(self.room_dir(room), ".requests", rid)
        # What comes with a state is there before it.
        state = text_of(place, "state").strip()
        result = text_of(place, "result")
        spec = "spec.json" if os.path.exists(place + "/spec.json") else "verb"
        return Request(
            rid, room, state, text_of(place, spec),
            json.loads(result).get("session") if result else None,
            text_of(place, "error").strip())

    def resolve(self, request, words):
        """The errno of it."""
        self.last.pop(request.rid, None)
        return write(os.path.join(self.room_dir(request.workspace),
                                  ".requests", request.rid, "resolve"),
                     [words.encode()]).errno

    def settled(self, timeout=20):
        """All requests, once nothing is open any more."""
        def all_settled():
            found = self.requests()
            still = [r for r in found if r.state in OPEN]
            assert not still, still
            return [found]
        return eventually(all_settled, timeout + LIST_LAG_MS / 1000)[0]

    def sessions(self):
        """{mark: [ids of sessions that the API made]}"""
        found = collections.defaultdict(list)
        self.variants = {}
        for room in self.rooms:
            dump = self.emu.dump(room, self.type)
            made = {m["id"] for m in dump["made"]}
            for session in dump["sessions"]:
                id = str(session[IDS[self.type]]).split("/")[-1]
                made.remove(id)
                found[mark_of(json.dumps(session))].append(id)
                self.variants[id] = self.variant_of(session)
            assert not made, f"sessions have gone: {made}"
        return found

    def moved(self, now):
        """What was over, or unknown, stays so; but what failed before it was sent
        may be forgotten when the power goes, and what was looked for and not
        found is not failed any more when a session turns up that may be its."""
        for rid, was in self.last.items():
            r = now.get(rid)
            revised = r and was.state == "failed" and \
                "was looked for" in (was.error or "") and \
                r.state in ("done", "unknown")
            if not r and was.state != "failed" or r and not revised and \
                    (r.state, r.session) != (was.state, was.session):
                yield f"request {rid} has changed from {was} to {r}"
        self.last = {rid: now[rid] for rid in now if now[rid].state not in OPEN}

    def variant_of(self, spec):
        return spec.get(VARIANTS.get(self.type, (None,))[0])

    def next_mark(self):
        self.serial += 1
        return f"kill-{self.serial}"

    def write(self, mark, room=None, token=None, **how):
        """A whole spec in one write; it counts."""
        text = spec_of(self.type, mark, token)
        made = write(self.new(room), [text.encode()], mark=mark, token=token,
                     **how)
        self.writes.append(made)
        return made

    # ---- the accounting ----

    def offences(self, requests):
        """Sentences: what is wrong; none when all is well."""
        writes, asked = by_mark(self.writes), by_mark(requests)
        sessions = self.sessions()
        requests = [r for r in requests if r.mark]  # and no verbs
        found = [f"request {r.rid} is {r.state} and says not why"
                 for r in requests
                 if r.state in ("failed", "unknown") and not r.error]
        found += [f"request {r.rid} has got a session of another spec: {r}"
                  for r in requests if r.state == "done" and
                  self.variants.get(r.session) not in
                  (None, self.variant_of(json.loads(r.spec)))]
        found += self.moved({r.rid: r for r in requests})
        for mark in {*writes, *asked, *sessions}:
            account = Account(writes[mark], asked[mark], sessions[mark])
            found += [f"{mark}: {what}; {account}"
                      for what in account.offences()]
        return found


@dataclasses.dataclass
class Account:
    """All that is known of one mark."""
    writes: list
    requests: list
    sessions: list

    def __str__(self):
        return (f"writes {[(w.errno, w.whole) for w in self.writes]}, "
                f"requests {[(r.rid, r.state, r.session, r.error) for r in self.requests]}, "
                f"sessions {self.sessions}")

    def offences(self):
        by_state = collections.defaultdict(list)
        for r in self.requests:
            by_state[r.state].append(r)
        done = by_state["done"]
        doubt = by_state["unknown"] + by_state["abandoned"]
        by_rid = {r.rid: r for r in self.requests}
        token = any(w.token for w in self.writes)
        kept = [w for w in self.writes if w.whole and w.errno == 0]
        may = [w for w in self.writes if w.may_exist()]
        refused = [w for w in self.writes
                   if w.whole and w.errno == errno.EINVAL]
        claimed = [r.session for r in done]
        ran = len(self.sessions) - len(done)

        if set(claimed) - set(self.sessions):
            yield "a request is done without a session"
        if len(set(claimed)) < len(claimed):
            yield "two requests claim one session"
        if ran < 0:
            yield "fewer sessions than requests that are done"
        if ran > len(doubt):
            yield f"{ran - len(doubt)} sessions that nobody answers for"
        if token and len(self.sessions) > 1:
            yield "a token made more than one session"
        if len(done) < (min(1, len(kept)) if token else len(kept)):
            yield "a write that returned 0 made no session"
        if len(self.sessions) > len(may):
            yield "a session behind an error that says there is none"
        if not token and len(by_state["failed"]) < len(refused):
            yield "a refusal that no request tells of"
        if len(self.requests) > len([w for w in self.writes if w.whole]):
            yield "a request that nobody wrote"
        for w in kept:
            r = by_rid.get(w.answer["request"]) if w.answer else None
            if w.answer and (not r or r.state != "done" or
                             r.session != w.answer["session"]):
                yield f"what was answered is no longer so: {w.answer}"


def by_mark(things):
    found = collections.defaultdict(list)
    for thing in things:
        found[thing.mark].append(thing)
    return found


def text_of(*path):
    with open(os.path.join(*path), errors="surrogateescape") as f:
        return f.read()


def copy_files(source, target):
    """Makes the files of a directory those of another."""
    for name in os.listdir(target):
        os.unlink(os.path.join(target, name))
    for name in os.listdir(source):
        if not name.endswith(".part"):
            shutil.copy2(os.path.join(source, name), target)
