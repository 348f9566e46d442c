"""The emulator as the model's provider: each change is first told to the model."""
import dataclasses
import json
import os
import sys
import uuid

sys.path[:0] = [os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", part)
                for part in ("mount", "kill")]
from test_providers import ROWS  # noqa: E402
from world import IDS, MARK, spec_of  # noqa: E402

# Sessions that are there at once; ids of those that come are never used again.
FEWEST, MOST = 6, 30
STATE = {"emr": "State"}
# What a session may be; a Livy session never begins again.
PHASES = {
    "alibaba": {"Starting": "starting", "Running": "idle", "Stopping": "stopping",
                "Stopped": "stopped", "Error": "failed"},
    "aws": {"SUBMITTED": "pending", "STARTING": "starting", "IDLE": "idle",
            "BUSY": "busy", "TERMINATING": "stopping",
            "TERMINATED": "stopped", "FAILED": "failed"},
    "dli": {"idle": "idle", "busy": "busy", "shutting_down": "stopping",
            "dead": "stopped", "error": "failed"},
    "livy": {"idle": "idle", "busy": "busy", "shutting_down": "stopping",
             "killed": "stopped", "error": "failed"},
    "dataproc": {"CREATING": "starting", "ACTIVE": "idle",
                 "TERMINATING": "stopping", "TERMINATED": "stopped",
                 "FAILED": "failed"}}
# Those in which creates begin.
BEGINS = {"dli": {"starting": "starting"}, "livy": {"starting": "starting"}}
# The file that shows a text of each version, and whether the record does, too.
NOTE_FILE = {"dli": "webui", "livy": "webui"}

FAULTS = (
    {"status": 500}, {"status": 503, "retry_after": 1}, {"status": 503},
    {"drop": True}, {"cut": 20}, {"cut": 300}, {"delay_ms": 150}, {"body": "{"},
    {"body": ""}, {"chunked": True}, {"duplicate": True}, {"hang": True},
    {"status": 429, "retry_after": 1}, {"headers": {"content-type": "text/html"}})
CREATE_FAULTS = (
    {"status": 500}, {"status": 500, "after": True}, {"status": 503, "after": True},
    {"drop": True}, {"drop": True, "after": True}, {"cut": 5, "after": True},
    {"status": 400}, {"body": "{", "after": True})


