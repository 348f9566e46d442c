"""A workspace's .ctl: an EMR Serverless application is started and stopped."""
import errno
import os

import pytest

import harness
from harness import eventually, run

APPLICATION = "00fapp000000001"
KEYS = {"AWS_ACCESS_KEY_ID": harness.KEY_ID,
        "AWS_SECRET_ACCESS_KEY": harness.KEY_SECRET,
        "AWS_EC2_METADATA_DISABLED": "true"}


class World:
    def __init__(self, rig, **keys):
        self.emu = rig.emulator("--workspace",
                                "emr-serverless:" + APPLICATION)
        folder = rig.new_folder("mount")
        self.mount = rig.mount(
            folder=folder, env=KEYS, config=harness.key_file({
                "sessionfs": {"state_dir": os.path.join(folder, "state")},
                "emr-serverless": {"region": "us-east-1",
                                   "endpoint": self.emu.url, **keys}}))
        self.path = os.path.join(self.mount.path, "emr-serverless",
                                 APPLICATION)
        self.ctl = os.path.join(self.path, ".ctl")

    def count(self, action):
        return self.emu.count(action, "emr-serverless")

    def last_error(self):
        return run(["cat", os.path.join(self.path, ".last_error")]).ok()


@pytest.fixture
def world(rig):
    return World(rig)


def write(path, text):
    """The errno of one write(2), 0 for none."""
    fd = os.open(path, os.O_WRONLY)
    try:
        os.write(fd, text.encode())
    except OSError as e:
        return e.errno
    finally:
        os.close(fd)
    return 0


def test_a_verb_is_sent_once_and_answered_on_the_descriptor(world):
    fd = os.open(world.ctl, os.O_RDWR)
    try:
        os.write(fd, b"stop\n")
        assert b'"stop"' in os.read(fd, 4096)
    finally:
        os.close(fd)
    assert world.count("StopApplication") == 1
    assert world.count("StartApplication") == 0
    assert world.last_error() == ""
    # Not while it stops.
    eventually(lambda: write(world.ctl, "start") == 0)
    assert world.count("StartApplication") >= 1
    assert world.count("StopApplication") == 1


@pytest.mark.parametrize("text, number", [
    ("jump\n", errno.EOPNOTSUPP),
    ("start stop\n", errno.EINVAL),
    ("start\nstop\n", errno.EINVAL),
    ("x" * 100, errno.EINVAL),
    ("sta\0rt", errno.EINVAL),
])
def test_what_is_no_verb_is_refused_in_the_write(world, text, number):
    assert write(world.ctl, text) == number
    assert world.count("StartApplication") == 0
    assert world.count("StopApplication") == 0
    eventually(lambda: world.last_error() != "")


def test_a_refusal_of_the_provider_is_told(world):
    world.emu.fault(provider="emr-serverless", action="StartApplication",
                    status=402, code="ServiceQuotaExceededException",
                    message="too many applications")
    assert write(world.ctl, "start") == errno.EDQUOT
    eventually(lambda: "too many applications" in world.last_error())


def test_it_is_a_control_file(world):
    assert run(["stat", "-c", "%a %s", world.ctl]).ok() == "660 0\n"
    assert ".ctl" in run(["ls", "-a", world.path]).ok().split()
    assert ".ctl" not in run(["ls", world.path]).ok().split()
    assert "not permitted" in run(["rm", "-f", world.ctl]).failed()
    assert write(world.ctl, "\n") == errno.EINVAL


def test_read_only_refuses_it(rig):
    world = World(rig, read_only=True)
    with pytest.raises(OSError) as refused:
        os.open(world.ctl, os.O_WRONLY)
    assert refused.value.errno == errno.EROFS
    assert world.count("StartApplication") == 0


def test_a_workspace_that_takes_no_verbs_has_none(emulator, mount):
    m = mount(emulator("--workspace", "w-1"))
    assert ".ctl" not in m.run(["ls", "-a", m.ws("w-1")]).ok().split()
    with pytest.raises(FileNotFoundError):
        os.stat(m.ws("w-1") + "/.ctl")
