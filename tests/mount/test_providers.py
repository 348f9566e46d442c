"""What every provider does on the mount: one row of the table each."""
import calendar
import dataclasses
import errno
import json
import os
import re
import stat
import time

import pytest

import harness
from harness import SLOW, eventually

PROJECT = "0123456789abcdef0123456789abcdef"
ROLE = "arn:aws:iam::123456789012:role/spark"
KEYS = {
    "AWS_ACCESS_KEY_ID": harness.KEY_ID,
    "AWS_SECRET_ACCESS_KEY": harness.KEY_SECRET,
    "AWS_EC2_METADATA_DISABLED": "true",
    "HUAWEICLOUD_SDK_AK": harness.KEY_ID,
    "HUAWEICLOUD_SDK_SK": harness.KEY_SECRET,
    "CLOUDSDK_AUTH_ACCESS_TOKEN": "emulator-token",
}


@dataclasses.dataclass
class Row:
    type: str
    workspace: str
    keys: dict
    spec: dict
    list: str            # the action that lists
    create: str
    files: tuple
    up: tuple            # states of a session that runs
    end: str = "terminate"
    ended: str = "TERMINATED"  # None: it vanishes
    prefix: str = ""     # of the endpoint
    costly: dict = dataclasses.field(default_factory=dict)  # file: action
    implied: dict = dataclasses.field(default_factory=dict)  # not in a clone
    secret: tuple = ()


COMMON = ("state", "phase", "config.json", "session.json", "reason", "ctl")

ROWS = [
    Row("alibaba", "w-1", {"region": "cn-hangzhou"},
        {"name": "etl", "kind": "SQL", "queueName": "root_queue"},
        "ListSessionClusters", "CreateSessionCluster",
        COMMON + ("webui", "endpoint"), ("Running",), "stop", "Stopped"),
    Row("emr-serverless", "00fapp000000001", {"region": "us-east-1"},
        {"executionRoleArn": ROLE, "name": "etl", "idleTimeoutMinutes": 30,
         "tags": {"team": "data"},
         "configurationOverrides": {"runtimeConfiguration": [
             {"classification": "spark-defaults",
              "properties": {"spark.executor.cores": "2"}}]}},
        "ListSessions", "StartSession", COMMON + ("webui", "endpoint"),
        ("STARTED", "IDLE", "BUSY"),
        costly={"config.json": "GetSession", "endpoint": "GetSessionEndpoint",
                "webui": "GetResourceDashboard"},
        secret=("endpoint", "webui")),
    Row("emr", "j-1ABCDEFGHIJKL", {"region": "us-east-1"},
        {"Name": "etl", "ExecutionRoleArn": ROLE,
         "SessionIdleTimeoutInMinutes": 30,
         "EngineConfigurations": [
             {"Classification": "spark-defaults",
              "Properties": {"spark.executor.cores": "2"}}]},
        "ListSessions", "StartSession", COMMON + ("webui", "endpoint"),
        ("STARTED", "IDLE", "BUSY"),
        costly={"endpoint": "GetSessionEndpoint"},
        secret=("endpoint", "webui")),
    Row("dli", "queue_a", {"region": "cn-north-4", "project": PROJECT},
        {"kind": "spark", "name": "etl", "driverMemory": "2G",
         "conf": {"spark.sql.shuffle.partitions": "10"}},
        "ListSessions", "CreateSession", COMMON + ("webui", "log"),
        ("idle", "busy"), ended=None, costly={"log": "GetSessionLog"}),
    Row("livy", "", {},
        {"kind": "pyspark", "driverMemory": "1g",
         "conf": {"spark.executor.cores": "2"}},
        "ListSessions", "CreateSession", COMMON + ("webui", "log"),
        ("idle", "busy"), ended=None, prefix="/livy",
        costly={"log": "GetSessionLog"}),
    Row("dataproc", "us-central1",
        {"project": "emulator-project", "region": "us-central1"},
        {"jupyterSession": {"kernel": "PYTHON", "displayName": "etl"},
         "labels": {"team": "data"},
         "environmentConfig": {"executionConfig": {"idleTtl": "3600s"}}},
        "ListSessions", "CreateSession", COMMON + ("webui", "endpoint"),
        ("ACTIVE",)),
]


