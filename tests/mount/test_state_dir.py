"""The state directory that is found: whose it is, who may write, and what lies in
it."""
import os
import stat

import pytest

from harness import run

ARGS = {"alibaba": {"endpoint": "http://127.0.0.1:1", "workspaces": "w-1"}}


def state_of(m):
    """The directory of this mount point."""
    name, = os.listdir(m.state_dir)
    return os.path.join(m.state_dir, name)


@pytest.fixture
def state(rig):
    """A folder with a state directory in it, and its path."""
    m = rig.mount(config=ARGS)
    m.read("alibaba", ".status")
    m.stop()
    return m.folder, state_of(m)


def refused(rig, folder):
    """What a start says that has to fail."""
    m = rig.mount(folder=folder, config=ARGS, wait=False)
    status = m.wait(10)
    m.ended = True
    assert status == 1 and not m.is_mounted()
    return m.log()


def test_others_must_not_be_able_to_write(rig, state):
    folder, path = state
    for mode in (0o770, 0o702, 0o777):
        os.chmod(path, mode)
        said = refused(rig, folder)
        assert path in said and "chmod 700" in said
        assert stat.S_IMODE(os.stat(path).st_mode) == mode
    os.chmod(path, 0o755)
    m = rig.mount(folder=folder, config=ARGS)
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o700
    m.stop()
    os.chmod(os.path.dirname(path), 0o777)
    assert "everybody may write" in refused(rig, folder)


def test_it_must_be_ours(rig, state):
    folder, path = state
    if os.geteuid():
        pytest.skip("only root can give a directory away")
    os.chown(path, 65534, -1)
    assert "another user" in refused(rig, folder)


def test_a_link_is_not_followed(rig, state):
    folder, path = state
    os.rename(path, path + ".real")
    os.symlink(path + ".real", path)
    assert "no directory" in refused(rig, folder)


def test_a_link_in_the_place_of_a_section_is_not_followed(rig, emulator):
    emu = emulator("--fill", "w-1=3")
    m = rig.mount(emu)
    os.listdir(m.ws("w-1"))
    m.stop()
    section = os.path.join(state_of(m), "alibaba")
    target = os.path.join(m.folder, "elsewhere")
    os.rename(section, section + ".old")
    os.mkdir(target)
    os.symlink(target, section)
    m = rig.mount(emu, folder=m.folder)
    assert len([n for n in os.listdir(m.ws("w-1"))
                if n.startswith("sc-")]) == 3
    assert "is no directory" in m.read(m.ws("w-1"), ".last_error")
    m.stop()
    assert os.listdir(target) == []


def test_what_failed_last_is_told_after_a_restart(rig, emulator):
    emu = emulator("--fill", "w-1=3")
    m = rig.mount(emu)
    os.listdir(m.ws("w-1"))
    assert run(f"echo '{{\"kidn\": 1}}' > {m.ws('w-1')}/new").status == 1
    said = m.read(m.ws("w-1"), ".last_error")
    assert "kidn" in said
    m.stop()
    kept = os.path.join(state_of(m), "alibaba", "w-1", "last_error")
    assert os.stat(kept).st_mode & 0o777 == 0o600
    m = rig.mount(emu, folder=m.folder)
    assert m.read(m.ws("w-1"), ".last_error") == said
    assert f"last_error: {said}" in m.read(m.ws("w-1"), ".status")
    m.stop()
    os.unlink(kept)
    os.mkfifo(kept)
    m = rig.mount(emu, folder=m.folder)
    assert m.read(m.ws("w-1"), ".last_error") == ""


def test_a_fifo_hangs_nobody(rig, state):
    folder, path = state
    os.mkfifo(os.path.join(path, ".requests", "20260101T000000.000Z-000000"))
    m = rig.mount(folder=folder, config=ARGS)
    assert "20260101T000000.000Z-000000 cannot be read" in m.log()
    m.stop()


@pytest.mark.parametrize("file, magic", [
    (".tree", b"sfsledg2"),
    (".requests/20260101T000000.000Z-000000", b"sfsreq02")])
def test_a_newer_version_is_refused_and_left_as_it_is(rig, state, file, magic):
    folder, path = state
    where = os.path.join(path, file)
    with open(where, "wb") as f:
        f.write(magic + bytes(1000))
    said = refused(rig, folder)
    assert "newer version" in said and file in said
    with open(where, "rb") as f:
        assert f.read() == magic + bytes(1000)
    assert not os.path.exists(where + ".damaged")
