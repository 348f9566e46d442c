"""What became of creates and verbs: .requests, its files, and what survives."""
import errno
import json
import os
import signal
import stat
import subprocess
import tarfile
import threading
import time

import pytest

from harness import SLOW, eventually
from inotify import (IN_CLOSE_WRITE, IN_CREATE, IN_DELETE, IN_ISDIR,
                     IN_MODIFY)
from test_providers import KEYS, ROWS
from test_providers import World as Cloud
from test_providers import section
from watching import CHANGED, twin

SPEC = {"name": "probe", "kind": "SQL", "queueName": "root_queue"}
GOOD = json.dumps(SPEC)
CREATE, LIST = "CreateSessionCluster", "ListSessionClusters"
LOST = {"action": CREATE, "drop": True, "after": True}
SOON = {"sessionfs": {"create_deadline": "1s"},
        "alibaba": {"list_lag": "300ms"}}
FILES = ["error", "resolve", "result", "spec.json", "state"]
FREE = {"calls_per_second": 10000, "burst": 10000}


@pytest.fixture
def emu(emulator):
    return emulator("--fill", "w-1=3", "--start-ms", "300", "--stop-ms", "300")


def write(path, text):
    """One write(2); returns the errno, 0 for none."""
    fd = os.open(path, os.O_WRONLY)
    failed = 0
    try:
        os.write(fd, text.encode() if isinstance(text, str) else text)
    except OSError as e:
        failed = e.errno
    try:
        os.close(fd)
    except OSError as e:  # of what the kernel cut in two
        failed = failed or e.errno
    return failed


def new(m, text=GOOD):
    return write(m.ws("w-1") + "/new", text)


def room(m):
    return m.ws("w-1") + "/.requests"


def requests(m):
    """The names, oldest first."""
    return sorted(os.listdir(room(m)))


def only(m):
    names = requests(m)
    assert len(names) == 1, names
    return names[0]


def text(m, rid, name):
    with open(os.path.join(room(m), rid, name), "rb") as f:
        return f.read().decode()


def state(m, rid):
    return text(m, rid, "state").rstrip("\n")


def result(m, rid):
    return json.loads(text(m, rid, "result"))


def last(m):
    return os.readlink(m.ws("w-1") + "/.last")


def made(emu):
    return emu.dump("w-1")["created"]


# ---- what a create leaves ----

def test_a_create_that_is_done_shows(emu, mount):
    m = mount(emu)
    assert requests(m) == []
    fd = os.open(m.ws("w-1") + "/new", os.O_RDWR)
    try:
        os.write(fd, GOOD.encode())
        answer = json.loads(os.read(fd, 4096))
    finally:
        os.close(fd)
    rid = only(m)
    assert answer["request"] == rid
    assert sorted(os.listdir(os.path.join(room(m), rid))) == FILES
    assert text(m, rid, "spec.json") == GOOD
    assert text(m, rid, "state") == "done\n" and text(m, rid, "error") == ""
    assert {**result(m, rid), "state": 0} == {**answer, "state": 0}
    assert result(m, rid)["session"] == last(m)
    assert text(m, rid, "result").count("\n") == 1


@pytest.mark.parametrize("spec", [
    GOOD, GOOD + "\n", " \n\t" + GOOD + " \n\n", json.dumps(SPEC, indent=8)])
@pytest.mark.parametrize("how", ["cp", "cat", "dd bs=7"])
def test_its_spec_is_byte_for_byte_what_was_copied(
        emu, mount, rig, spec, how):
    m = mount(emu)
    path = rig.folder + "/spec.json"
    with open(path, "w") as f:
        f.write(spec)
    target = m.ws("w-1") + "/new"
    m.run({"cp": f"cp {path} {target}", "cat": f"cat {path} > {target}",
           "dd bs=7": f"dd if={path} of={target} bs={len(spec)} status=none"
           }[how]).ok()
    m.run(["cmp", path, f"{room(m)}/{only(m)}/spec.json"]).ok()


def test_what_follows_in_later_writes_is_not_in_it(emu, mount):
    m = mount(emu)
    with open(m.ws("w-1") + "/new", "wb", buffering=0) as f:
        for byte in ("\n " + GOOD + "\n \n").encode():
            f.write(bytes([byte]))
    assert text(m, only(m), "spec.json") == "\n " + GOOD
    m.run(f"echo '{GOOD}' > {m.ws('w-1')}/new").ok()
    assert text(m, requests(m)[-1], "spec.json") == GOOD + "\n"


