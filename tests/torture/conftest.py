"""What the suite needs of the machine; see test_torture.py."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "mount"))
from fixtures import fuse  # noqa: E402, F401


def pytest_configure(config):
    config.addinivalue_line("markers", "policy: see mount/harness.py")
