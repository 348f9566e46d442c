"""Whose state it is that a section shows: that of the account which its credentials
are of, at the place that is configured."""
import base64
import copy
import errno
import hashlib
import json
import os
import shutil

import pytest

from harness import eventually

LIST = "ListSessions"
SECRET = "an-invented-secret"


def key_of(account, serial=0):
    """The id of an access key, as AWS makes them: it bears the account."""
    bits = (1 << 47 | account << 7).to_bytes(6, "big")
    return "AKIA" + base64.b32encode(bits + bytes(4)).decode()[:10] + \
        f"{serial:06d}".translate(str.maketrans("0123456789", "ABCDEFGHKL"))


ALICE, BOB = 111122223333, 444455556666
ALICES, BOBS = key_of(ALICE), key_of(BOB)
ROOM = "00fapp000000001"
SPEC = {"executionRoleArn": "arn:aws:iam::111122223333:role/spark"}


class Clouds:
    """One section of AWS, whose credentials stand in a file, and the emulators of
    several accounts, one at a time at the same address."""

    def __init__(self, rig):
        self.rig = rig
        self.folder = rig.new_folder("mount")
        self.keys = os.path.join(self.folder, "keys")
        self.port = 0
        self.emu = None
        self.mount = None

    def serve(self, key, *args):
        if self.emu:
            self.emu.terminate(5)
        self.emu = self.rig.emulator(
            "--access-key", f"{key}:{SECRET}", "--port", self.port,
            "--workspace", f"emr-serverless:{ROOM}", *args)
        self.port = int(self.emu.url.rpartition(":")[2])
        return self.emu

    def put_key(self, key, profile="default", extra=""):
        with open(self.keys + ".new", "w") as f:
            f.write(f"[{profile}]\naws_access_key_id = {key}\n"
                    f"aws_secret_access_key = {SECRET}\n{extra}")
        os.rename(self.keys + ".new", self.keys)

    def start(self, url=None, **keys):
        self.mount = self.rig.mount(
            folder=self.folder, env={
                "AWS_SHARED_CREDENTIALS_FILE": self.keys,
                "AWS_CONFIG_FILE": "/nonexistent",
                "AWS_EC2_METADATA_DISABLED": "true"},
            config={
                "alibaba": {"endpoint": "http://127.0.0.1:1"},
                "sessionfs": {"refresh": "200ms", "create_deadline": "2s",
                              "state_dir": self.mount.state_dir
                              if self.mount else
                              os.path.join(self.folder, "state")},
                "cloud": {"type": "emr-serverless", "region": "eu-west-1",
                          "endpoint": url or f"http://127.0.0.1:{self.port}",
                          "list_lag": "1s", **keys}})
        return self.mount

    def path(self, *parts):
        return os.path.join(self.mount.path, "cloud", *parts)

    def names(self):
        return sorted(n for n in os.listdir(self.path(ROOM))
                      if n != "new" and not n.startswith("."))

    def numbers(self):
        return {n: os.stat(self.path(ROOM, n)).st_ino for n in self.names()}

    def status(self, *parts):
        return dict(line.split(": ", 1) for line in
                    self.mount.read("cloud", *parts, ".status").splitlines()
                    if ": " in line)

    def create(self, name):
        try:
            with open(self.path(ROOM, "new"), "w") as f:
                f.write(json.dumps({"name": name, **SPEC}))
        except OSError as e:
            return e.errno
        return 0

    def lose(self, name):
        """A create that is made, and whose answer and listings are lost."""
        self.emu.fault(provider="emr-serverless", action="StartSession",
                       drop=True, after=True)
        self.emu.fault(provider="emr-serverless", action="StartSession",
                       status=503, times=1000)
        for action in ("ListSessions", "GetSession"):
            self.emu.fault(provider="emr-serverless", action=action,
                           status=503, times=1000)
        assert self.create(name) == errno.ETIMEDOUT

    def requests(self):
        """{rid: state} of the room."""
        where = self.path(ROOM, ".requests")
        return {rid: self.mount.read(where, rid, "state").strip()
                for rid in os.listdir(where)}