def test_blanks_count_for_the_limit(emu, mount):
    m = mount(emu)
    fits = " " * ((1 << 20) - len(GOOD)) + GOOD
    assert new(m, " " + fits) == errno.EFBIG
    assert requests(m) == []
    assert new(m, fits) == 0
    assert text(m, only(m), "spec.json") == fits


def test_a_refusal_by_the_provider_shows(emu, mount):
    m = mount(emu)
    emu.fault(action=CREATE, status=403, code="Forbidden.RAM",
              message="because of the test")
    assert new(m) == errno.EACCES
    rid = only(m)
    assert text(m, rid, "spec.json") == GOOD
    assert state(m, rid) == "failed" and text(m, rid, "result") == ""
    said = text(m, rid, "error")
    assert "Forbidden.RAM" in said and "because of the test" in said
    assert said.count("\n") == 1 and said.endswith("\n")


@pytest.mark.parametrize("spec", ["{bad", '{"nam": "x"}', GOOD + "x"])
def test_a_local_refusal_is_no_request(emu, mount, spec):
    m = mount(emu)
    assert new(m, spec) == errno.EINVAL
    assert requests(m) == [] and made(emu) == 0


def test_the_same_spec_twice_is_two_sessions(emu, mount):
    m = mount(emu)
    assert new(m) == 0 and new(m) == 0
    assert made(emu) == 2
    sessions = {result(m, rid)["session"] for rid in requests(m)}
    assert len(requests(m)) == len(sessions) == 2


# ---- lost answers ----

def test_a_lost_answer_is_found_within_the_write(emu, mount):
    m = mount(emu, config=SOON)
    emu.fault(**LOST)
    assert new(m) == 0
    assert emu.count(CREATE) == made(emu) == 1
    assert state(m, only(m)) == "done"
    assert result(m, only(m))["session"] == last(m)


def test_what_surely_was_not_made_has_failed(emu, mount):
    m = mount(emu, config={**SOON, "sessionfs": {"create_deadline": "2s"}})
    emu.fault(action=CREATE, drop=True)
    assert new(m) == errno.ETIMEDOUT
    eventually(lambda: state(m, only(m)) == "failed")
    assert emu.count(CREATE) == 1 and made(emu) == 0


@pytest.fixture
def unknown(emu, mount):
    """Of which of two it cannot be told which was made by it."""
    m = mount(emu, config={**SOON, "sessionfs": {"create_deadline": "3s"}})
    os.listdir(m.ws("w-1"))
    emu.fault(action=CREATE, hang=True, after=True)
    failed = []
    writer = threading.Thread(target=lambda: failed.append(new(m)))
    writer.start()
    record = eventually(lambda: [s for s in emu.sessions("w-1")
                                 if s["name"] == SPEC["name"]])[0]
    emu.session("w-1", {**record, "sessionClusterId": "sc-twin"})
    emu.no_faults()  # only now is the answer lost, and looked for
    writer.join(30 * SLOW)
    assert failed == [errno.ETIMEDOUT]
    rid = only(m)
    eventually(lambda: state(m, rid) == "unknown")
    assert emu.count(CREATE) == made(emu) == 1
    return m, rid, record["sessionClusterId"]


def resolve(m, rid, words):
    return write(os.path.join(room(m), rid, "resolve"), words)


def test_an_unknown_one_says_so(unknown):
    m, rid, own = unknown
    said = text(m, rid, "error")
    assert own in said and "sc-twin" in said and "adopt" in said
    assert text(m, rid, "result") == ""
    assert f".requests/{rid}" in m.read(m.ws("w-1"), ".last_error")
    status = m.read(m.ws("w-1"), ".status")
    assert "\nrequests_open: 0\nrequests_unknown: 1\n" in status
    assert m.metric("sessionfs_requests", state="unknown",
                    provider="alibaba") == 1
    assert m.metric("sessionfs_journal_damaged") == 0


