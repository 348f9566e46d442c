"""What drivers say: in the record, in `log`, in `reason`; Livy and DLI."""
import json
import os

import pytest

from harness import eventually
from inotify import Watcher
from test_providers import KEYS, ROWS, World, section
from watching import CHANGED

SPEAKERS = [row for row in ROWS if row.type in ("livy", "dli")]
EACH = pytest.mark.parametrize("row", SPEAKERS, ids=[r.type for r in SPEAKERS])


@pytest.fixture
def world(rig):
    """A mount of one provider, whose sessions are planted by the tests."""
    def make(row, *args, refresh="300ms", emu=None, **keys):
        emu = emu or rig.emulator("--start-ms", "300", "--stop-ms", "300",
                                  *args)
        if row.type != "livy":
            emu.workspace(row.workspace, row.type)
        mount = rig.mount(emu, env=KEYS, config={
            "alibaba": {"region": "cn-hangzhou", "endpoint": emu.url},
            "sessionfs": {"refresh": refresh},
            "cloud": {"calls_per_second": 10000, "burst": 10000,
                      **section(row, emu), **keys}})
        return World(row, emu, mount)
    return make


def change(w, name, **members):
    """Other members of a session's record; Livy's ids are numbers."""
    raw = int(name) if w.row.type == "livy" else name
    w.emu.session(w.room, {"id": raw, **members}, w.row.type)


def until_listed(w, times=3):
    before = w.count("ListSessions")

    def asked():
        os.stat(w.path())
        return w.count("ListSessions") >= before + times
    eventually(asked, timeout=60)


# ---- the record ----

@EACH
def test_what_the_driver_says_in_the_record_is_no_event(world, row):
    w = world(row)
    name = w.create()
    w.until_up(name)
    until_listed(w)
    record = w.path(name, "session.json")
    before = w.mount.read(record)
    watcher = Watcher()
    try:
        watcher.add(record, CHANGED)
        for i in range(4):
            change(w, name, log=[f"26/01/02 INFO Driver: line {i}"])
            until_listed(w)
        assert watcher.count(CHANGED) == 0
        assert w.mount.read(record) == before
        assert " changed" not in w.mount.read(
            w.mount.path, ".sessionfs", "events")
        # Any other member is one, and brings the lines along.
        change(w, name, driverCores=7, log=["26/01/02 INFO Driver: last"])
        eventually(lambda: watcher.count(CHANGED), timeout=60)
    finally:
        watcher.close()
    assert json.loads(w.mount.read(record))["driverCores"] == 7


@EACH
def test_the_pages_of_a_recovered_session_stay(world, row):
    w = world(row)
    name = w.create()
    w.until_up(name)
    ui = "http://node:4040/"
    change(w, name, appId="application_1_0001",
           appInfo={"driverLogUrl": None, "sparkUiUrl": ui})
    eventually(lambda: w.mount.read(w.path(name, "webui")) == ui + "\n")
    nothing = {"driverLogUrl": None, "sparkUiUrl": None}
    change(w, name, state="recovering", log=[], appInfo=nothing)
    eventually(lambda: w.state(name) == "recovering")
    assert w.mount.read(w.path(name, "webui")) == ui + "\n"
    change(w, name, state="idle", appInfo=nothing)
    eventually(lambda: w.state(name) == "idle")
    assert w.mount.read(w.path(name, "webui")) == ui + "\n"
