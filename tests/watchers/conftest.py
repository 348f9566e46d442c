"""The mount suite's world, for watchers that others have made."""
import os
import sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "mount")]
import watching  # noqa: E402
from fixtures import fuse, rig  # noqa: E402, F401


@pytest.fixture
def world(rig):
    world = watching.World(rig, True)
    yield world
    world.close()
