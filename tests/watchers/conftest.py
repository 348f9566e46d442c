"""The mount suite's world, for watchers that others have made."""
import os
import sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "mount")]
import harness  # noqa: E402
import watching  # noqa: E402


@pytest.fixture(scope="session", autouse=True)
def fuse():
    why = harness.fuse_trouble()
    if why:
        pytest.skip(why)


@pytest.fixture
def rig(tmp_path):
    rig = harness.Rig(tmp_path).watch()
    yield rig
    rig.close()


@pytest.fixture
def world(rig):
    world = watching.World(rig, True)
    yield world
    world.close()
