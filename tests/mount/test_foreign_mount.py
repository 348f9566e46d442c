"""A start and the commands meet mounts that hang: none of them hangs with it."""
import contextlib
import ctypes
import os
import signal
import struct
import subprocess
import threading

import pytest

import harness
from harness import SLOW, run

BUSY, NO_MOUNT = 4, 5
SPEC = '{"name": "n", "kind": "SQL", "queueName": "root_queue"}'
INIT = 26
LIBC = ctypes.CDLL(None, use_errno=True)


class Silent:
    """A sessionfs, for all that the mount table tells, that takes every question and
    answers none but the first, which is the kernel's."""

    def __init__(self, path):
        self.path = path
        self.fd = os.open("/dev/fuse", os.O_RDWR)
        options = f"fd={self.fd},rootmode=40000,user_id=0,group_id=0"
        if LIBC.mount(b"sessionfs", path.encode(), b"fuse.sessionfs", 6,
                      options.encode()):
            raise OSError(ctypes.get_errno(), "mount")
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        with contextlib.suppress(OSError):
            while asked := os.read(self.fd, 1 << 18):
                _, opcode, unique = struct.unpack_from("<IIQ", asked)
                out = struct.pack("<4I2H2I2H8I", 7, 31, 1 << 16, 0, 8, 8,
                                  1 << 16, 1, 0, 0, *[0] * 8)
                if opcode == INIT:
                    os.write(self.fd, struct.pack("<IiQ", 16 + len(out), 0,
                                                  unique) + out)

    def close(self):
        LIBC.umount2(self.path.encode(), 2)
        os.close(self.fd)


@pytest.fixture
def silent(rig):
    made = Silent(rig.new_folder("silent"))
    yield made
    with contextlib.suppress(OSError):
        made.close()


@pytest.fixture
def hanging(emulator, mount):
    """One whose daemon is stopped, so that it takes no questions."""
    m = mount(emulator("--workspace", "w-1"))
    os.stat(m.ws("w-1"))
    os.kill(m.pid, signal.SIGSTOP)
    yield m
    os.kill(m.pid, signal.SIGCONT)


def sessionfs(*words, **how):
    done = run([harness.SESSIONFS, *words], timeout=30 * SLOW, **how)
    assert done.seconds < 9 * SLOW, done
    return done


@pytest.mark.parametrize("where", ["itself", "link", "below"])
def test_a_start_over_a_mount_that_hangs_ends(hanging, tmp_path, where):
    place = hanging.path
    if where == "link":
        place = str(tmp_path / "link")
        os.symlink(hanging.path, place)
    if where == "below":
        place += "/some/where"
    done = sessionfs("--demo", place)
    assert done.status == BUSY, done
    assert (f"the sessionfs that is mounted at {hanging.path} does not answer: "
            f"sessionfs umount --lazy {hanging.path}\n") in done.err


def test_a_start_over_a_silent_mount_ends(silent):
    done = sessionfs("--demo", silent.path)
    assert done.status == BUSY and "does not answer" in done.err, done


@pytest.mark.parametrize("words", [
    ["new", "alibaba/w-1"], ["wait", "alibaba/w-1/sc-1"], ["status"],
], ids=lambda words: words[0])
def test_a_command_on_a_mount_that_hangs_ends(hanging, words):
    command, *below = words
    place = os.path.join(hanging.path, *below)
    done = sessionfs(command, place, stdin=SPEC)
    assert done.status == NO_MOUNT, done
    assert "does not answer" in done.out + done.err


def test_a_silent_mount_is_told_from_a_busy_one(silent):
    done = sessionfs("umount", silent.path)
    assert done.status == BUSY, done
    assert "since its daemon does not answer" in done.err
    assert f"sessionfs umount --lazy {silent.path} " in done.err
    sessionfs("umount", "--lazy", silent.path).ok()
    assert not harness.mounted(silent.path)


def test_umount_of_a_second_place_leaves_the_daemon_alone(
        emulator, mount, rig):
    m = mount(emulator("--workspace", "w-1"))
    second = rig.new_folder("second")
    subprocess.run(["mount", "--bind", m.path, second], check=True)
    try:
        sessionfs("umount", second).ok()
        assert not harness.mounted(second) and m.alive()
        assert os.listdir(m.path + "/alibaba")
    finally:
        run(["umount", second])
    sessionfs("umount", m.path).ok()
    assert m.process.poll() == 0
    m.ended = True


@pytest.mark.parametrize("words", [
    ["wait", "/nowhere"], ["wait", "/tmp"], ["new", "/nowhere"],
    ["new", "/tmp"]], ids=" ".join)
def test_what_is_in_no_mount_has_that_status(words):
    done = sessionfs(*words, stdin=SPEC)
    assert done.status == NO_MOUNT, done
    assert f"{words[1]} is in no sessionfs mount" in done.err