@pytest.fixture
def clouds(rig):
    return Clouds(rig)


def fill(n):
    return "--fill", f"emr-serverless:{ROOM}={n}"


def test_a_key_that_changes_to_another_account_is_noticed(clouds):
    clouds.serve(ALICES, *fill(3))
    clouds.put_key(ALICES)
    clouds.start()
    alices = clouds.numbers()
    assert len(alices) == 3
    assert clouds.status()["account"] == str(ALICE)
    assert clouds.status()["account_proved"].strip() == "yes"
    top = os.stat(clouds.path()).st_ino

    clouds.serve(BOBS, *fill(5))
    clouds.put_key(BOBS)
    eventually(lambda: clouds.status()["account"] == str(BOB))
    bobs = eventually(lambda: len(clouds.names()) == 5 and clouds.numbers())
    assert not set(bobs.values()) & set(alices.values())
    assert os.stat(clouds.path()).st_ino != top
    assert clouds.status()["accounts_set_aside"] == "1"

    clouds.serve(ALICES, *fill(3))
    clouds.put_key(ALICES)
    eventually(lambda: clouds.status()["account"] == str(ALICE))
    assert clouds.numbers() == alices
    assert os.stat(clouds.path()).st_ino == top


def test_a_rotated_key_of_one_account_changes_nothing(clouds):
    clouds.serve(ALICES, *fill(3))
    clouds.put_key(ALICES)
    clouds.start()
    numbers = clouds.numbers()
    clouds.emu.terminate(5)
    other = key_of(ALICE, 7)
    assert other != ALICES
    clouds.serve(other, *fill(3))
    clouds.put_key(other)
    before = int(clouds.status(ROOM)["generation"])
    eventually(lambda: clouds.names() and
               clouds.status(ROOM)["listing"] == "complete" and
               int(clouds.status(ROOM)["generation"]) > before + 3)
    assert clouds.numbers() == numbers
    assert clouds.status()["accounts_set_aside"] == "0"
    clouds.mount.stop()
    clouds.start()
    assert clouds.numbers() == numbers


def test_a_lost_create_is_not_judged_by_another_account(clouds):
    clouds.serve(ALICES)
    clouds.put_key(ALICES)
    clouds.start()
    clouds.names()
    clouds.lose("mine")
    rid, = clouds.requests()
    made = len(clouds.emu.sessions(ROOM, "emr-serverless"))
    assert made == 1

    bob = clouds.rig.emulator("--access-key", f"{BOBS}:{SECRET}",
                              "--port", "0", "--workspace",
                              f"emr-serverless:{ROOM}", *fill(2))
    alice, clouds.emu = clouds.emu, bob
    clouds.put_key(BOBS)
    clouds.mount.stop()
    clouds.start(url=bob.url)
    eventually(lambda: len(clouds.names()) == 2)
    before = int(clouds.status(ROOM)["generation"])
    eventually(lambda: clouds.names() and
               int(clouds.status(ROOM)["generation"]) > before + 8)
    assert clouds.requests() == {rid: "unknown"}
    assert "another account" in clouds.mount.read(
        clouds.path(ROOM, ".requests", rid, "error"))
    assert clouds.status()["requests_set_aside"] == "1"
    assert clouds.status(ROOM)["requests_unknown"] == "1"
    for words in ("retry", "abandon", "adopt 1"):
        with pytest.raises(OSError) as e:
            with open(clouds.path(ROOM, ".requests", rid, "resolve"),
                      "w") as f:
                f.write(words + "\n")
        assert e.value.errno == errno.EBUSY

    alice.no_faults()
    clouds.put_key(ALICES)
    clouds.mount.stop()
    clouds.emu = alice
    clouds.start(url=alice.url)
    eventually(lambda: clouds.names() and
               clouds.requests() == {rid: "done"}, timeout=20)
    assert len(clouds.names()) == 1


