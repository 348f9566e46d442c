"""A journal without room."""
import errno
import os
import threading

import pytest

from harness import eventually, run
from world import World, text_of


@pytest.fixture
def small(tmp_path):
    """A state directory on a file system of its own, which is small."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount a small file system")
    place = str(tmp_path / "small")
    os.mkdir(place)
    run(["mount", "-t", "tmpfs", "-o", "size=2m,mode=700", "small",
         place]).ok()
    yield place
    run(["umount", "-l", place]).ok()


class Filler:
    """All the room that is left."""

    def __init__(self, place):
        self.path = os.path.join(place, "filler")
        with open(self.path, "wb", buffering=0) as f:
            for size in (65536, 4096, 512):
                self.fill(f, b"x" * size)

    @staticmethod
    def fill(f, block):
        try:
            while f.write(block) == len(block):
                pass
        except OSError as e:
            assert e.errno == errno.ENOSPC

    def free(self):
        os.unlink(self.path)


@pytest.fixture
def world(rig, small):
    """Two of them may not live side by side: the small one has to be left
    before it is unmounted."""
    w = World(rig, "alibaba", deadline="10s", state_dir=small)
    w.start()
    w.requests()
    yield w
    rig.close()
    rig.started.clear()


def test_nothing_is_sent_without_room_for_it(world):
    w = world
    filler = Filler(w.state_dir)
    for _ in range(3):
        assert w.write("kill-1").errno == errno.ENOSPC
    assert w.emu.count(w.row.create) == 0
    said = text_of(w.room_dir(w.rooms[0]), ".last_error")
    assert "nothing was sent" in said and "No space left" in said
    assert w.sessions() == {}
    filler.free()
    assert w.write("kill-2").errno == 0
    assert w.offences(w.settled()) == []
    w.mount.kill()
    w.start()
    assert w.offences(w.settled()) == []


def test_there_is_room_for_the_outcome(world):
    w = world
    w.emu.fault(action=w.row.create, delay_ms=1500, times=2)
    w.emu.fault(action=w.row.create, status=400, times=1)
    writers = [threading.Thread(target=w.write, args=(f"kill-{n}",))
               for n in (1, 2, 3)]
    for writer in writers:
        writer.start()
        eventually(lambda: w.emu.count(w.row.create) > writers.index(writer))
    filler = Filler(w.state_dir)
    for writer in writers:
        writer.join(30)
    assert sorted(made.errno for made in w.writes) == [0, 0, errno.EINVAL]
    assert "cannot be kept" not in w.mount.log()
    assert w.offences(w.settled()) == []
    before = {r.rid: (r.state, r.session) for r in w.requests()}
    assert sorted(state for state, _ in before.values()) == [
        "done", "done", "failed"]
    w.mount.kill()
    filler.free()
    w.start()
    requests = w.settled()
    assert {r.rid: (r.state, r.session) for r in requests} == before
    assert w.offences(requests) == []


def test_a_verb_without_room_is_not_sent(world):
    w = world
    name = w.write("kill-1", read=True).answer["path"].split("/")[-1]
    eventually(lambda: text_of(w.room_dir(w.rooms[0]), name, "state")
               .strip() in w.row.up)
    filler = Filler(w.state_dir)
    with pytest.raises(OSError) as refused:
        with open(os.path.join(w.room_dir(w.rooms[0]), name, "ctl"),
                  "w") as f:
            f.write("stop")
    assert refused.value.errno == errno.ENOSPC
    assert w.emu.count("StopSessionCluster") == 0
    filler.free()