def test_one_of_them_can_be_adopted(emu, unknown):
    m, rid, own = unknown
    fd = os.open(os.path.join(room(m), rid, "resolve"), os.O_RDWR)
    try:
        os.write(fd, b"adopt sc-twin\n")
        answer = json.loads(os.read(fd, 4096))
    finally:
        os.close(fd)
    assert answer["session"] == "sc-twin" and answer["request"] == rid
    assert state(m, rid) == "done" and text(m, rid, "error") == ""
    assert result(m, rid)["session"] == last(m) == "sc-twin"
    assert resolve(m, rid, "abandon") == errno.EBUSY
    assert emu.count(CREATE) == 1


def test_it_can_be_abandoned(emu, unknown):
    m, rid, own = unknown
    assert resolve(m, rid, "abandon\n") == 0
    assert state(m, rid) == "abandoned"
    assert resolve(m, rid, "retry") == errno.EBUSY
    assert emu.count(CREATE) == 1
    assert "\nrequests_unknown: 0\n" in m.read(m.ws("w-1"), ".status")


def test_it_can_be_sent_again(emu, unknown):
    m, rid, own = unknown
    first = [r for r in emu.requests() if r["action"] == CREATE][0]
    assert resolve(m, rid, "retry\n") == 0
    assert state(m, rid) == "done"
    assert emu.count(CREATE) == 2
    again = [r for r in emu.requests() if r["action"] == CREATE][1]
    assert again["body"] == first["body"]
    assert result(m, rid)["session"] == last(m)


def test_words_that_make_no_sense_change_nothing(emu, unknown):
    m, rid, own = unknown
    for words in ("adopt\n", "retry now\n", "done\n", "abandon\nretry\n",
                  "abandon\0", b"adopt \xff\n", "adopt " + "x" * 2000, "\n"):
        assert resolve(m, rid, words) == errno.EINVAL, words
    assert resolve(m, rid, "adopt sc-no\n") == errno.ENOENT
    assert state(m, rid) == "unknown"
    assert emu.count(CREATE) == 1


def test_what_is_done_needs_no_resolving(emu, mount):
    m = mount(emu)
    assert new(m) == 0
    for words in ("retry", "abandon", f"adopt {last(m)}"):
        assert resolve(m, only(m), words) == errno.EBUSY
    assert state(m, only(m)) == "done" and made(emu) == 1


# ---- verbs ----

def test_a_verb_is_a_request(emu, mount):
    m = mount(emu)
    assert new(m) == 0
    name = last(m)
    eventually(lambda: m.read(m.ws("w-1"), name, "state") == "Running\n")
    assert write(f"{m.ws('w-1')}/{name}/ctl", "stop\n") == 0
    create, verb = requests(m)
    assert sorted(os.listdir(f"{room(m)}/{verb}")) == [
        "error", "resolve", "result", "state", "verb"]
    assert text(m, verb, "verb") == f"stop {name}\n"
    assert state(m, verb) == "done"
    assert result(m, verb)["session"] == name
    assert not os.path.exists(f"{room(m)}/{verb}/spec.json")
    assert not os.path.exists(f"{room(m)}/{create}/verb")


def test_a_verb_that_is_refused_shows(emu, mount):
    emu.session("w-1", {"sessionClusterId": "sc-x", "state": "Running"})
    m = mount(emu, config={"alibaba": {"rmdir": "terminate"}})
    assert write(m.ws("w-1") + "/sc-x/ctl", "start") == errno.EBUSY
    assert requests(m) == []  # nothing was sent
    emu.fault(action="StopSessionCluster", status=403, code="Forbidden.RAM")
    assert write(m.ws("w-1") + "/sc-x/ctl", "stop") == errno.EACCES
    assert state(m, only(m)) == "failed"
    assert "Forbidden.RAM" in text(m, only(m), "error")
    m.run(["rmdir", m.ws("w-1") + "/sc-x"]).ok()
    assert text(m, requests(m)[-1], "verb") == "stop sc-x\n"


def test_a_verb_for_a_workspace_is_a_request(rig):
    cloud = Cloudy(rig, type="emr-serverless")
    assert cloud.write("stop\n", ".ctl") == 0
    folder = cloud.path(".requests", *cloud.requests())
    assert cloud.mount.read(folder, "verb") == "stop\n"
    assert cloud.mount.read(folder, "state") == "done\n"
    result = json.loads(cloud.mount.read(folder, "result"))
    assert result["verb"] == "stop"
    assert result["request"] == os.path.basename(folder)


