"""sessionfs bundle: what is in the tar, that no secret is, and that a mount that is
dead or hangs costs its time and no more."""
import os
import re
import signal
import stat
import subprocess
import tarfile

import pytest

import harness
from harness import SLOW, eventually, run
from test_secrets import PIECES, PROXIES, behind_a_proxy

OK, FAILED, USAGE, NO_MOUNT = 0, 1, 2, 5  # fs/base/exit_status.h
SPEC = ('{"name": "etl", "kind": "spark", "applicationConfigs": '
        '[{"configFileName": "spark-defaults.conf", '
        '"configItemKey": "spark.x", "configItemValue": "planted-conf"}]}')


@pytest.fixture
def bundle(tmp_path):
    """Runs the command in an empty directory, with a configuration of our own."""
    folder = tmp_path / "here"
    folder.mkdir()
    config = tmp_path / "doctor.conf"
    config.write_text("[livy]\nurl = http://127.0.0.1:3\n")
    config.chmod(0o600)

    def start(*words, env=None):
        return run([harness.SESSIONFS, "bundle", "-c", config, *words],
                   cwd=folder, timeout=60, env=env)
    start.folder, start.config = folder, config
    return start


def contents(path):
    """{name below the bundle's directory: text}; every reader agrees."""
    listed = run(["tar", "tf", path]).ok().splitlines()
    with tarfile.open(path) as tar:
        found = {m.name: tar.extractfile(m).read().decode()
                 for m in tar if m.isfile()}
        assert [m.name + "/" * m.isdir() for m in tar] == listed
        assert all(m.mode == (0o700 if m.isdir() else 0o600) for m in tar)
    (top,) = {name.split("/")[0] for name in listed}
    return {os.path.relpath(name, top): text for name, text in found.items()}


def mount_of(files, m):
    """The files of a mount, by their names in it, and its line."""
    (found,) = re.findall(
        rf"^(mounts/\d+): {re.escape(m.path)}: (.*)$", files["about"], re.M)
    return {name[len(found[0]) + 1:]: text for name, text in files.items()
            if name.startswith(found[0] + "/")}, found[1]


@pytest.fixture
def filled(emulator, mount):
    m = mount(emulator("--fill", "w-1=2"))
    run(f"echo '{SPEC}' > {m.ws('w-1')}/new")
    eventually(lambda: os.listdir(m.ws("w-1") + "/.requests"))
    return m


def test_it_has_what_a_report_needs(filled, bundle):
    done = bundle(filled.path)
    said = done.ok().splitlines()
    assert re.fullmatch(r"sessionfs-bundle-\d{8}T\d{6}Z\.tar", said[0])
    path = bundle.folder / said[0]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    files = contents(path)
    assert re.search(r"^sessionfs \d+\.", files["about"], re.M)
    assert re.search(r"^kernel: Linux ", files["about"], re.M)
    assert re.search(r"^library: /.*libcurl.*\.so", files["about"], re.M)
    assert filled.path in files["mountinfo"]
    assert re.search(r"^(ok|warn|fail) +kernel: ", files["doctor"], re.M)
    mine, line = mount_of(files, filled)
    assert f"{filled.path}: {line}" in done.out and line.startswith("answers;")
    for name in "version", "config", "log", "trace", "calls", "metrics", \
            "status", "crash":
        assert ".sessionfs/" + name in mine
    assert f"pid: {filled.pid}\n" in mine[".sessionfs/status"]
    assert "sessionfs_build_info" in mine[".sessionfs/metrics"]
    assert "sessions: " in mine["alibaba/.status"]
    assert "sessions: " in mine["alibaba/w-1/.status"]
    assert "alibaba/w-1/.last_error" in mine and "missing" not in mine
    (request,) = os.listdir(filled.ws("w-1") + "/.requests")
    for name in "state", "error", "result":
        assert mine[f"alibaba/w-1/.requests/{request}/{name}"] == \
            filled.read(filled.ws("w-1"), ".requests", request, name)