def section(row, emu):
    keys = {"type": row.type, **row.keys}
    if row.type == "livy":
        keys["url"] = emu.url + row.prefix
    else:
        keys["endpoint"] = emu.url
    return keys


@dataclasses.dataclass
class World:
    row: Row
    emu: harness.Emulator
    mount: harness.Mount

    @property
    def workspace(self):
        """The directory's name; Livy's is its address."""
        if self.row.type == "livy":
            return self.emu.url.removeprefix("http://") + "%2Flivy"
        return self.row.workspace

    @property
    def room(self):
        """The workspace's name at the emulator."""
        return "livy" if self.row.type == "livy" else self.row.workspace

    def path(self, *rest):
        return os.path.join(self.mount.path, "cloud", self.workspace, *rest)

    def names(self):
        return {n for n in os.listdir(self.path())
                if n != "new" and not n.startswith(".")}

    def create(self, spec=None):
        """Through `new`, as a script does; the session's directory name."""
        text = json.dumps(spec or self.row.spec)
        self.mount.run(["sh", "-c", 'printf "%s" "$1" > "$2"', "sh", text,
                        self.path("new")], timeout=60).ok()
        return os.readlink(self.path(".last"))

    def write(self, text, *where):
        """The errno of a write; 0."""
        try:
            with open(self.path(*where), "w") as f:
                f.write(text)
        except OSError as e:
            return e.errno
        return 0

    def state(self, name):
        return self.mount.read(self.path(name, "state")).strip()

    def count(self, action):
        return self.emu.counts(self.row.type).get(action, 0)

    def until_up(self, name):
        eventually(lambda: self.state(name) in self.row.up, timeout=30)


def within(asked, told):
    """Whether all that was asked for is told; a provider adds defaults."""
    if isinstance(asked, dict):
        return all(k in told and within(v, told[k]) for k, v in asked.items())
    return asked == told


def each(rows):
    return pytest.mark.parametrize(
        "row", rows, ids=[row.type for row in rows])


@pytest.fixture
def world(rig):
    def make(row, *args, config=None, **keys):
        emu = rig.emulator("--start-ms", "300", "--stop-ms", "300", *args)
        if row.type != "livy":
            emu.workspace(row.workspace, row.type)
        mount = rig.mount(emu, env=KEYS, config={
            "alibaba": {k: None for k in ("region", "endpoint")} | {
                "region": "cn-hangzhou", "endpoint": emu.url},
            "sessionfs": {"refresh": "300ms", **(config or {})},
            "cloud": {**section(row, emu), **keys}})
        return World(row, emu, mount)
    return make


def fill(row, n):
    return "--fill", f"{row.type}:{row.workspace or 'livy'}={n}"


@each(ROWS)
def test_workspaces_and_sessions_are_listed(world, row):
    w = world(row, *fill(row, 250))
    assert w.workspace in os.listdir(os.path.join(w.mount.path, "cloud"))
    names = w.names()
    assert len(names) == 250
    name = sorted(names)[7]
    assert set(os.listdir(w.path(name))) == set(row.files)
    assert w.mount.read(w.path(name, "phase")).strip() in (
        "pending", "starting", "idle", "busy", "stopping", "stopped", "failed")
    assert json.loads(w.mount.read(w.path(name, "session.json")))


@each(ROWS)
def test_a_session_is_created_runs_and_ends(world, row):
    w = world(row)
    w.names()
    name = w.create()
    assert name in w.names()
    w.until_up(name)
    assert w.mount.read(w.path(name, "phase")) in ("idle\n", "busy\n")
    assert w.write(row.end, name, "ctl") == 0
    if row.ended is None:
        eventually(lambda: name not in w.names(), timeout=30)
        # The kernel forgets the name a moment after the listing.
        eventually(lambda: not os.path.exists(w.path(name, "state")))
    else:
        eventually(lambda: w.state(name) == row.ended, timeout=30)
    assert w.count(row.create) == 1


@each(ROWS)
def test_what_config_json_says_makes_an_equal_session(world, row):
    w = world(row)
    first = w.create()
    w.until_up(first)
    spec = json.loads(w.mount.read(w.path(first, "config.json")))
    assert within(row.spec, spec)
    w.mount.run(f"cp {w.path(first, 'config.json')} {w.path('new')}",
                timeout=60).ok()
    second = os.readlink(w.path(".last"))
    assert second != first
    w.until_up(second)
    assert json.loads(w.mount.read(w.path(second, "config.json"))) == spec
    assert w.count(row.create) == 2