# ---- the directory ----

def test_modes_and_kinds(emu, mount):
    m = mount(emu)
    assert new(m) == 0
    folder = f"{room(m)}/{only(m)}"
    for path in (room(m), folder):
        assert os.stat(path).st_mode == stat.S_IFDIR | 0o750
    for name in FILES:
        attr = os.stat(f"{folder}/{name}")
        assert attr.st_mode == stat.S_IFREG | (
            0o660 if name == "resolve" else 0o640), name
        if name != "resolve":
            assert attr.st_size == len(text(m, only(m), name))
        assert attr.st_mtime_ns == os.stat(folder).st_mtime_ns \
            or name == "resolve"
    before = os.stat(room(m)).st_mtime_ns
    assert new(m) == 0
    assert os.stat(room(m)).st_mtime_ns > before
    with os.scandir(m.ws("w-1")) as entries:
        assert {e.name: e.is_dir() for e in entries}[".requests"]


@pytest.mark.parametrize("call,args,expected", [
    (os.rmdir, ("{r}",), errno.ENOTEMPTY), (os.rmdir, ("{d}",), errno.ENOTEMPTY),
    (os.rmdir, ("{r}/no",), errno.ENOENT),
    (os.unlink, ("{r}/state",), errno.EPERM), (os.mkdir, ("{r}/x",), errno.EPERM),
    (os.mkdir, ("{d}/x",), errno.EPERM), (os.rename, ("{r}", "{d}/x"), errno.EPERM),
    (os.truncate, ("{r}/spec.json", 0), errno.EPERM),
    (os.open, ("{r}/state", os.O_WRONLY), errno.EPERM),
    (os.open, ("{r}/resolve", os.O_WRONLY | os.O_CREAT | os.O_EXCL),
     errno.EEXIST)])
def test_nothing_in_it_can_be_changed(emu, mount, call, args, expected):
    m = mount(emu)
    assert new(m) == 0
    rid = only(m)
    with pytest.raises(OSError) as e:
        call(*(a.format(d=room(m), r=f"{room(m)}/{rid}")
               if isinstance(a, str) else a for a in args))
    assert e.value.errno == expected
    m.run(f"rm -rf {room(m)}; find {room(m)} -delete")
    assert only(m) == rid and sorted(
        os.listdir(f"{room(m)}/{rid}")) == FILES


def test_read_only_refuses_resolve(emu, mount, rig):
    m = mount(emu)
    assert new(m) == 0
    m.stop()
    m = rig.mount(emu, folder=m.folder, options=["-o", "ro"])
    with pytest.raises(OSError) as e:
        os.open(f"{room(m)}/{only(m)}/resolve", os.O_WRONLY)
    assert e.value.errno == errno.EROFS
    assert text(m, only(m), "spec.json") == GOOD


def test_a_tree_with_requests_is_read_at_no_call(emu, mount, rig):
    m = mount(emu, config={"sessionfs": {"refresh": "1h"}})
    specs = [GOOD, GOOD[:-1] + "\t\n" * ((1 << 19) - 50) + "}"]
    assert 1_000_000 < len(specs[1]) <= 1 << 20
    assert [new(m, s) for s in specs] == [0, 0]
    assert new(m) == 0
    assert write(f"{m.ws('w-1')}/{last(m)}/ctl", "stop") == 0
    m.run(f"ls -lR {m.path} > /dev/null").ok()
    m.read(m.ws("w-1"), ".last", "state")
    before = emu.counts()
    m.run(f"ls -lR {m.path} > /dev/null; ls -laR {room(m)}").ok()
    listed = m.run(["find", room(m), "-type", "f"]).ok()
    assert len(listed.splitlines()) == 4 * 5
    hits = m.run(["grep", "-rl", "root_queue", room(m)]).ok()
    assert len(hits.splitlines()) == 3
    m.run(["tar", "-C", m.ws("w-1"), "-cf", rig.folder + "/t.tar",
           ".requests"]).ok()
    assert emu.counts() == before
    with tarfile.open(rig.folder + "/t.tar") as tar:
        for rid, spec in zip(requests(m), specs):
            assert tar.extractfile(f".requests/{rid}/spec.json").read() \
                == spec.encode()
    for rid, spec in zip(requests(m), specs):
        assert text(m, rid, "spec.json") == spec


