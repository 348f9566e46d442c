"""The mount suite's rig, for SDKs: suite.py says what is asked of each."""
import os
import sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "mount")]
pytest.register_assert_rewrite("suite")
from fixtures import fuse, rig  # noqa: E402, F401
