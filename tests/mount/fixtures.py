"""What every suite over a real mount needs; its conftest.py takes it from here."""
import pytest

import harness


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