def test_another_profile_while_offline(clouds):
    """Nobody can be asked: what the other profile had last is shown, or nothing."""
    clouds.serve(ALICES, *fill(3))
    clouds.put_key(ALICES)
    clouds.start(profile="default")
    alices = clouds.numbers()
    clouds.mount.stop()
    with open(clouds.keys, "a") as f:
        f.write(f"[other]\naws_access_key_id = {BOBS}\n"
                f"aws_secret_access_key = {SECRET}\n")
    clouds.serve(BOBS, *fill(5))
    clouds.start(profile="other", workspaces=ROOM)
    bobs = eventually(lambda: len(clouds.names()) == 5 and clouds.numbers())
    clouds.mount.stop()
    clouds.emu.terminate(5)

    for profile, account, numbers in (("default", ALICE, alices),
                                      ("other", BOB, bobs)):
        clouds.start(profile=profile, workspaces=ROOM)
        assert clouds.numbers() == numbers
        assert clouds.status()["account"] == str(account)
        # Whose they are is told by the key itself, once one is used.
        eventually(lambda: clouds.names() and int(
            clouds.status(ROOM)["failures"]) > 1)
        assert clouds.numbers() == numbers
        clouds.mount.stop()


def test_a_role_is_not_proved_while_offline(clouds):
    """The credentials themselves need a call: what was last known of the same
    source is shown, and marked."""
    clouds.serve(ALICES, *fill(3))
    clouds.put_key(ALICES)
    clouds.start()
    numbers = clouds.numbers()
    clouds.mount.stop()
    clouds.emu.terminate(5)
    hangs = "credential_process = sleep 60"
    with open(clouds.keys, "w") as f:
        f.write(f"[default]\n{hangs}\n")
    clouds.start(workspaces=ROOM)
    # Another source: nothing is known of it.
    assert clouds.status()["account"] == "not told yet"
    assert clouds.status()["account_proved"].strip() == "no"
    assert clouds.status()["accounts_set_aside"] == "1"
    clouds.mount.stop()
    clouds.put_key(ALICES)
    clouds.start(workspaces=ROOM)
    assert clouds.numbers() == numbers


# ---- keys that tell nothing of whose they are, and refused ones ----

class Alibaba(Clouds):
    """The same of Alibaba, whose keys bear no account."""

    def serve(self, key, *args):
        if self.emu:
            self.emu.terminate(5)
        self.emu = self.rig.emulator("--access-key", f"{key}:{SECRET}",
                                     "--port", self.port, *args)
        self.port = int(self.emu.url.rpartition(":")[2])

    def put_key(self, key):
        with open(self.keys + ".new", "w") as f:
            f.write(f"[default]\ntype = access_key\naccess_key_id = {key}\n"
                    f"access_key_secret = {SECRET}\n")
        os.rename(self.keys + ".new", self.keys)

    def start(self, **keys):
        self.mount = self.rig.mount(
            self.emu, folder=self.folder, env={
                "ALIBABA_CLOUD_ACCESS_KEY_ID": None,
                "ALIBABA_CLOUD_ACCESS_KEY_SECRET": None,
                "ALIBABA_CLOUD_CREDENTIALS_FILE": self.keys},
            config={"sessionfs": {"refresh": "200ms"}, "alibaba": keys})

    def path(self, *parts):
        return os.path.join(self.mount.path, "alibaba", *parts)

    def names(self, room="w-1"):
        return sorted(n for n in os.listdir(self.path(room))
                      if n.startswith("sc-"))

    def numbers(self):
        return {n: os.stat(self.path("w-1", n)).st_ino for n in self.names()}

    def status(self, *parts):
        return dict(line.split(": ", 1) for line in
                    self.mount.read("alibaba", *parts, ".status").splitlines()
                    if ": " in line)

    def listed_by(self, key):
        """Whether a listing was answered to that key."""
        os.listdir(self.path("w-1"))
        status = self.status()
        return status["account"] == f"key {key}" and \
            status["account_proved"].strip() == "yes"


