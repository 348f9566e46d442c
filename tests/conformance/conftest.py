"""The mount suite's rig, for SDKs: suite.py says what is asked of each."""
import os
import sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "mount")]
pytest.register_assert_rewrite("suite")
import harness  # noqa: E402


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
