"""What is said of a create or verb is said when it is sure: not by clocks that differ,
not while the provider may be at it, and otherwise once it turns out otherwise."""
import errno
import json
import os
import subprocess

import pytest

from harness import SLOW, eventually, policy
from test_providers import KEYS, ROWS, World, section

TYPES = [row.type for row in ROWS]
OPEN = ("waiting", "sent", "looking", "created", "starting")


class Cloud(World):
    def __init__(self, rig, type, deadline="30s", **keys):
        row = next(r for r in ROWS if r.type == type)
        emu = rig.emulator("--start-ms", "100", "--stop-ms", "100")
        if type != "livy":
            emu.workspace(row.workspace, type)
        super().__init__(row, emu, None)
        self.rig = rig
        self.config = {
            "sessionfs": {"create_deadline": deadline, "refresh": "500ms"},
            "cloud": {**section(row, emu), **keys}, "alibaba": {}}
        self.start()

    def start(self):
        folder = self.mount.folder if self.mount else None
        self.mount = self.rig.mount(self.emu, env=KEYS, config=self.config,
                                    folder=folder)
        eventually(lambda: os.listdir(self.path()))

    def fault(self, action=None, **how):
        self.emu.fault(provider=self.row.type, times=-1,
                       action=action or self.row.create, **how)

    def calls(self):
        return self.emu.count(self.row.create, self.row.type)

    def made(self):
        return len(self.emu.dump(self.room, self.row.type)["sessions"])

    def new(self, spec=None):
        return write(self.path("new"), json.dumps(spec or self.row.spec))

    def writer(self):
        return subprocess.Popen(
            ["bash", "-c", 'echo "$1" > "$2"', "bash",
             json.dumps(self.row.spec), self.path("new")],
            stderr=subprocess.DEVNULL)

    def kill_in_the_create(self, ready):
        """The daemon, once that is true."""
        writer = self.writer()
        eventually(ready)
        self.mount.kill()
        writer.wait(20 * SLOW)
        self.start()

    def asked_twice(self):
        """So that a clock that is refused has been put right."""
        before = self.emu.count(self.row.list, self.row.type)
        eventually(lambda: read(self.path(".status")) and self.emu.count(
            self.row.list, self.row.type) >= before + 3)

    def requests(self):
        room = self.path(".requests")
        return [os.path.join(room, rid) for rid in sorted(os.listdir(room))]

    def tells(self, name):
        """What that file of the only request says."""
        request, = self.requests()
        return read(request, name)

    def ends(self, state, timeout=20):
        eventually(lambda: self.tells("state") not in OPEN, timeout)
        assert self.tells("state") == state, self.tells("error")


def read(*path):
    with open(os.path.join(*path)) as f:
        return f.read().rstrip("\n")


def write(path, text):
    """The errno of one write(2), or of the close behind it; 0: of neither."""
    fd = os.open(path, os.O_WRONLY)
    failed = 0
    try:
        os.write(fd, text.encode())
    except OSError as e:
        failed = e.errno
    try:
        os.close(fd)
    except OSError as e:
        failed = failed or e.errno
    return failed


# ---- clocks ----

@pytest.mark.parametrize("type", TYPES)
@pytest.mark.parametrize("minutes", [20, -20])
@pytest.mark.parametrize("lost", ["answer", "daemon"])
def test_a_session_is_found_by_whatever_clock(rig, type, minutes, lost):
    cloud = Cloud(rig, type, list_lag="2s")
    cloud.emu.control("POST", "clock", {
        "advance_ms": minutes * 60000, "skew_ms": minutes * 60000})
    cloud.asked_twice()
    if lost == "answer":
        cloud.fault(drop=True, after=True)
        assert cloud.new() == 0
    else:
        cloud.fault(delay_ms=60000, after=True)
        cloud.kill_in_the_create(lambda: cloud.made() == 1)
    cloud.ends("done", 60)
    assert cloud.made() == 1


# ---- a provider that is at it yet ----

@pytest.mark.parametrize("type", TYPES)
def test_nothing_is_absent_while_it_may_be_made(rig, type):
    cloud = Cloud(rig, type, f"{6 * SLOW}s", list_lag="300ms")
    cloud.fault(delay_ms=4000 * SLOW)
    cloud.kill_in_the_create(lambda: cloud.calls() == 1)
    cloud.ends("done", 30)
    assert cloud.made() == 1


@pytest.mark.parametrize("type", TYPES)
def test_a_verdict_is_revised_when_the_session_turns_up(rig, type):
    """It takes longer than any deadline, and is made in the time of its record."""
    cloud = Cloud(rig, type, "1s", list_lag=f"{1000 * SLOW}ms")
    if type not in ("livy", "dataproc"):
        # It stands there since it was asked for, and is listed late.
        cloud.emu.control("POST", "clock", {"advance_ms": -3000 * SLOW})
    cloud.fault(delay_ms=4000 * SLOW)
    assert cloud.new() == errno.ETIMEDOUT
    cloud.ends("failed")
    assert "there is none" in cloud.tells("error") and cloud.made() == 0
    eventually(lambda: cloud.tells("state") == "done", 30)
    assert cloud.made() == 1 and cloud.tells("result") != ""
    # Nothing is sent any more: it stands there as it was made.
    assert ("write start" in cloud.tells("error")) == (type == "alibaba")


