"""What the suite needs of the machine; see test_torture.py."""
import os
import sys

import pytest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "mount"))
import harness  # noqa: E402


def pytest_configure(config):
    config.addinivalue_line("markers", "policy: see mount/harness.py")


@pytest.fixture(scope="session", autouse=True)
def fuse():
    why = harness.fuse_trouble()
    if why:
        pytest.skip(why)
