"""The suite of faults: see faults.py."""
import os
import sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, *(os.path.join(HERE, "..", suite)
                        for suite in ("mount", "kill"))]
import harness  # noqa: E402
from crew import Crew  # noqa: E402


@pytest.fixture(scope="session", autouse=True)
def fuse():
    why = harness.fuse_trouble()
    if why:
        pytest.skip(why)


@pytest.fixture(scope="session")
def crew(tmp_path_factory):
    crew = Crew(tmp_path_factory.mktemp("crew"))
    yield crew
    crew.close()