@dataclasses.dataclass
class Provider:
    rig: object
    type: str
    pick: object  # what is random
    model: object
    page_max: int = 100

    def __post_init__(self):
        self.row = next(row for row in ROWS if row.type == self.type)
        self.room = self.row.workspace or "livy"
        self.phases = PHASES.get(self.type) or PHASES["aws"]
        self.model.phase_of = {**self.phases, **BEGINS.get(self.type, {})}
        self.marks = {}  # {mark: ids of the sessions that were ever made}
        self.serial = 0
        self.planted_ids = set()
        self.ids = []  # of those that will come, the next one last
        self.emu = self.rig.emulator(
            "--fill", f"{self.type}:{self.room}={FEWEST}", "--start-ms", 3600000,
            "--stop-ms", 3600000, "--page-max", self.page_max)
        self.example = self.records()[-1]
        for record in self.records():
            self.set(self.id_of(record))

    # ---- records ----

    def id_of(self, record):
        return str(record.get(IDS[self.type])).split("/")[-1]

    def state_of(self, record):
        return record.get(STATE.get(self.type, "state"))

    def records(self):
        return self.emu.sessions(self.room, self.type)

    def note(self, text):
        """The members that tell it."""
        if self.type in ("dli", "livy"):
            return {"appInfo": {"driverLogUrl": None,
                                "sparkUiUrl": f"http://ui.example/{text}"}}
        return {
            "alibaba": {"stateChangeReason": {"code": "200", "message": text}},
            "emr": {"StateChangeReason": text},
            "emr-serverless": {"stateDetails": text},
            "dataproc": {"stateMessage": text}}[self.type]

    def note_in(self, record):
        """What a record says of it; None where that is masked."""
        if self.type == "alibaba":
            return (record.get("stateChangeReason") or {}).get("message")
        return record.get({"emr": "StateChangeReason",
                           "emr-serverless": "stateDetails",
                           "dataproc": "stateMessage"}.get(self.type))

    def note_file(self):
        return NOTE_FILE.get(self.type, "reason")

    def note_of(self, text):
        """What the file's text tells."""
        return text.strip().replace(" ", "/").rpartition("/")[2]

    def id_member(self, id):
        """As a record has it."""
        if self.type == "livy":
            return int(id)
        if self.type == "dataproc":
            return self.example["name"].rpartition("/")[0] + "/" + id
        return id

    def planted(self, id):
        """A record of a session that nobody made through the API."""
        record = {**self.example, IDS[self.type]: self.id_member(id)}
        if self.type == "dataproc":
            record["uuid"] = str(uuid.UUID(int=self.pick.getrandbits(128)))
        name = "Name" if self.type == "emr" else "name"
        if self.type != "dataproc":
            record[name] = f"n-{id}"
        return record

    # ---- what happens there ----

    def new_id(self):
        return {
            "alibaba": f"sc-{self.serial:016x}", "emr": f"ss-{self.serial:013d}",
            "emr-serverless": f"00s{self.serial:013d}",
            "dli": f"00000000-0000-4000-8000-{self.serial:012d}",
            "livy": f"{900000 - self.serial}",
            "dataproc": f"s-{self.serial:012d}"}[self.type]

    def coming(self):
        """The ids of the next ones, which readers ask for already."""
        while len(self.ids) < 4:
            self.serial += 1
            self.ids.insert(0, self.new_id())
            self.model.session(self.ids[0])
        return self.ids

    def set(self, id, record=None):
        """Another state and note; record: the whole of it."""
        self.serial += 1
        state, note = self.pick.choice(list(self.phases)), f"v{self.serial}"
        version = self.model.change(id, True, state, note)
        self.emu.session(self.room, {
            **(record or {}), IDS[self.type]: self.id_member(id),
            STATE.get(self.type, "state"): state, **self.note(note)}, self.type)
        self.model.done(version)

    def is_ours(self, id):
        """Planted by us, and no session of a create."""
        return id in self.planted_ids

    def appear(self):
        id = self.coming().pop()
        self.planted_ids.add(id)
        self.set(id, self.planted(id))

    def vanish(self, id):
        version = self.model.change(id, False)
        self.emu.remove(self.room, id, self.type)
        self.model.done(version)

    def trouble(self):
        fault = self.emu.fault
        if self.pick.random() < .3:
            fault(provider=self.type, action=self.row.create,
                  **self.pick.choice(CREATE_FAULTS))
        else:
            fault(provider=self.type, action=self.row.list,
                  times=self.pick.randrange(1, 4), **self.pick.choice(FAULTS))

    def no_trouble(self):
        self.emu.no_faults()

    # ---- what others do there ----

    def spec(self):
        self.serial += 1
        mark = f"kill-{self.serial}"
        return mark, spec_of(self.type, mark)

    def learn(self, since=0.0):
        """What creates have made, since when at the earliest."""
        dump = self.emu.dump(self.room, self.type)
        made = {m["id"] for m in dump["made"]}
        for record in dump["sessions"]:
            id = self.id_of(record)
            mark = MARK.search(json.dumps(record))
            if mark and id in made:
                self.marks.setdefault(mark.group(), set()).add(id)
            if id in made and not self.model.session(id).last().there and \
                    len(self.model.session(id).versions) == 1:
                self.model.done(self.model.change(id, lo=since))

    def pin(self, id, record):
        """What is the true state of one that may be in any; None: it has gone."""
        state = self.state_of(record) if record else None
        self.model.done(self.model.change(
            id, record is not None, state, lo=self.model.session(id).last().lo))

    def pin_all(self):
        """Nothing is open any more."""
        records = {self.id_of(r): r for r in self.records()}
        for id, session in list(self.model.sessions.items()):
            last = session.last()
            if last.loose or last.there and last.state is None:
                self.pin(id, records.get(id))