def test_a_listing_that_is_kept_is_not_old(emu, mount):
    m = mount(emu)
    for n in range(5):
        assert len(requests(m)) == len(requests(m)) == n
        assert not os.path.exists(room(m) + "/x")
        assert new(m) == 0
        assert len(requests(m)) == n + 1
        assert os.path.exists(f"{room(m)}/{requests(m)[-1]}/state")


def test_one_that_is_under_way_shows(emu, mount):
    m = mount(emu)
    assert requests(m) == []
    emu.fault(action=CREATE, delay_ms=2500 * SLOW)
    writer = subprocess.Popen(
        ["bash", "-c", f"echo '{GOOD}' > {m.ws('w-1')}/new"])
    rid = eventually(lambda: requests(m))[0]
    eventually(lambda: state(m, rid) == "sent")
    assert text(m, rid, "result") == ""
    assert "\nrequests_open: 1\n" in m.read(m.ws("w-1"), ".status")
    assert writer.poll() is None
    assert writer.wait(30 * SLOW) == 0
    assert state(m, rid) == "done"


# ---- events ----

@twin
def test_who_watches_sees_them_come(world):
    world.start("w-1=3", refresh="300ms")
    os.listdir(world.ws())
    found = []

    def on_event(event):
        if event.mask & IN_CREATE:
            found.append(sorted(os.listdir(event.where)))

    watcher = world.watcher(on_event)
    watcher.add(world.ws() + "/.requests", IN_CREATE | IN_DELETE)
    for n in range(1, 4):
        assert write(world.ws() + "/new", GOOD) == 0
        world.come(lambda: watcher.count(IN_CREATE) >= n,
                   lambda: len(requests(world.m)) == n)
        assert watcher.events[-1].mask & IN_ISDIR
    world.settle()
    assert {e.name for e in watcher.events} == set(requests(world.m))
    assert watcher.total() == 3 and found == [FILES] * 3


@twin
def test_who_watches_sees_what_becomes_of_one(world):
    world.start("w-1=3", refresh="300ms")
    os.listdir(world.ws())
    world.emu.fault(action=CREATE, delay_ms=1500 * SLOW)
    writer = threading.Thread(target=write, args=(world.ws() + "/new", GOOD))
    writer.start()
    try:
        rid = eventually(lambda: requests(world.m))[0]
        eventually(lambda: state(world.m, rid) == "sent")
        folder = os.path.join(room(world.m), rid)
        watcher, found = world.watcher(), []
        watcher.add(folder, CHANGED)

        def on_event(event):
            if event.mask & IN_CLOSE_WRITE:
                with open(event.path) as f:
                    found.append(f.read())

        one = world.watcher(on_event)
        one.add(folder + "/state", CHANGED)
        world.come(lambda: "done\n" in found,
                   lambda: state(world.m, rid) == "done")
    finally:
        writer.join(30 * SLOW)
    world.settle()
    for kind in (IN_MODIFY, IN_CLOSE_WRITE):
        names = {e.name for e in watcher.events if e.mask & kind}
        assert names == {"state", "result", "error"}


@twin
def test_who_watches_sees_that_one_is_looked_for(world):
    world.start("w-1=3", refresh="300ms", create_deadline="2s")
    os.listdir(world.ws())
    world.emu.fault(action=CREATE, hang=True)
    writer = threading.Thread(target=write, args=(world.ws() + "/new", GOOD))
    writer.start()
    try:
        rid = eventually(lambda: requests(world.m))[0]
        eventually(lambda: state(world.m, rid) == "sent")
        found = []
        watcher = world.watcher(
            lambda event: found.append(state(world.m, rid)))
        watcher.add(os.path.join(room(world.m), rid, "state"), IN_CLOSE_WRITE)
        world.come(lambda: "looking" in found,
                   lambda: state(world.m, rid) == "looking")
    finally:
        writer.join(30 * SLOW)
    world.settle()
    # That it was sent may be told of only when the watcher is there.
    assert set(found) <= {"sent", "looking"} and len(found) <= 3