@pytest.fixture
def alibaba(rig):
    return Alibaba(rig)


def test_a_mistyped_key_sets_nothing_aside(alibaba):
    alibaba.serve("one", "--fill", "w-1=3")
    alibaba.put_key("one")
    alibaba.start()
    numbers = alibaba.numbers()
    assert alibaba.status()["account_proved"].strip() == "yes"

    def is_unproved():
        alibaba.names()
        return alibaba.status()["account_proved"].strip() == "no"
    alibaba.put_key("onne")
    eventually(is_unproved)
    for _ in range(2):
        assert alibaba.numbers() == numbers
        status = alibaba.status()
        assert status["account"] == "key one"
        assert status["accounts_set_aside"] == "0"
        eventually(lambda: alibaba.names() and
                   "InvalidAccessKeyId" in alibaba.mount.read(
                       "alibaba", ".status"))
        alibaba.mount.stop()
        alibaba.start()
        assert alibaba.status()["account_proved"].strip() == "no"
    alibaba.put_key("one")
    eventually(lambda: alibaba.listed_by("one"))
    assert alibaba.numbers() == numbers


def test_a_section_that_was_always_refused_is_nobodys(alibaba):
    alibaba.serve("one", "--fill", "w-1=3")
    alibaba.put_key("onne")
    alibaba.start()
    with pytest.raises(OSError) as e:
        os.listdir(alibaba.path())
    assert e.value.errno == errno.EKEYREJECTED
    assert alibaba.status()["account"] == "not told yet"
    assert alibaba.status()["account_proved"].strip() == "no"


@pytest.mark.parametrize("workspaces", [None, "w-1"])
def test_a_rotated_key_keeps_what_it_reaches(alibaba, workspaces):
    alibaba.serve("one", "--fill", "w-1=3")
    alibaba.put_key("one")
    alibaba.start(workspaces=workspaces)
    numbers = alibaba.numbers()
    for key in ("two", "three"):
        alibaba.serve(key, "--fill", "w-1=3")
        alibaba.put_key(key)
        eventually(lambda: alibaba.listed_by(key))
        assert alibaba.numbers() == numbers
        assert alibaba.status()["accounts_set_aside"] == "0"
    # The first call after it may be a create.
    alibaba.serve("four", "--fill", "w-1=3")
    alibaba.put_key("four")
    with open(alibaba.path("w-1", "new"), "w") as f:
        f.write('{"name": "n", "kind": "SQL"}')
    assert alibaba.emu.count("CreateSessionCluster") == 1
    assert numbers.items() <= alibaba.numbers().items()
    alibaba.mount.stop()
    alibaba.start(workspaces=workspaces)
    assert numbers.items() <= alibaba.numbers().items()
    assert alibaba.status()["account"] == "key four"


@pytest.mark.parametrize("workspaces", [None, "w-1"])
def test_a_key_that_reaches_nothing_of_it_has_a_state_of_its_own(
        alibaba, workspaces):
    alibaba.serve("one", "--fill", "w-1=3")
    alibaba.put_key("one")
    alibaba.start(workspaces=workspaces)
    numbers = alibaba.numbers()

    def is_of(account):
        alibaba.mount.run(["ls", alibaba.path(), alibaba.path("w-1")])
        return alibaba.status()["account"] == f"key {account}"
    alibaba.serve("two", "--fill", "w-9=2")
    alibaba.put_key("two")
    eventually(lambda: is_of("two"))
    if not workspaces:
        assert len(alibaba.names("w-9")) == 2
    assert alibaba.status()["accounts_set_aside"] == "1"
    alibaba.serve("one", "--fill", "w-1=3")
    alibaba.put_key("one")
    eventually(lambda: is_of("one"))
    assert alibaba.numbers() == numbers


# ---- what an older version has kept ----

STATE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "state_1")


