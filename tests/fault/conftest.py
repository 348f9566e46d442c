"""The suite of faults: see faults.py."""
import os
import sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, *(os.path.join(HERE, "..", suite)
                        for suite in ("mount", "kill"))]
from crew import Crew  # noqa: E402
from fixtures import fuse, rig  # noqa: E402, F401


@pytest.fixture(scope="session")
def crew(tmp_path_factory):
    crew = Crew(tmp_path_factory.mktemp("crew"))
    yield crew
    crew.close()