@pytest.mark.parametrize("words", ["adopt", "retry"])
def test_what_failed_can_be_resolved(rig, words):
    cloud = Cloud(rig, "alibaba", "1s", list_lag="300ms")
    cloud.fault(drop=True)
    assert cloud.new() == errno.ETIMEDOUT
    cloud.ends("failed")
    cloud.emu.no_faults()
    if words == "adopt":
        cloud.emu.session(cloud.room, {
            "sessionClusterId": "sc-1", "name": "x", "state": "Running"})
        words = "adopt sc-1"
    request, = cloud.requests()
    assert write(request + "/resolve", words) == 0
    cloud.ends("done")
    assert cloud.made() == 1


# ---- what is told agrees with the request ----

@pytest.mark.parametrize("type", ["livy", "alibaba", "dli"])
@pytest.mark.parametrize("how", [
    {"status": 503, "body": "<title>503 Service Unavailable</title>"},
    {"status": 500}, {"drop": True}])
def test_an_open_outcome_names_its_request(rig, type, how):
    cloud = Cloud(rig, type, "1s")
    cloud.fault(**how)
    assert cloud.new() == errno.ETIMEDOUT
    request, = cloud.requests()
    assert f".requests/{os.path.basename(request)} " in read(
        cloud.path(".last_error"))
    assert cloud.tells("state") == "looking"


def test_a_start_that_fails_names_its_request(rig):
    cloud = Cloud(rig, "alibaba")
    cloud.fault("StartSessionCluster", status=403, code="Forbidden.RAM")
    assert cloud.new() == errno.ETIMEDOUT
    request, = cloud.requests()
    assert os.path.basename(request) in read(cloud.path(".last_error"))
    assert cloud.tells("state") == "done"


def test_what_was_never_sent_may_not_exist(rig):
    """Of a session of Livy it is asked before a verb is sent."""
    cloud = Cloud(rig, "livy", "1s")
    assert cloud.new() == 0
    name = os.readlink(cloud.path(".last"))
    cloud.fault("GetSession", hang=True)
    assert write(cloud.path(name, "ctl"), "terminate") == errno.EHOSTUNREACH
    assert len(cloud.requests()) == 1
    assert cloud.emu.count("DeleteSession", "livy") == 0


@policy
@pytest.mark.parametrize("type", ["livy", "emr-serverless", "dataproc"])
def test_a_pause_that_is_asked_for_is_kept(rig, type):
    cloud = Cloud(rig, type, "6s")
    cloud.fault(status=503, retry_after=2)
    assert cloud.new() == errno.ETIMEDOUT
    assert cloud.calls() == 2


def test_an_id_that_nobody_else_knows_is_no_end(rig):
    """The vendor's own example of an answer names a session as a workspace."""
    cloud = Cloud(rig, "alibaba", f"{8 * SLOW}s")
    cloud.emu.fault(action=cloud.row.create, after=True,
                    body='{"sessionClusterId": "w-0123456789"}')
    assert cloud.new() == 0
    session, = cloud.emu.dump(cloud.room)["sessions"]
    assert os.readlink(cloud.path(".last")) == session["sessionClusterId"]
    assert json.loads(cloud.tells("result"))["session"] == \
        session["sessionClusterId"]
    assert cloud.emu.count("StartSessionCluster") == 1
    assert not os.path.exists(cloud.path("w-0123456789"))


# ---- verbs ----

@pytest.mark.parametrize("obeyed", [True, False])
def test_a_verb_is_judged_by_what_was_before(rig, obeyed):
    """DLI may keep the record of a session that was deleted, as dead."""
    cloud = Cloud(rig, "dli", f"{3 * SLOW}s", list_lag="300ms")
    assert cloud.new() == 0
    name = os.readlink(cloud.path(".last"))
    eventually(lambda: read(cloud.path(name, "phase")) == "idle")
    cloud.fault("DeleteSession", drop=True)
    verb = subprocess.Popen(
        ["bash", "-c", 'echo terminate > "$1"', "bash",
         cloud.path(name, "ctl")], stderr=subprocess.DEVNULL)
    eventually(lambda: cloud.emu.count("DeleteSession", "dli") == 1)
    if obeyed:
        cloud.emu.session(cloud.room, {"id": name, "state": "dead"}, "dli")
    assert (verb.wait(20 * SLOW) == 0) == obeyed
    request = cloud.requests()[-1]
    eventually(lambda: read(request, "state") not in OPEN)
    assert read(request, "state") == ("done" if obeyed else "failed")
    assert cloud.emu.count("DeleteSession", "dli") == 1
