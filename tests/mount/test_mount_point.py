"""What may be mounted over, whose configuration is obeyed, and what is said of a
mount that fails."""
import os

import pytest

import harness
from harness import eventually, run


def demo(point, **env):
    return run([harness.SESSIONFS, "--demo", point], env=env)


@pytest.fixture
def home(rig):
    folder = rig.new_folder("home")
    yield folder
    for _ in range(2):
        run(["umount", "-l", folder])


@pytest.mark.parametrize("how", ["itself", "above", "link", "given"])
def test_what_would_hide_the_state_is_no_mount_point(
        emulator, rig, home, how):
    """As `sessionfs ~` would."""
    state = os.path.join(home, "a", "state")
    point = home
    if how == "above":
        point = os.path.dirname(home)
    if how == "link":
        os.mkdir(home + "/a")
        state = os.path.join(rig.folder, "elsewhere")
        os.symlink(home + "/a", state)
    config = os.path.join(rig.folder, "c.conf")
    with open(config, "w") as f:
        f.write(harness.key_file({
            "sessionfs": {"state_dir": state} if how != "given" else {},
            "alibaba": {"region": "r", "endpoint": "http://127.0.0.1:9"}}))
    done = run([harness.SESSIONFS, "-c", config, point], env={
        "HOME": home, "XDG_STATE_HOME": home + "/.local/state",
        "ALIBABA_CLOUD_ACCESS_KEY_ID": "k",
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "s"})
    assert done.status == 1 and "hide the state directory" in done.err, done
    assert not harness.mounted(point)
    assert not os.path.exists(home + "/.local")


def test_a_home_is_no_mount_point(emulator, mount, rig):
    """Though the state is elsewhere."""
    folder = rig.new_folder("mount")
    os.makedirs(folder + "/mnt/of/me")
    for home in ("/mnt", "/mnt/of/me"):
        m = mount(emulator(), folder=folder, wait=False,
                  env={"HOME": folder + home})
        assert m.wait(harness.END_S * harness.SLOW) == 1
        assert f"would hide your home {folder}{home}" in m.log()


def test_the_demo_does_not_hide_its_own_state(rig, home):
    done = demo(home, TMPDIR=home)
    assert done.status == 1 and "hide the state directory" in done.err, done
    assert os.listdir(home) == []


def test_a_relative_directory_for_temporary_files_is_found_again(
        rig, home, monkeypatch):
    monkeypatch.chdir(rig.folder)
    os.mkdir("tmp")
    assert demo(home, TMPDIR="tmp").status == 0
    assert os.listdir(home + "/livy")
    assert len(os.listdir("tmp")) == 1
    run(["umount", home]).ok()
    eventually(lambda: os.listdir("tmp") == [])


def test_a_file_of_the_configuration_is_not_hidden(emulator, mount, rig):
    folder = rig.new_folder("mount")
    os.makedirs(folder + "/mnt")
    for keys in ({"ca_file": folder + "/mnt/ca.pem"},
                 {"ca_file": folder + "/mnt/../mnt/ca.pem"}):
        m = mount(emulator(), folder=folder, config={"alibaba": keys},
                  wait=False)
        assert m.wait(harness.END_S * harness.SLOW) == 3
        assert "would hide this file" in m.log()


def test_what_is_hidden_is_told_of(emulator, mount, rig):
    emu = emulator("--fill", "w-1=1")
    folder = rig.new_folder("mount")
    os.makedirs(folder + "/mnt/work")
    m = mount(emu, folder=folder)
    assert "is not empty" in m.log()
    m.stop()
    os.rmdir(folder + "/mnt/work")
    with open(m.log_path, "w"):
        pass
    assert "is not empty" not in mount(emu, folder=folder).log()


# ---- whose configuration ----

def refused(m, word):
    assert m.wait(harness.END_S * harness.SLOW) == 3
    assert word in m.log() and m.config in m.log()


@pytest.mark.parametrize("mode,word", [
    (0o666, "written by everybody"), (0o602, "written by everybody")])
def test_a_configuration_that_all_may_write_is_refused(
        emulator, mount, mode, word):
    emu = emulator("--fill", "w-1=1")
    m = mount(emu)
    m.stop()
    os.chmod(m.config, mode)
    again = mount(emu, folder=m.folder, wait=False, argv=[
        "-f", "-c", m.config, m.path])
    # mount() writes the file anew, and leaves its mode.
    refused(again, word)


def test_a_configuration_of_somebody_else_is_refused(emulator, mount):
    if os.geteuid():
        pytest.skip("needs root to give a file away")
    emu = emulator("--fill", "w-1=1")
    m = mount(emu)
    m.stop()
    os.chown(m.config, 65534, 65534)
    refused(mount(emu, folder=m.folder, wait=False), "belongs to user 65534")


def test_one_of_root_is_obeyed_by_a_user(emulator, mount, as_user):
    emu = emulator("--fill", "w-1=1")
    m = mount(emu, place=as_user)
    m.stop()
    if os.geteuid() == 0:
        os.chown(m.config, 0, 0)
        os.chmod(m.config, 0o644)
    as_user.give = lambda path: None
    mount(emu, place=as_user, folder=m.folder).stop()


# ---- what is said ----

def test_a_failed_mount_says_what_was_said_and_guesses_nothing(
        emulator, mount, as_user):
    """fusermount3 names the reason; a second line would be a guess."""
    emu = emulator("--fill", "w-1=1")
    m = mount(emu, place=as_user, options=["-o", "allow_other"], wait=False)
    if os.path.exists("/etc/fuse.conf") and run(
            ["grep", "-q", "^user_allow_other", "/etc/fuse.conf"]).status == 0:
        pytest.skip("others are allowed here")
    if not as_user.prefix:
        pytest.skip("root may")
    assert m.wait(harness.END_S * harness.SLOW) == 1
    lines = m.log().strip().split("\n")
    assert len(lines) == 1, lines
    assert "could not be mounted: " in lines[0]
    assert "user_allow_other" in lines[0] and "is /dev/fuse" not in lines[0]
