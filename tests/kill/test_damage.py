"""A journal that something else has written into."""
import os
import threading

import pytest

from harness import eventually
from world import World

SLOT = 8192
HEAD = 24


def head(path):
    """(length of the intent, offset of the slots) of a request's file."""
    with open(path, "rb") as f:
        data = f.read(24)
    return (int.from_bytes(data[16:20], "little"),
            int.from_bytes(data[20:24], "little"))


def flip(path, at):
    with open(path, "r+b") as f:
        f.seek(at)
        byte = f.read(1)
        f.seek(at)
        f.write(bytes([byte[0] ^ 0x40]))


def flip_magic(path):
    flip(path, 0)


def flip_intent(path):
    flip(path, HEAD + head(path)[0] // 2)


def flip_length(path):
    flip(path, 17)


def sequence(path, slot):
    with open(path, "rb") as f:
        f.seek(head(path)[1] + slot * SLOT + 8)
        return int.from_bytes(f.read(8), "little")


def newest(path):
    return 0 if sequence(path, 0) > sequence(path, 1) else 1


def flip_newest(path):
    flip(path, head(path)[1] + newest(path) * SLOT + 30)


def flip_older(path):
    flip(path, head(path)[1] + (1 - newest(path)) * SLOT + 30)


def flip_both(path):
    flip_older(path)
    flip_newest(path)


def cut(at):
    def cut_at(path):
        os.truncate(path, at(*head(path)))
    return cut_at


# What is done to the file of a create that is done; whether its intent can still
# be read, and whether that is said of it.
DAMAGE = {
    "magic": (flip_magic, False, True),
    "length": (flip_length, False, True),
    "intent": (flip_intent, False, True),
    "emptied": (cut(lambda n, slots: 0), False, True),
    "cut in the head": (cut(lambda n, slots: HEAD - 1), False, True),
    "cut in the intent": (cut(lambda n, slots: HEAD + n - 1), False, True),
    "cut before the slots": (cut(lambda n, slots: slots), True, True),
    "cut in a slot": (cut(lambda n, slots: slots + 20), True, True),
    "cut in the second slot": (cut(lambda n, slots: slots + SLOT + 20), True,
                               False),
    "newest slot": (flip_newest, True, True),
    "older slot": (flip_older, True, True),
    "both slots": (flip_both, True, True),
}


def damage_one(rig, name, type):
    """Of three that are done and one that is open, one that is done is damaged:
    what came of the others, and of it, if it can be read, is the same."""
    spoil, readable, told = DAMAGE[name]
    w = World(rig, type, deadline="10s")
    w.start()
    w.requests()
    for mark in ("kill-1", "kill-2", "kill-3"):
        assert w.write(mark).errno == 0
    w.mount.stop()
    w.start(kill="create.answer")
    w.requests()
    w.write("kill-4")
    w.until_dead()
    victim = find_file(w, b"kill-2")
    spoil(os.path.join(w.journal(), victim))
    w.start()
    requests = w.settled()
    assert sorted(r.mark for r in requests) == [
        mark for mark in ("kill-1", "kill-2", "kill-3", "kill-4")
        if readable or mark != "kill-2"]
    assert all(r.state == "done" for r in requests)
    wrong = w.offences(requests)
    assert all(what.startswith("kill-2: ") for what in wrong)
    assert bool(wrong) != readable, wrong
    log = w.mount.log()
    assert (f"request {victim}" in log) == told, log
    assert w.mount.metric("sessionfs_journal_damaged") == told
    kept = os.path.join(w.journal(), victim + ".damaged")
    assert os.path.exists(kept) != readable


def find_file(w, text):
    for name in os.listdir(w.journal()):
        with open(os.path.join(w.journal(), name), "rb") as f:
            if text in f.read():
                return name
    raise AssertionError(f"no request has {text}")


@pytest.fixture(scope="module")
def started(crew):
    return {(name, type): crew.start(damage_one, name, type)
            for name in DAMAGE for type in ("alibaba", "dataproc")}


@pytest.mark.parametrize("type", ("alibaba", "dataproc"))
@pytest.mark.parametrize("name", DAMAGE)
def test_damage_costs_no_other_request(started, name, type):
    started[name, type].result()


def test_a_create_whose_outcome_is_damaged_is_looked_for(rig):
    """It was sent, and nothing came of it."""
    w = World(rig, "dli", deadline="10s")
    w.start(kill="create.send")
    w.requests()
    w.write("kill-1")
    w.until_dead()
    flip_newest(os.path.join(w.journal(), find_file(w, b"kill-1")))
    w.start()
    requests = w.settled()
    assert [r.state for r in requests] == ["failed"]
    assert w.offences(requests) == []
    assert f"request {requests[0].rid}" in w.mount.log()


def test_foreign_files_are_left_alone(rig):
    w = World(rig, "alibaba", deadline="10s")
    w.start()
    w.requests()
    assert w.write("kill-1").errno == 0
    w.mount.kill()
    place = w.journal()
    for name in ("README", "1", "notes~", ".hidden",
                 "20260101T000000.000Z-000000"):
        with open(os.path.join(place, name), "w") as f:
            f.write("not ours")
    os.mkdir(os.path.join(place, "20260101T000000.000Z-000001"))
    os.symlink("/etc/passwd",
               os.path.join(place, "20260101T000000.000Z-000002"))
    part = os.path.join(place, "20260101T000000.000Z-000003.part")
    with open(part, "w") as f:
        f.write("half of one")
    w.start()
    requests = w.settled()
    assert [(r.mark, r.state) for r in requests] == [("kill-1", "done")]
    assert w.offences(requests) == []
    assert w.write("kill-2").errno == 0
    log = w.mount.log()
    for n in range(3):
        assert f"20260101T000000.000Z-00000{n}" in log
    assert "README" not in log
    assert not os.path.exists(part)
    with open(os.path.join(place, "README")) as f:
        assert f.read() == "not ours"
    w.mount.stop()


def test_a_file_that_is_gone_is_told(rig):
    """Somebody takes it away while it is in use."""
    w = World(rig, "alibaba", deadline="10s")
    w.start()
    w.requests()
    w.emu.fault(action=w.row.create, delay_ms=500)
    writer = threading.Thread(target=w.write, args=("kill-1",))
    writer.start()
    eventually(lambda: w.emu.count(w.row.create) == 1)
    rid = find_file(w, b"kill-1")
    os.unlink(os.path.join(w.journal(), rid))
    writer.join(30)
    assert w.writes[0].errno == 0
    assert f"the outcome of request {rid}" in w.mount.log()
    assert w.offences(w.settled()) == []