def test_it_unpacks_into_one_directory(filled, bundle):
    path = bundle("-o", "b.tar", filled.path).ok().splitlines()[0]
    assert path == "b.tar"
    run("tar xf b.tar && rm b.tar", cwd=bundle.folder).ok()
    (top,) = os.listdir(bundle.folder)
    assert (bundle.folder / top / "mounts" / "1" / "alibaba" / "w-1"
            / ".status").is_file()


def test_there_is_nothing_of_sessions_and_no_spec(filled, bundle):
    bundle("-o", "b.tar", filled.path).ok()
    files = contents(bundle.folder / "b.tar")
    allowed = {"state", "error", "result"}
    for name in mount_of(files, filled)[0]:
        parts = name.split("/")
        if ".requests" in parts:
            assert parts[-1] in allowed, name
        else:
            assert parts[0] == ".sessionfs" or parts[-1] in (
                ".status", ".partial", ".last_error"), name
    assert "planted-conf" not in "".join(files.values())


@pytest.mark.parametrize("place", ["key", "environment", "ours"])
@pytest.mark.parametrize("proxy", PROXIES.values(), ids=PROXIES)
def test_no_login_of_a_proxy_is_in_it(mount, bundle, proxy, place):
    own = {"HTTPS_PROXY": proxy} if place == "ours" else {}
    m, keys = behind_a_proxy(mount, **({} if own else {place: proxy}))
    if place == "key":
        bundle.config.write_text(harness.key_file({"gw": keys}))
    bundle("-o", "b.tar", m.path, env=own).ok()
    whole = (bundle.folder / "b.tar").read_bytes()
    assert b"gw/livy.example/.status" in whole
    assert not [p for p in PIECES if p.encode() in whole]


def test_no_key_command_or_variable_is_in_it(emulator, mount, bundle):
    emu = emulator("--fill", "w-planted-name=2")
    script = "exec:printf planted-command; exit 3"
    sections = {"gw": {"type": "livy", "auth": script,
                       "url": emu.url + "/livy"}}
    bundle.config.write_text(harness.key_file(sections))
    m = mount(emu, options=["-d"], config=sections)
    m.read(m.ws("w-planted-name"), ".status")
    run(["ls", m.path + "/gw"])
    words = ("planted-command", harness.KEY_SECRET, "planted-session")
    env = {"AWS_SESSION_TOKEN": "planted-session", "HOME": str(bundle.folder),
           "ALIBABA_CLOUD_ACCESS_KEY_SECRET": harness.KEY_SECRET}
    bundle("-o", "b.tar", m.path, env=env).ok()
    whole = (bundle.folder / "b.tar").read_bytes()
    assert not [w for w in words if w.encode() in whole]
    # What a mount cannot know to be a secret, and whoever collects does.
    assert b"w-planted-name" in whole
    env["SOME_TOKEN"] = "w-planted-name"
    bundle("--force", "-o", "b.tar", m.path, env=env).ok()
    whole = (bundle.folder / "b.tar").read_bytes()
    assert b"w-planted-name" not in whole and b"alibaba/***/" in whole


def test_a_mount_that_hangs_is_named_and_costs_its_time_once(
        filled, mount, bundle):
    other = mount(config={"alibaba": {"endpoint": "http://127.0.0.1:3"}})
    for m in filled, other:
        os.kill(m.pid, signal.SIGSTOP)
    try:
        done = bundle("-o", "b.tar", filled.path, other.path)
    finally:
        for m in filled, other:
            os.kill(m.pid, signal.SIGCONT)
    assert done.status == OK and done.seconds < 3.5 * SLOW
    files = contents(bundle.folder / "b.tar")
    for m in filled, other:
        assert f"{m.path}: does not answer; 0 files\n" in done.out
        assert mount_of(files, m) == ({}, "does not answer; 0 files")
        assert m.path in files["mountinfo"]


