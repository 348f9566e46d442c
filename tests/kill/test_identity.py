"""The daemon dies with a create under way, and comes back to another account: a
second emulator, in whose listings its session is not."""
import os

import pytest

from harness import eventually
from world import DIED, TYPES, World


def status(w, *room):
    with open(os.path.join(w.mount.path, "cloud", *room, ".status")) as f:
        return dict(line.split(": ", 1) for line in f.read().splitlines()
                    if ": " in line)


def listed_long(w):
    """It was listed again and again, for longer than a new session may be
    missing."""
    room = os.path.basename(w.room_dir(w.rooms[0]))
    os.listdir(w.room_dir(w.rooms[0]))
    before = int(status(w, room)["generation"])
    times = 10 + w.list_lag_ms // 200
    eventually(lambda: os.listdir(w.room_dir(w.rooms[0])) and
               int(status(w, room)["generation"]) > before + times,
               timeout=20)


def another_account(rig, type, step, cut):
    w = World(rig, type, deadline="10s")
    w.start(kill=step)
    w.requests()
    assert w.write("kill-1").errno in DIED
    w.until_dead()
    if cut:
        w.power_cut()
    own = w.emu
    w.emu = rig.emulator("--start-ms", "200", "--stop-ms", "200")
    for room in w.rooms:
        w.emu.workspace(room, type)
    w.start()
    listed_long(w)
    if type != "livy":  # whose workspace is the server itself
        assert [r.state for r in w.requests()] == ["unknown"]
        assert "another account" in w.requests()[0].error
    assert status(w)["requests_set_aside"] == "1"
    assert status(w)["accounts_set_aside"] == "1"
    assert w.write("kill-2").errno == 0
    w.writes.pop()
    w.mount.kill()
    assert len(w.sessions()["kill-2"]) == 1

    w.emu = own
    w.start()
    w.last = {}
    requests = w.settled()
    assert [r.state for r in requests] == ["done"]
    assert w.offences(requests) == []
    assert len(w.sessions()["kill-1"]) == 1
    assert status(w)["requests_set_aside"] == "0"


@pytest.mark.parametrize("type", TYPES)
def test_a_lost_create_waits_for_its_account(rig, type):
    another_account(rig, type, "create.answer", False)


def test_it_does_so_when_the_power_went(rig):
    another_account(rig, "alibaba", "create.answer", True)