@each(ROWS)
def test_a_clone_is_the_same_after_a_restart(world, rig, row):
    w = world(row)
    name = w.create()
    w.until_up(name)
    spec = w.mount.read(w.path(name, "config.json"))
    w.mount.stop()
    config = open(w.mount.config).read()
    w.mount = rig.mount(w.emu, config=config, env=KEYS,
                        folder=w.mount.folder)
    assert w.mount.read(w.path(name, "config.json")) == spec


@each(ROWS)
def test_every_file_has_its_size(world, row):
    w = world(row)
    name = w.create()
    w.until_up(name)
    copy = os.path.join(w.mount.folder, "copy")
    w.mount.run(f"cp -r {w.path(name)} {copy}", timeout=60)
    for file in row.files:
        if file == "ctl":
            continue
        with open(w.path(name, file), "rb") as f:
            size = os.fstat(f.fileno()).st_size
            text = f.read()
        assert len(text) == size, file
        mode = stat.S_IMODE(os.stat(w.path(name, file)).st_mode)
        assert (mode == 0o600) == (file in row.secret), file


@each([row for row in ROWS if row.costly])
def test_costly_files_cost_a_call_once_and_nothing_before(world, row):
    w = world(row, config={"refresh": "1h"})
    name = w.create()
    eventually(lambda: w.emu.sessions(w.room, row.type))
    before = {file: w.count(action) for file, action in row.costly.items()}
    os.listdir(w.path(name))
    for file, action in row.costly.items():
        os.stat(w.path(name, file))
        assert w.count(action) == before[file], file
    for file, action in row.costly.items():
        w.mount.read(w.path(name, file))
        w.mount.read(w.path(name, file))
        assert w.count(action) <= before[file] + 1, file


@each([row for row in ROWS if "endpoint" in row.secret])
def test_an_endpoint_is_one_line_and_the_rest_is_beside_it(world, row):
    """A Spark Connect client takes the whole file, and nothing but its URL."""
    w = world(row, config={"refresh": "200ms"})
    name = w.create()
    eventually(lambda: w.mount.read(w.path(name, "endpoint")))
    line = w.mount.read(w.path(name, "endpoint"))
    rest = w.mount.read(w.path(name, ".access"))
    assert re.fullmatch(r"sc://[\w.:-]+/;use_ssl=\w+;x-aws-proxy-auth="
                        r"[\w%.~-]+\n", line)
    assert re.match(r"endpoint: http\S+\nexpires: \d{4}-\S+Z\n", rest)
    for file, text in (("endpoint", line), (".access", rest)):
        attr = os.stat(w.path(name, file))
        assert attr.st_size == len(text)
        assert stat.S_IMODE(attr.st_mode) == 0o600
    assert ".access" not in os.listdir(w.path(name))


@each([row for row in ROWS if "endpoint" not in row.secret])
def test_what_needs_no_token_has_no_rest(world, row):
    w = world(row)
    assert not os.path.exists(w.path(w.create(), ".access"))


@each(ROWS)
def test_a_table_knows_when_a_session_was_made_here(world, row):
    """Livy tells of no session when it was made."""
    w = world(row)
    began = time.time() - 2
    name = w.create()

    def created():
        rows = w.mount.run(
            ["grep", f"^{name}\t", w.path(".sessions.tsv")]).ok()
        return calendar.timegm(time.strptime(
            rows.split("\t")[5], "%Y-%m-%dT%H:%M:%SZ"))

    def known():
        try:
            return created() >= int(began)
        except ValueError:
            return False  # it is "-" still
    eventually(known, 20)


@each(ROWS)
def test_a_bad_spec_costs_no_call(world, row):
    w = world(row)
    w.names()
    calls = w.count(row.create)
    for spec in ("{bad", "[]", json.dumps({**row.spec, "naem": "x"}),
                 json.dumps({**row.spec, next(iter(row.spec)): {"a": 1}})):
        assert w.write(spec, "new") == errno.EINVAL, spec
    assert w.count(row.create) == calls
    assert w.mount.read(w.path(".last_error")) != ""