def test_a_dead_mount_is_named_beside_one_that_answers(filled, mount, bundle):
    other = mount(config={"alibaba": {"endpoint": "http://127.0.0.1:3"}})
    filled.kill()
    bundle("-o", "b.tar", filled.path, other.path).ok()
    files = contents(bundle.folder / "b.tar")
    assert mount_of(files, filled) == ({}, "dead; 0 files")
    assert ".sessionfs/log" in mount_of(files, other)[0]


def test_without_a_mount_there_is_still_the_machine(bundle):
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c",
         "while line=$(grep -m1 ' - fuse.sessionfs ' /proc/self/mountinfo); do "
         "set -- $line; umount -l \"$(printf %b \"$5\")\" || exit 9; done; "
         "exec \"$SESSIONFS\" bundle -c \"$CONFIG\" -o b.tar"],
        cwd=bundle.folder, text=True, capture_output=True,
        timeout=60 * SLOW, env={**os.environ, "CONFIG": str(bundle.config),
                                "SESSIONFS": harness.SESSIONFS})
    if "unshare" in done.stderr:
        pytest.skip(done.stderr)
    assert done.returncode == OK, done
    assert "no sessionfs is mounted" in done.stderr
    files = contents(bundle.folder / "b.tar")
    assert sorted(files) == ["about", "doctor", "mountinfo"]
    assert files["mountinfo"] == ""


def test_a_file_that_is_there_is_kept_unless_forced(bundle, mount):
    m = mount(config={"alibaba": {"endpoint": "http://127.0.0.1:3"}})
    path = bundle.folder / "b.tar"
    path.write_text("mine")
    path.chmod(0o644)
    done = bundle("-o", "b.tar", m.path)
    assert done.status == FAILED and done.out == ""
    assert "b.tar is there already: --force" in done.err
    assert path.read_text() == "mine"
    bundle("-o", "b.tar", "--force", m.path).ok()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "about" in contents(path)
    assert os.listdir(bundle.folder) == ["b.tar"]


def test_a_link_to_nothing_is_not_followed(bundle, mount):
    m = mount(config={"alibaba": {"endpoint": "http://127.0.0.1:3"}})
    os.symlink("elsewhere", bundle.folder / "b.tar")
    assert bundle("-o", "b.tar", m.path).status == FAILED
    assert os.listdir(bundle.folder) == ["b.tar"]


@pytest.mark.parametrize("words,status,said", [
    (["/proc"], NO_MOUNT, "no sessionfs is mounted at /proc"),
    (["--forse"], USAGE, "did you mean --force?"),
    (["-o"], USAGE, "-o needs a FILE"),
])
def test_a_mistake_is_named_and_writes_nothing(bundle, words, status, said):
    done = bundle(*words)
    assert done.status == status and said in done.err and done.out == ""
    assert os.listdir(bundle.folder) == []


def test_what_cannot_be_written_is_an_error_and_leaves_nothing(bundle, mount):
    m = mount(config={"alibaba": {"endpoint": "http://127.0.0.1:3"}})
    done = bundle("-o", "nowhere/b.tar", m.path)
    assert done.status == FAILED and "nowhere/b.tar cannot be written" in \
        done.err
    done = run(f"ulimit -f 1; trap '' XFSZ; exec {harness.SESSIONFS} bundle "
               f"-c {bundle.config} -o b.tar {m.path}", cwd=bundle.folder)
    assert done.status == FAILED and "b.tar cannot be written: File too" in \
        done.err
    assert os.listdir(bundle.folder) == []


def test_a_long_name_is_cut_and_stays_unique(emulator, mount, bundle):
    names = ["w-" + "long" * 20 + end for end in ("a", "b")]
    m = mount(emulator(*[w for n in names for w in ("--fill", n + "=1")]))
    for name in names:
        m.read(m.ws(name), ".status")
    bundle("-o", "b.tar", m.path).ok()
    mine, _ = mount_of(contents(bundle.folder / "b.tar"), m)
    cut = {name.split("/")[1] for name in mine if name.startswith(
        "alibaba/w-long")}
    assert len(cut) == 2 and all(len(c) <= 48 for c in cut)