@twin
def test_one_that_was_dropped_is_deleted(world):
    """Its caller goes before anything was sent."""
    cloud = Cloudy(world.rig, {"sessionfs": {"refresh": "1h",
                                           "events": world.events}})
    watcher = world.watcher()
    watcher.add(cloud.path(".requests"), IN_CREATE | IN_DELETE)
    # Of a name that is the user's own it is asked whether it is free.
    cloud.emu.fault(provider="livy", action="GetSession", times=-1,
                    delay_ms=1500 * SLOW)
    writer = cloud.writer({**cloud.row.spec, "name": "mine"})
    eventually(lambda: cloud.emu.count("GetSession", "livy") == 1)
    eventually(lambda: len(cloud.requests()) == 1)
    rid = cloud.requests()[0]
    assert os.path.isdir(cloud.path(".requests", rid))
    kill(writer)
    world.come(lambda: watcher.count(IN_DELETE), lambda: not cloud.requests())
    eventually(lambda: cloud.requests() == [])
    assert not os.path.exists(cloud.path(".requests", rid))
    assert [(e.name, bool(e.mask & IN_CREATE)) for e in watcher.events] == [
        (rid, True), (rid, False)]
    assert cloud.emu.count("CreateSession", "livy") == 0


def test_a_watch_on_one_is_no_look_at_sessions(world):
    world.start("w-1=3", refresh="300ms", window="1s")
    assert write(world.ws() + "/new", GOOD) == 0
    rid = only(world.m)
    watcher = world.watcher()
    watcher.add(os.path.join(room(world.m), rid, "state"), CHANGED)
    watcher.add(os.path.join(room(world.m), rid), CHANGED)
    watcher.add(room(world.m), IN_CREATE)

    def status():
        return world.m.read(world.ws(), ".status").split("\n")

    # To ask for it is a look too, which is over after a window.
    eventually(lambda: {"interest: held", "watched:          0"} <=
               set(status()), 20, interval=2.5)
    watcher.add(world.state_path(world.names()[0]), CHANGED)
    eventually(lambda: {"interest: held", "watched:          1"} <=
               set(status()), 20, interval=2.5)


# ---- callers that go, and many of them ----

def kill(writer):
    """It has to die at once, whatever it waits for."""
    began = time.monotonic()
    writer.send_signal(signal.SIGKILL)
    assert writer.wait(20 * SLOW) == -signal.SIGKILL
    assert time.monotonic() - began < 2 * SLOW


def test_the_create_of_a_killed_writer_becomes_done(emu, mount):
    m = mount(emu)
    os.listdir(m.ws("w-1"))
    emu.fault(action=CREATE, delay_ms=3000 * SLOW)
    writer = subprocess.Popen(
        ["bash", "-c", f"echo '{GOOD}' > {m.ws('w-1')}/new"])
    eventually(lambda: emu.count(CREATE) == 1)
    kill(writer)
    rid = only(m)
    assert state(m, rid) == "sent"
    eventually(lambda: state(m, rid) == "done", timeout=20)
    assert result(m, rid)["session"] == last(m)
    assert made(emu) == emu.count(CREATE) == 1