def old_state(folder):
    """The state directory of a version that kept no account, in place for a mount
    in that folder; and what that version showed."""
    path = os.path.join(folder, "mnt")
    name = "mnt-" + hashlib.sha256(path.encode()).hexdigest()[:16]
    shutil.copytree(STATE, os.path.join(folder, "state", name),
                    ignore=shutil.ignore_patterns("expected.json"))
    for place, _, _ in os.walk(os.path.join(folder, "state")):
        os.chmod(place, 0o700)
    with open(os.path.join(STATE, "expected.json")) as f:
        return json.load(f)


def comparable(told):
    """How a record is shown to whoever may read it is another matter."""
    told = copy.deepcopy(told)
    for session in told["sessions"].values():
        del session["files"]["session.json"][2]
    return told


def shown(m, expected):
    """The same of what is shown now."""
    top = os.path.join(m.path, "alibaba")
    sessions = {}
    for place in expected["sessions"]:
        where = os.path.join(top, place)
        sessions[place] = {
            "ino": os.stat(where).st_ino,
            "files": {f: [os.stat(os.path.join(where, f)).st_ino,
                          os.stat(os.path.join(where, f)).st_mtime_ns,
                          m.read(where, f)]
                      for f in expected["sessions"][place]["files"]}}
    requests = {}
    for rid in sorted(os.listdir(os.path.join(top, "w-1", ".requests"))):
        where = os.path.join(top, "w-1", ".requests", rid)
        spec = os.path.join(where, "spec.json")
        requests[rid] = {
            "ino": os.stat(where).st_ino,
            "mtime": os.stat(where).st_mtime_ns,
            "state": m.read(where, "state"),
            "spec": m.read(spec) if os.path.exists(spec) else None,
            "error": m.read(where, "error")}
    return {"sessions": sessions, "requests": requests,
            "rooms": {room: os.stat(os.path.join(top, room)).st_ino
                      for room in expected["rooms"]}}


def status(m):
    return dict(line.split(": ", 1) for line in
                m.read("alibaba", ".status").splitlines() if ": " in line)


def test_an_old_state_directory_is_adopted_once(rig):
    """With all its sessions, their inode numbers and times, and its requests."""
    folder = rig.new_folder("mount")
    expected = old_state(folder)
    emu = rig.emulator("--workspace", "w-1")
    nobody = {"sessionfs": {"refresh": "1h"},
              "alibaba": {"endpoint": "http://127.0.0.1:1"}}
    for _ in range(2):
        m = rig.mount(folder=folder, config=nobody)
        assert comparable(shown(m, expected)) == comparable(expected)
        m.stop()
    # It is of where it was adopted, and of nowhere else.
    m = rig.mount(emu, folder=folder)
    assert os.listdir(os.path.join(m.path, "alibaba")) != []
    assert not any(n.startswith("sc-") for n in os.listdir(m.ws("w-1")))
    assert status(m)["accounts_set_aside"] == "1"
    m.stop()
    m = rig.mount(folder=folder, config=nobody)
    assert comparable(shown(m, expected)) == comparable(expected)


def test_an_old_state_directory_goes_on(rig):
    """Its lost create is found out; what is listed keeps its number."""
    folder = rig.new_folder("mount")
    expected = old_state(folder)
    emu = rig.emulator("--workspace", "w-1", "--workspace", "w-2")
    for place in expected["sessions"]:
        room, session = place.split("/")
        record = json.loads(
            expected["sessions"][place]["files"]["session.json"][2])
        emu.session(room, record)
    m = rig.mount(emu, folder=folder, config={
        "sessionfs": {"refresh": "200ms"}, "alibaba": {"list_lag": "1s"}})
    lost, = (rid for rid, r in expected["requests"].items()
             if r["state"] == "looking\n")
    eventually(lambda: os.listdir(m.ws("w-1")) and m.read(
        m.ws("w-1"), ".requests", lost, "state") in ("failed\n", "unknown\n"))
    for place, was in expected["sessions"].items():
        assert os.stat(os.path.join(m.path, "alibaba", place)).st_ino == \
            was["ino"]
    assert status(m)["accounts_set_aside"] == "0"
