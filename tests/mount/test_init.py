"""`sessionfs init`: the configuration that it writes loads and mounts, has no secret
in it, and takes the place of no other."""
import os
import pty

import pytest

import harness
from harness import eventually, run

OK, FAILED, USAGE = range(3)  # fs/base/exit_status.h
KEYS = {"ALIBABA_CLOUD_ACCESS_KEY_ID": harness.KEY_ID,
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET": harness.KEY_SECRET}


@pytest.fixture
def init(tmp_path):
    def start(*words, **env):
        keep = {k: v for k, v in os.environ.items()
                if k == "PATH" or k.endswith("SAN_OPTIONS")}
        return run(["env", "-i", *(f"{k}={v}" for k, v in {
            **keep, "HOME": str(tmp_path), **KEYS, **env}.items()),
            harness.SESSIONFS, "init", *words])
    start.path = tmp_path / ".config/sessionfs/sessionfs.conf"
    return start


def test_what_is_written_mounts(init, emulator, mount):
    emu = emulator("--workspace", "w-1")
    done = init("alibaba.region=cn-beijing", "alibaba.workspaces=w-1",
                f"alibaba.endpoint={emu.url}")
    assert done.ok() == f"{init.path}\n"
    assert os.stat(init.path).st_mode & 0o7777 == 0o600
    text = init.path.read_text()
    assert "region = cn-beijing" in text and "# such as cn-hangzhou" in text
    assert harness.KEY_SECRET not in text and harness.KEY_ID not in text
    m = mount(emu, config=text)
    assert m.run(["ls", m.ws("w-1")]).status == OK
    assert os.listdir(init.path.parent) == ["sessionfs.conf"]


def test_providers_whose_credentials_are_there_are_found(init):
    init(ALIBABA_CLOUD_REGION_ID="cn-shanghai").ok()
    text = init.path.read_text()
    assert "[alibaba]\n" in text and "region = cn-shanghai" in text
    assert "[dli]" not in text
    done = init("--force", ALIBABA_CLOUD_ACCESS_KEY_ID="")
    assert done.status == USAGE and "no provider's credentials" in done.err
    assert init.path.read_text() == text


def test_a_file_that_is_there_stays(init):
    init("alibaba.region=a").ok()
    before = init.path.read_text()
    done = init("alibaba.region=b")
    assert done.status == FAILED and "--force" in done.err
    assert init.path.read_text() == before
    init("--force", "alibaba.region=b").ok()
    assert "region = b" in init.path.read_text()


@pytest.mark.parametrize("words,said", [
    ("livi", "no provider type is called \"livi\"; there are: alibaba, "),
    ("livi", "; did you mean livy?"),
    ("alibaba.region", "write alibaba.KEY=VALUE"),
    ("alibaba=x", "write alibaba.KEY=VALUE"),
    ("alibaba.regoin=x alibaba.region=y", "has no key \"regoin\""),
    ("dli", "dli: no region is known"),
    ("alibaba.region=x alibaba.proxy=http://u:geheim@h:1",
     "a secret is not written"),
    ("-c $HOME/x alibaba", "the configuration must be a path"),
])
def test_what_makes_no_sense_writes_nothing(init, words, said):
    done = init(*words.split(), ALIBABA_CLOUD_REGION_ID="r")
    assert done.status == USAGE and said in done.err, done
    assert "geheim" not in done.err and not init.path.exists()


def test_a_directory_that_was_not_made_is_refused(init, tmp_path):
    done = init("-c", f"{tmp_path}/absent/c.conf", "alibaba.region=r")
    assert done.status == FAILED and "its directory is not there" in done.err
    assert not (tmp_path / "absent").exists()


@pytest.mark.parametrize("name", ["HOME", "XDG_CONFIG_HOME"])
@pytest.mark.parametrize("value", ["", "."])
def test_a_relative_home_is_not_the_working_directory(tmp_path, name, value):
    """What lies there is anybody's."""
    for folder in "", ".config/":
        os.makedirs(tmp_path / folder / "sessionfs")
        (tmp_path / folder / "sessionfs/sessionfs.conf").write_text("bad\n")
    os.mkdir(tmp_path / "mnt")
    done = run(["env", "-i", f"PATH={os.environ['PATH']}",
                f"HOME={tmp_path}/mnt", f"{name}={value}", harness.SESSIONFS,
                "-f", tmp_path / "mnt"], cwd=tmp_path)
    assert done.status and "sessionfs.conf:1:" not in done.err, done


def test_on_a_terminal_one_is_asked(tmp_path):
    path = tmp_path / "c.conf"
    pid, fd = pty.fork()
    if not pid:
        os.execvpe(harness.SESSIONFS, ["sessionfs", "init", "-c", str(path)], {
            "HOME": str(tmp_path), **KEYS})
    said = b""
    for question, answer in ((b"[Y/n]", b"y\n"), (b"(such as", b"cn-x\n"),
                             (b"(all):", b"w-1; w-2\n")):
        while question not in said:
            said += os.read(fd, 4096)
        said = b""
        os.write(fd, answer)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == OK
    os.close(fd)
    text = eventually(path.read_text)
    assert "\nregion = cn-x\n" in text and "\nworkspaces = w-1; w-2\n" in text