def test_as_many_writers_make_as_many_sessions(emu, mount):
    m = mount(emu, config={"alibaba": FREE})
    os.listdir(m.ws("w-1"))
    failures = []

    def one(n):
        failures.append(new(m, json.dumps({**SPEC, "name": f"n{n}"})))

    threads = [threading.Thread(target=one, args=(n,)) for n in range(64)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(100 * SLOW)
    assert failures == [0] * 64
    assert made(emu) == emu.count(CREATE) == len(requests(m)) == 64
    assert {state(m, rid) for rid in requests(m)} == {"done"}
    names = {result(m, rid)["session"]: json.loads(
        text(m, rid, "spec.json"))["name"] for rid in requests(m)}
    assert len(names) == 64
    assert names.items() <= {s["sessionClusterId"]: s["name"]
                             for s in emu.sessions("w-1")}.items()


# ---- restarts ----

def contents(m):
    """{path: (inode number, mode, bytes)} of all requests."""
    found = {}
    for folder, folders, files in os.walk(room(m)):
        for name in folders + files:
            path = os.path.join(folder, name)
            attr = os.stat(path)
            data = None
            if name in files and name != "resolve":
                with open(path, "rb") as f:
                    data = f.read()
            found[os.path.relpath(path, room(m))] = (
                attr.st_ino, attr.st_mode, data)
    return found


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_requests_survive_a_restart(emu, mount, rig, end):
    m = mount(emu, config={"sessionfs": {"refresh": "1h"}})
    assert new(m) == 0
    emu.fault(action=CREATE, status=403, code="Forbidden.RAM")
    assert new(m, GOOD + "\n") == errno.EACCES
    name = last(m)
    eventually(lambda: m.read(m.ws("w-1"), name, "state") != "Starting\n" or
               m.run(["touch", m.ws("w-1") + "/.refresh"]).status)
    assert write(f"{m.ws('w-1')}/{name}/ctl", "stop") == 0
    eventually(lambda: m.read(m.ws("w-1"), name, "state") == "Stopped\n" or
               m.run(["touch", m.ws("w-1") + "/.refresh"]).status)
    before = contents(m)
    assert len(before) == 3 * 6
    for n in range(2):
        if end == "kill":
            m.kill()
        else:
            m.stop()
        m = rig.mount(emu, folder=m.folder, config={
            "sessionfs": {"refresh": "1h"}})
        assert not os.path.exists(room(m) + "/no")
        assert contents(m) == before
    assert new(m) == 0
    after = contents(m)
    assert before.items() <= after.items() and len(after) == 4 * 6
    inodes = [ino for ino, _, _ in after.values()]
    assert len(set(inodes)) == len(inodes) and max(inodes) < 1 << 32


def test_one_that_was_lost_with_the_daemon_is_looked_for(emu, mount, rig):
    m = mount(emu, config=SOON)
    os.listdir(m.ws("w-1"))
    emu.fault(**LOST, delay_ms=60000)
    writer = subprocess.Popen(
        ["bash", "-c", f"echo '{GOOD}' > {m.ws('w-1')}/new"],
        stderr=subprocess.DEVNULL)
    eventually(lambda: made(emu) == 1)
    rid = only(m)
    m.kill()
    assert writer.wait(20 * SLOW) == 1
    m = rig.mount(emu, config=SOON, folder=m.folder)
    assert text(m, rid, "spec.json") == GOOD + "\n"
    eventually(lambda: state(m, rid) == "done", timeout=20)
    assert result(m, rid)["session"] == last(m)
    assert made(emu) == emu.count(CREATE) == 1


# ---- tokens of the caller's own ----

class Cloudy(Cloud):
    def __init__(self, rig, config=None, type="livy"):
        row = next(r for r in ROWS if r.type == type)
        emu = rig.emulator()
        if type != "livy":
            emu.workspace(row.workspace, type)
        self.config = {"cloud": section(row, emu), "alibaba": {},
                       **(config or {})}
        super().__init__(row, emu, None)
        self.start(rig)

    def start(self, rig, folder=None):
        self.mount = rig.mount(self.emu, env=KEYS, config=self.config,
                               folder=folder)
        os.listdir(self.path())

    def requests(self):
        return sorted(os.listdir(self.path(".requests")))

    def writer(self, spec):
        return subprocess.Popen(["bash", "-c", 'echo "$1" > "$2"', "bash",
                                 json.dumps(spec), self.path("new")])


@pytest.mark.parametrize("type", ["alibaba", "dli", "livy"])
def test_the_same_token_is_the_same_session(rig, type):
    cloud = Cloudy(rig, type=type)
    spec = {**cloud.row.spec, "clientToken": "mine-1"}
    name = cloud.create(spec)
    laid_out = json.dumps(spec, indent=3)
    assert cloud.write(laid_out, "new") == 0
    cloud.mount.stop()
    cloud.start(rig, cloud.mount.folder)
    assert cloud.create(spec) == name
    assert len(cloud.requests()) == 1
    dump = cloud.emu.dump(cloud.room, type)
    assert dump["created"] == len(dump["sessions"]) == 1
    other = {**spec, "clientToken": "mine-2"}
    assert cloud.create(other) != name
    assert cloud.emu.dump(cloud.room, type)["created"] == 2
    assert len(cloud.requests()) == 2
    # Another spec is not what that token stands for.
    key = "name" if type != "livy" else "driverMemory"
    assert cloud.write(json.dumps({**spec, key: "9g"}), "new") == errno.EEXIST
    assert cloud.emu.dump(cloud.room, type)["created"] == 2
