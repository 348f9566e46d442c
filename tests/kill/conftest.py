"""The kill suite: what is run many times over is a job for a crew of processes,
since most of each is waiting."""
import os
import sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "mount")]
from crew import Crew  # noqa: E402
from fixtures import fuse, rig  # noqa: E402, F401


@pytest.fixture(scope="session")
def crew(tmp_path_factory):
    crew = Crew(tmp_path_factory.mktemp("crew"))
    yield crew
    crew.close()
