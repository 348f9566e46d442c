"""Fixtures of the mount suite; harness.py says what they make.

    def test_x(emulator, mount):
        emu = emulator("--fill", "w-1=3")
        m = mount(emu, config={"sessionfs": {"refresh": "1s"}})
"""
import glob
import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import harness  # noqa: E402
import watching  # noqa: E402
from fixtures import fuse, rig  # noqa: E402, F401


def pytest_configure(config):
    config.addinivalue_line("markers", "policy: see harness.py")


def pytest_collection_modifyitems(items):
    if harness.SLOW > 1:
        items[:] = [item for item in items
                    if not item.get_closest_marker("policy")]


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
def background(rig, emulator):
    """Runs sessionfs without -f; ends what it leaves."""
    emu = emulator("--workspace", "w-1")
    folder = rig.new_folder("background")
    point = os.path.join(folder, "mnt")
    os.mkdir(point)

    def start(*args, config=None, starter=()):
        path = os.path.join(folder, "c.conf")
        with open(path, "w") as f:
            f.write(config or harness.key_file({
                "sessionfs": {"state_dir": folder + "/state"},
                "alibaba": {"region": "r", "endpoint": emu.url}}))
        return harness.run(
            [*starter, harness.SESSIONFS, "-c", path, *args, point], env={
                "ALIBABA_CLOUD_ACCESS_KEY_ID": harness.KEY_ID,
                "ALIBABA_CLOUD_ACCESS_KEY_SECRET": harness.KEY_SECRET})

    def pid():
        """Of the daemon, as its lock says it."""
        (lock,) = glob.glob(folder + "/state/*/.lock")
        with open(lock) as f:
            return int(f.read())
    start.point, start.pid = point, pid
    yield start
    if harness.mounted(point):
        harness.run(["umount", "-l", point])


@pytest.fixture
def world(rig, request):
    """An emulator, a mount and watchers on it; @watching.twin runs a test
    again on a mount without events."""
    world = watching.World(rig, getattr(request, "param", True))
    yield world
    world.close()
