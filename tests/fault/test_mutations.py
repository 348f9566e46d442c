"""The state directory, spoilt at random: cut, emptied, zeroed, bits flipped, grown or
swapped.  It starts all the same and serves what the provider has, or says why not and
leaves all as it is; what cannot be read is named, and no create is made twice or
forgotten in silence.

By default a few, chosen by a seed that is printed; by --long ten thousand.
FAULT_SEED=N brings a run back."""
import filecmp
import os
import random
import shutil

import pytest

from harness import LONG, eventually
from world import World

SEED = int(os.environ.get("FAULT_SEED", random.randrange(1 << 32)))
COUNT = 400 if LONG else 20
PARTS = 25 if LONG else 2
MARKS = ["kill-1", "kill-2", "kill-3"]
OPEN = "kill-4"


# ---- ways to spoil a file ----

def cut(pick, data):
    return data[:pick.randrange(len(data))]


def empty(pick, data):
    return b""


def zero(pick, data):
    at, n = pick.randrange(len(data)), pick.choice((1, 8, 64, 4096))
    return data[:at] + bytes(len(data[at:at + n])) + data[at + n:]


def flip(pick, data):
    data = bytearray(data)
    for _ in range(pick.choice((1, 1, 1, 2, 16))):
        data[pick.randrange(len(data))] ^= 1 << pick.randrange(8)
    return bytes(data)


def noise(pick, data):
    at, n = pick.randrange(len(data)), pick.choice((1, 4, 100))
    return data[:at] + pick.randbytes(n) + data[at + n:]


def grow(pick, data):
    return data + pick.choice((pick.randbytes(50), bytes(5000), data))


def swap(pick, data):
    """Its two halves."""
    return data[len(data) // 2:] + data[:len(data) // 2]


WAYS = (cut, empty, zero, flip, flip, flip, noise, grow, swap)


def files_of(folder):
    return sorted(os.path.join(place, name)
                  for place, _, names in os.walk(folder) for name in names
                  if os.path.getsize(os.path.join(place, name)))


def spoil(pick, folder):
    """(the file's path in the folder, how)"""
    path = pick.choice(files_of(folder))
    way = pick.choice(WAYS)
    with open(path, "rb") as f:
        data = f.read()
    with open(path, "wb") as f:
        f.write(way(pick, data))
    return os.path.relpath(path, folder), way.__name__


# ---- what is to hold ----

class Spoilt(World):
    """Three creates that are done, one whose answer nobody heard, and what the
    state directory was then."""

    def __init__(self, rig):
        super().__init__(rig, "dli", deadline="10s", list_lag_ms=300)
        self.start()
        self.requests()
        for mark in MARKS:
            assert self.write(mark).errno == 0
        self.settled()
        self.mount.stop()
        self.start(kill="create.answer")
        self.requests()
        self.write(OPEN)
        self.until_dead()
        self.mount.detach()
        self.good = self.state_dir
        self.made = sum(self.sessions().values(), [])

    def try_one(self, pick):
        self.last = {}
        self.state_dir = os.path.join(self.folder, "spoilt")
        shutil.rmtree(self.state_dir, ignore_errors=True)
        shutil.copytree(self.good, self.state_dir, symlinks=True)
        what = spoil(pick, self.state_dir)
        before = os.path.join(self.folder, "before")
        shutil.copyfile(os.path.join(self.state_dir, what[0]), before)
        self.start(wait=False)
        try:
            self.mount.wait_mounted()
        except AssertionError:
            assert not self.mount.alive(), what
            self.refused(what, before)
        else:
            self.serves(what)
            self.mount.stop()

    def refused(self, what, before):
        assert 0 < self.mount.process.returncode < 10, (what, self.mount.log())
        assert os.path.basename(what[0]) in self.mount.log(), \
            (what, self.mount.log())
        assert filecmp.cmp(os.path.join(self.state_dir, what[0]), before,
                           shallow=False), what

    def serves(self, what):
        room = self.room_dir(self.rooms[0])

        def is_whole():
            with open(os.path.join(room, ".refresh"), "w") as f:
                f.write("now")
            shown = {name for name in os.listdir(room)
                     if name != "new" and not name.startswith(".")}
            return shown == set(self.made)
        eventually(is_whole)
        settled = self.settled()
        known = {r.mark for r in settled if r.state in ("done", "unknown")}
        forgotten = {*MARKS, OPEN} - known
        log = self.mount.log()
        assert not forgotten or os.path.basename(what[0]) in log, \
            (what, settled, log)
        assert sorted(sum(self.sessions().values(), [])) == sorted(self.made), \
            (what, settled, log)
        assert "sessionfs died" not in log, (what, log)


@pytest.mark.parametrize("part", range(PARTS))
def test_it_starts_or_says_why_not(rig, part):
    pick = random.Random(f"{SEED} {part}")
    print(f"FAULT_SEED={SEED}")
    spoilt = Spoilt(rig)
    for _ in range(COUNT):
        spoilt.try_one(pick)
