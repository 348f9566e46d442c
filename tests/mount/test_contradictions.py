"""What Livy says against what was said before: of an id that was given again, and
of a spec that was not heeded."""
import json
import os

import pytest

from harness import eventually
from inotify import IN_DELETE, IN_MOVED_FROM, Watcher

ROOM = "livy"
MADE = {
    "conf": {"spark.a": "1", "spark.b": "2g"}, "driverMemory": "1g",
    "driverCores": 2, "executorMemory": "2g", "executorCores": 2,
    "numExecutors": 4, "queue": "etl", "jars": ["/a.jar", "/b.jar"],
    "pyFiles": [], "files": ["/f"], "archives": [],
    "heartbeatTimeoutInSecond": 60, "ttl": "1h", "idleTimeout": "10m"}
RECORD = {"id": 0, "name": "etl", "kind": "spark", "state": "idle",
          "owner": "ann", "proxyUser": None, "appId": None,
          "log": [], **MADE}
RESPELT = {
    "conf": {"spark.b": "2048m", "spark.a": "1"}, "driverMemory": "1024m",
    "executorMemory": "2048m", "jars": ["/b.jar", "/a.jar"],
    "pyFiles": None, "heartbeatTimeoutInSecond": 60, "ttl": "60m",
    "idleTimeout": "600s"}
OTHERS = {
    "conf": {"spark.a": "2", "spark.b": "2g"}, "driverMemory": "2g",
    "driverCores": 4, "executorMemory": "4g", "executorCores": 4,
    "numExecutors": 8, "queue": "adhoc", "jars": ["/c.jar"],
    "pyFiles": ["/p.py"], "files": [], "archives": ["/z"],
    "heartbeatTimeoutInSecond": 61, "ttl": "2h", "idleTimeout": None}


class Place:
    """A Livy with an id that may be given again, and a mount that comes and goes."""

    def __init__(self, rig):
        self.rig = rig
        self.emu = rig.emulator("--start-ms", "100")
        self.folder = rig.new_folder("mount")
        self.start()

    def start(self):
        self.mount = self.rig.mount(folder=self.folder, config={
            "alibaba": {"endpoint": "http://127.0.0.1:1"},
            "sessionfs": {"refresh": "200ms"},
            "cloud": {"type": "livy", "url": self.emu.url + "/livy"}})

    def path(self, *rest):
        room = self.emu.url.removeprefix("http://") + "%2Flivy"
        return os.path.join(self.mount.path, "cloud", room, *rest)

    def put(self, **members):
        self.emu.session(ROOM, {"id": 0, **members}, "livy")

    def replace(self, record):
        self.emu.remove(ROOM, "0", "livy")
        self.emu.session(ROOM, record, "livy")

    def settle(self):
        before = self.emu.count("ListSessions", "livy")
        eventually(lambda: os.listdir(self.path()) and self.emu.count(
            "ListSessions", "livy") >= before + 3, timeout=30)

    def inode(self):
        self.settle()
        return os.stat(self.path("0")).st_ino

    def tells(self, name):
        """conf may be secret, and is not for everybody."""
        told = self.told()[name]
        assert told == ("***" if name == "conf" else OTHERS[name])

    def told(self):
        return json.loads(self.mount.read(self.path("0", "session.json")))


@pytest.fixture
def place(rig):
    place = Place(rig)
    # It stands in front of any listing, so that none is seen by halves.
    place.emu.session(ROOM, RECORD, "livy")
    eventually(lambda: os.path.isdir(place.path("0")))
    return place


@pytest.mark.parametrize("name", sorted(OTHERS))
def test_an_id_with_other_settings_is_another_session(place, name):
    inode = place.inode()
    watcher = Watcher()
    try:
        watcher.add(place.path(), IN_DELETE | IN_MOVED_FROM)
        place.put(**{name: OTHERS[name]})
        eventually(lambda: os.stat(place.path("0")).st_ino != inode)
        eventually(lambda: watcher.seen(IN_DELETE | IN_MOVED_FROM, name="0"))
    finally:
        watcher.close()
    place.tells(name)


def test_another_spelling_is_the_same_session(place):
    inode = place.inode()
    place.put(**RESPELT)
    eventually(lambda: place.told()["driverMemory"] == "1024m")
    assert place.inode() == inode
    assert place.told()["ttl"] == "60m"


@pytest.mark.parametrize("name", ["conf", "numExecutors", "ttl"])
def test_it_is_another_one_after_a_restart_too(place, name):
    inode = place.inode()
    place.mount.stop()
    place.put(**{name: OTHERS[name]})
    place.start()
    eventually(lambda: os.listdir(place.path()) and
               os.stat(place.path("0")).st_ino != inode)
    place.tells(name)


def test_it_is_the_same_after_a_restart_of_both(place):
    """Livy before 0.8 tells none of its settings, and 0.9 in its own spelling."""
    inode = place.inode()
    few = {k: v for k, v in RECORD.items() if k not in MADE}
    for record in ({**RECORD, **RESPELT}, few, RECORD):
        place.mount.stop()
        place.replace(record)
        place.start()
        assert place.inode() == inode


# ---- a spec that was not heeded ----

def test_a_user_that_was_refused_is_shown_as_it_is(place):
    """Livy answers null where nobody may be impersonated."""
    spec = {"kind": "spark", "proxyUser": "alice", "driverMemory": "1g"}
    with open(place.path("new"), "w") as f:
        f.write(json.dumps(spec))
    name = os.readlink(place.path(".last"))

    def check():
        record = json.loads(
            place.mount.read(place.path(name, "session.json")))
        assert record["proxyUser"] is None
        assert not os.path.lexists(place.path(".by-user", "alice"))
        for table in (".sessions.jsonl", ".sessions.tsv"):
            assert "alice" not in place.mount.read(place.path(table))
        rid, = [r for r in os.listdir(place.path(".requests"))]
        assert place.mount.read(
            place.path(".requests", rid, "state")) == "done\n"
        assert place.mount.read(place.path(".requests", rid, "error")) == (
            'the provider says proxyUser null where the spec said "alice"\n')

    check()
    place.settle()
    check()
    place.mount.stop()
    place.start()
    place.settle()
    check()


def test_a_spec_that_was_heeded_in_other_words_is_no_error(place):
    """The emulator tells what was asked, and adds what was not."""
    with open(place.path("new"), "w") as f:
        f.write(json.dumps({"kind": "spark", "ttl": "1h", "conf": {
            "spark.sql.shuffle.partitions": "10"}}))
    rid, = os.listdir(place.path(".requests"))
    assert place.mount.read(place.path(".requests", rid, "state")) == "done\n"
    assert place.mount.read(place.path(".requests", rid, "error")) == ""
