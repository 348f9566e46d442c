"""examples/livy as whoever tries it runs it."""
import os

import pytest

import conftest
import harness
from harness import eventually

LIVY = os.path.join(harness.ROOT, "examples", "livy")


def ours(folder):
    """Those that run with something of that folder in their words."""
    name = os.fsencode(folder)
    return [argv for _, _, argv in conftest.processes().values()
            if any(name in word for word in argv)]


@pytest.fixture
def mounted(tmp_path):
    """(output of the script, mount point); TMPDIR is the test's own."""
    path = str(tmp_path / "sessions")
    made = harness.run(["env", f"TMPDIR={tmp_path}", LIVY, path], timeout=240)
    yield made, path
    if harness.mounted(path):
        harness.run(["umount", "-l", path])


def test_the_tour_ends_with_the_mount(mounted, tmp_path):
    made, path = mounted
    assert "\nidle\n" in made.ok()
    assert "SparkEntries" in made.out
    assert ours(tmp_path)
    harness.run(["fusermount3", "-u", path]).ok()
    eventually(lambda: not ours(tmp_path), timeout=60)
    assert not [name for name in os.listdir(tmp_path)
                if name.startswith("livy.")]


def test_what_runs_already_is_shown(mounted, tmp_path):
    made, path = mounted
    made.ok()
    again = harness.run(["env", f"TMPDIR={tmp_path}", LIVY, path], timeout=240)
    assert "already" in again.err + again.out
    harness.run(["fusermount3", "-u", path]).ok()
    eventually(lambda: not ours(tmp_path), timeout=60)
