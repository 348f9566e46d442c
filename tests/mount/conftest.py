"""Fixtures of the mount suite; harness.py says what they make.

    def test_x(emulator, mount):
        emu = emulator("--fill", "w-1=3")
        m = mount(emu, config={"sessionfs": {"refresh": "1s"}})
"""
import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import harness  # noqa: E402
import watching  # noqa: E402


def pytest_configure(config):
    config.addinivalue_line("markers", "policy: see harness.py")


def pytest_collection_modifyitems(items):
    if harness.SLOW > 1:
        items[:] = [item for item in items
                    if not item.get_closest_marker("policy")]


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


@pytest.fixture(scope="module")
def shared_rig(tmp_path_factory):
    """One for all tests of a module: for tables of quick cases."""
    rig = harness.Rig(tmp_path_factory.mktemp("shared"))
    yield rig
    rig.close()


@pytest.fixture
def emulator(rig):
    return rig.emulator


@pytest.fixture
def mount(rig):
    return rig.mount


@pytest.fixture
def as_user(rig):
    """A place for mount(place=...): an ordinary user's."""
    if os.geteuid() != 0:
        return harness.Place()
    try:
        return rig.user()
    except OSError as e:
        pytest.skip(f"no mount namespace: {e}")


@pytest.fixture
def world(rig, request):
    """An emulator, a mount and watchers on it; @watching.twin runs a test
    again on a mount without events."""
    world = watching.World(rig, getattr(request, "param", True))
    yield world
    world.close()