@each(ROWS)
def test_every_example_spec_makes_a_session(world, row):
    w = world(row)
    folder = os.path.join(harness.ROOT, "examples", "specs")
    specs = [n for n in sorted(os.listdir(folder))
             if n.rpartition(".")[0].startswith(row.type + "-") and
             (row.type != "emr" or "serverless" not in n)]
    assert len(specs) > 1
    for spec in specs:
        w.mount.run(f"cp {folder}/{spec} {w.path('new')}", timeout=60).ok()
    assert len(w.names()) == len(specs)


@each(ROWS)
def test_refusals_have_their_errno(world, row):
    w = world(row, config={"create_deadline": f"{3 * SLOW}s"})
    w.names()
    for status, number in ((403, (errno.EACCES, errno.EKEYREJECTED)),
                           (429, (errno.EUSERS, errno.EDQUOT)),
                           (500, (errno.ETIMEDOUT,))):
        if row.type == "livy" and status == 429:
            continue  # it never throttles
        w.emu.fault(provider=row.type, action=row.create, status=status,
                    times=-1)
        assert w.write(json.dumps(row.spec), "new") in number, status
        w.emu.no_faults()
        eventually(lambda: w.mount.read(w.path(".last_error")) != "")
        # A throttled account's budget is shut for a moment.
        if status == 429:
            eventually(lambda: w.write(json.dumps(row.spec), "new") == 0,
                       timeout=30, interval=0.5)


@each(ROWS)
def test_a_session_whose_answer_is_lost_is_found(world, row):
    w = world(row)
    w.names()
    w.emu.fault(provider=row.type, action=row.create, after=True, drop=True,
                times=-1)
    assert w.write(json.dumps(row.spec), "new") == 0
    assert w.emu.dump(w.room, row.type)["created"] == 1
    rid, = os.listdir(w.path(".requests"))
    result = json.loads(w.mount.read(w.path(".requests", rid, "result")))
    assert w.names() == {os.path.basename(result["path"])}
    assert w.mount.read(w.path(".requests", rid, "state")) == "done\n"


@each(ROWS)
def test_wrong_credentials_are_rejected(rig, row):
    keys = {"workspaces": row.workspace}
    if row.type == "livy":
        emu = rig.emulator("--livy-token", "right")
        token = os.path.join(rig.new_folder("token"), "token")
        with open(token, "w") as f:
            f.write("wrong")
        keys = {"auth": "bearer:" + token}
    else:
        emu = rig.emulator()
        emu.workspace(row.workspace, row.type)
    wrong = {k: "wrong-" + v if k.endswith(("KEY", "SECRET", "_SK", "TOKEN"))
             else v for k, v in KEYS.items()}
    wrong["ALIBABA_CLOUD_ACCESS_KEY_SECRET"] = "wrong"
    mount = rig.mount(emu, env=wrong,
                      config={"cloud": {**section(row, emu), **keys}})
    w = World(row, emu, mount)
    with pytest.raises(OSError) as refused:
        os.listdir(w.path())
    assert refused.value.errno in (errno.EKEYREJECTED, errno.EACCES)


def test_an_application_is_started_and_stopped(world):
    row = next(r for r in ROWS if r.type == "emr-serverless")
    w = world(row)
    assert ".ctl" in os.listdir(w.path())
    name = w.create()
    w.until_up(name)
    assert w.write("stop", ".ctl") == errno.EBUSY
    assert w.write("terminate", name, "ctl") == 0
    eventually(lambda: w.state(name) == row.ended, timeout=30)
    w.emu.reset()
    assert w.write("stop", ".ctl") == 0
    assert w.count("StopApplication") == 1
    # It has to be stopped before it can be started.
    eventually(lambda: w.write("start", ".ctl") == 0, timeout=30,
               interval=0.2)
    assert w.count("StartApplication") >= 1
    assert w.write("explode", ".ctl") == errno.EOPNOTSUPP
    assert "start" in w.mount.read(w.path(".last_error"))


@each([row for row in ROWS if row.type not in ("emr-serverless",)])
def test_no_other_workspace_can_be_steered(world, row):
    w = world(row)
    assert ".ctl" not in os.listdir(w.path())


def test_a_dataproc_session_is_deleted(world):
    row = next(r for r in ROWS if r.type == "dataproc")
    w = world(row)
    name = w.create({**row.spec, "sessionId": "my-session"})
    assert name == "my-session"
    w.until_up(name)
    assert w.write("terminate", name, "ctl") == 0
    eventually(lambda: w.state(name) == "TERMINATED")
    assert w.write("delete", name, "ctl") == 0
    eventually(lambda: name not in w.names())
    assert w.write(json.dumps({**row.spec, "sessionId": "Bad_Id"}),
                   "new") == errno.EINVAL


@each(ROWS)
def test_a_spec_that_was_heeded_is_not_objected_to(world, row):
    w = world(row)
    w.create()
    rid, = os.listdir(w.path(".requests"))
    assert w.mount.read(w.path(".requests", rid, "state")) == "done\n"
    assert w.mount.read(w.path(".requests", rid, "error")) == ""


def test_an_id_that_is_used_again_is_another_session(world):
    row = next(r for r in ROWS if r.type == "livy")
    w = world(row)
    name = w.create({**row.spec, "name": "before"})
    w.until_up(name)
    inode = os.stat(w.path(name)).st_ino
    w.emu.restart(w.room, row.type)
    eventually(lambda: name not in w.names(), timeout=30)
    again = w.create({**row.spec, "name": "after"})
    assert again == name
    assert os.stat(w.path(again)).st_ino != inode
    assert json.loads(w.mount.read(w.path(again, "session.json")))["name"] == \
        "after"


@each([row for row in ROWS if row.ended is None])
def test_what_was_made_last_is_named_when_it_has_gone(world, rig, row):
    """Another session must not stand in its place: whoever ends .last twice would
    end that one."""
    w = world(row)
    older, name = w.create(), w.create()
    w.until_up(name)
    where = w.path(".requests", max(os.listdir(w.path(".requests"))))
    result = w.mount.read(where, "result")
    assert json.loads(result)["name"]
    assert w.write("terminate", name, "ctl") == 0
    eventually(lambda: name not in w.names(), timeout=30)
    for _ in range(2):
        assert older in w.names()
        assert os.readlink(w.path(".last")) == name
        assert ".last" in os.listdir(w.path())
        assert w.write("terminate", ".last", "ctl") == errno.ENOENT
        assert w.mount.read(where, "result") == result
        w.mount.stop()
        config = open(w.mount.config).read()
        w.mount = rig.mount(w.emu, config=config, env=KEYS,
                            folder=w.mount.folder)
    newer = w.create()
    assert os.readlink(w.path(".last")) == newer


def test_a_stranger_of_its_name_is_not_what_was_made_last(world):
    row = next(r for r in ROWS if r.type == "livy")
    w = world(row)
    name = w.create({**row.spec, "name": "ours"})
    w.until_up(name)
    w.emu.restart(w.room, row.type)
    eventually(lambda: name not in w.names(), timeout=30)
    assert os.readlink(w.path(".last")) == name
    w.emu.session(w.room, {"id": int(name), "name": "theirs",
                           "state": "idle"}, row.type)
    eventually(lambda: name in w.names(), timeout=30)
    eventually(lambda: not os.path.lexists(w.path(".last")))


def test_a_livy_log_grows(world):
    row = next(r for r in ROWS if r.type == "livy")
    w = world(row)
    name = w.create()
    w.until_up(name)
    first = w.mount.read(w.path(name, "log"))
    eventually(lambda: len(w.mount.read(w.path(name, "log"))) > len(first) or
               w.count("GetSessionLog") > 2, timeout=30, interval=0.5)


@each([row for row in ROWS if row.ended])
def test_ended_sessions_are_hidden_where_the_section_says(world, row):
    w = world(row, ended="none")
    name = w.create()
    w.until_up(name)
    assert w.write(row.end, name, "ctl") == 0
    eventually(lambda: name not in w.names(), timeout=30)
    assert w.emu.sessions(w.room, row.type)


def test_all_providers_are_mounted_at_once(rig):
    emu = rig.emulator("--demo")
    mount = rig.mount(emu, env=KEYS, config={
        row.type: section(row, emu) for row in ROWS})
    for row in ROWS:
        top = os.path.join(mount.path, row.type)
        sessions = [s for room in os.listdir(top) if not room.startswith(".")
                    for s in os.listdir(os.path.join(top, room))
                    if s != "new" and not s.startswith(".")]
        assert len(sessions) >= 3, (row.type, sessions)
        assert "credentials: " in mount.read(top, ".status")
