"""examples/demo and sessionfs --demo, as root and as an ordinary user."""
import os
import shutil
import subprocess

import pytest

import harness

DEMO = os.path.join(harness.ROOT, "examples", "demo")


class Demo:
    """What runs at a mount point; whatever becomes of it, it is ended."""

    def __init__(self, place, folder):
        self.place = place
        self.folder = folder
        self.path = os.path.join(folder, "sessions")
        home = os.path.join(folder, "home")
        os.makedirs(home)
        place.give(folder)
        # The script builds all of it each time; where there is a ccache, the compiler
        # has to do so once.
        cache = os.path.join(harness.BUILD, "demo-ccache")
        os.makedirs(cache, exist_ok=True)
        os.chmod(cache, 0o777)
        self.env = ["env", "-u", "XDG_RUNTIME_DIR", f"HOME={home}",
                    f"XDG_STATE_HOME={home}/state",
                    f"XDG_CACHE_HOME={home}/cache",
                    "CFLAGS=-O0",  # whoever builds it here looks once
                    f"CCACHE_DIR={place.program(cache)}",
                    "CCACHE_NOHASHDIR=1", "CCACHE_UMASK=000",
                    "ALIBABA_CLOUD_ACCESS_KEY_ID=",
                    "ALIBABA_CLOUD_ACCESS_KEY_SECRET="]

    def run(self, *argv, timeout=600):  # it may build
        return harness.run([*self.env, *argv], timeout=timeout,
                           prefix=self.place.prefix)

    def script(self):
        """It for all to run: this checkout may be its owner's alone."""
        clone = os.path.join(self.folder, "clone")
        shutil.copytree(harness.ROOT, clone, symlinks=True,
                        ignore=shutil.ignore_patterns(".git", "build"))
        os.chmod(clone, 0o755)
        return os.path.join(clone, os.path.relpath(DEMO, harness.ROOT))

    def mounted(self):
        return harness.mounted(self.path, self.place.pid)

    def shell(self, line):
        return self.run("sh", "-c", 'cd "$1" && ' + line, "sh", self.path)

    def emulators(self):
        """The processes of emulators that this demo started."""
        found = set()
        home = f"HOME={self.folder}/home".encode()
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/cmdline", "rb") as f:
                    argv = f.read().split(b"\0")
                with open(f"/proc/{pid}/environ", "rb") as f:
                    env = f.read().split(b"\0")
            except OSError:
                continue
            if argv[0].endswith(b"sessionfs-emulator") and home in env:
                found.add(int(pid))
        return found

    def unmount(self):
        """A file event keeps a mount busy for a moment."""
        harness.eventually(lambda: self.run(
            "fusermount3", "-u", self.path).status == 0)

    def end(self):
        if self.mounted():
            harness.run(["umount", "-l", self.path],
                        prefix=self.place.inside)


@pytest.fixture(params=["root", "user"])
def demo(request, rig):
    if request.param == "user":
        place = request.getfixturevalue("as_user")
        folder = rig.new_folder("demo", place)
    else:
        place = harness.Place()
        folder = rig.new_folder("demo")
    made = Demo(place, folder)
    yield made
    made.end()


@pytest.mark.skipif(os.environ.get("BUILD_NAME", "gcc") != "gcc",
                    reason="it makes a build of its own")
def test_the_script_shows_the_tour_twice(demo):
    script = demo.script()
    first = demo.run(script, demo.path).ok()
    assert "Running" in first and f"fusermount3 -u {demo.path}" in first
    assert "kidn" in first
    assert demo.mounted()
    workspaces = demo.shell("ls alibaba").ok().split()
    assert workspaces
    second = demo.run(script, demo.path).ok()
    assert "already" in second and "Running" in second
    assert len(demo.emulators()) == 1
    demo.unmount()
    harness.eventually(lambda: not demo.mounted())
    harness.eventually(lambda: not demo.emulators())
    third = demo.run(script, demo.path).ok()
    assert "already" not in third
    demo.unmount()
    harness.eventually(lambda: not demo.emulators())


def test_the_daemon_alone(demo):
    """In the background: it returns when the mount answers."""
    os.makedirs(demo.path)
    demo.place.give(demo.path)
    program = demo.place.program(harness.SESSIONFS)
    demo.run(program, "--demo", demo.path, timeout=10).ok()
    assert demo.mounted()
    assert demo.shell("ls").ok().split() == [
        "alibaba", "dataproc", "dli", "emr", "emr-serverless", "livy"]
    workspace = demo.shell("ls alibaba | head -n 1").ok().strip()
    at = f"alibaba/{workspace}"
    names = demo.shell(f"ls {at}").ok().split()
    assert "new" in names and len(names) > 1
    demo.shell(f"echo '{{\"name\": \"mine\", \"kind\": \"SQL\"}}' "
               f"> {at}/new").ok()
    harness.eventually(lambda: demo.shell(
        f"cat {at}/.last/state").out == "Running\n", timeout=5)
    listed = set(demo.shell(f"ls {at}").ok().split()) - set(names)
    assert len(listed) == 1
    demo.unmount()
    harness.eventually(lambda: not demo.emulators())


def test_of_many_demos_at_one_place_one_is_mounted(demo):
    """They are started at one moment."""
    os.makedirs(demo.path)
    demo.place.give(demo.path)
    many = [subprocess.Popen(
        [*demo.place.prefix, *demo.env,
         demo.place.program(harness.SESSIONFS), "--demo", demo.path],
        stderr=subprocess.PIPE, text=True) for _ in range(6)]
    said = [p.communicate(timeout=60 * harness.SLOW)[1] for p in many]
    assert sorted(p.returncode for p in many) == [0, 1, 1, 1, 1, 1], said
    for p, text in zip(many, said):
        assert p.returncode == 0 or "fuse.sessionfs is mounted at" in text
    assert len(demo.emulators()) == 1
    demo.unmount()
    assert not demo.mounted()
    harness.eventually(lambda: not demo.emulators())


def test_a_killed_daemon_takes_its_emulator_with_it(demo):
    os.makedirs(demo.path)
    demo.place.give(demo.path)
    daemon = subprocess.Popen(
        [*demo.place.prefix, *demo.env,
         demo.place.program(harness.SESSIONFS), "-f", "--demo", demo.path],
        stderr=subprocess.DEVNULL, preexec_fn=harness.die_with_us)
    try:
        harness.eventually(demo.mounted)
        harness.eventually(demo.emulators)
    finally:
        daemon.kill()
        daemon.wait(10)
    harness.eventually(lambda: not demo.emulators())


def test_the_script_says_what_is_wrong(tmp_path):
    """With no FUSE device there is advice, and a failure."""
    if not shutil.which("unshare") or os.geteuid() != 0:
        pytest.skip("needs a mount namespace")
    result = harness.run(
        ["unshare", "-m", "sh", "-c",
         "mount -t tmpfs none /dev && exec bash \"$1\" \"$2\"", "sh", DEMO,
         str(tmp_path / "m")])
    assert "modprobe fuse" in result.failed()


def test_what_is_mounted_is_not_hidden(emulator, mount, rig):
    m = mount(emulator("--fill", "w-1=1"))
    demo = [harness.SESSIONFS, "--demo"]
    refused = harness.run([*demo, m.path]).failed()
    assert f"fuse.sessionfs is mounted at {m.path}" in refused
    if not os.geteuid():
        other = rig.new_folder("other")
        harness.run(["mount", "-t", "tmpfs", "none", other]).ok()
        try:
            refused = harness.run([*demo, other]).failed()
            assert f"tmpfs is mounted at {other}" in refused
        finally:
            harness.run(["umount", other]).ok()
    assert m.process.poll() is None


def test_real_sessions_are_no_demo(emulator, mount):
    """The tour would make one."""
    emu = emulator("--fill", "w-1=1")
    m = mount(emu)
    assert "are real" in harness.run(["bash", DEMO, m.path]).failed()
    assert emu.count("CreateSessionCluster") == 0


EXAMPLES = [DEMO, os.path.join(harness.ROOT, "examples", "livy")]


@pytest.mark.parametrize("script", EXAMPLES, ids=["demo", "livy"])
def test_somebody_elses_mount_is_not_shown(emulator, mount, rig, as_user,
                                           script):
    """Its names would be words of our lines."""
    if not as_user.prefix:
        pytest.skip("needs root, to be two users")
    emu = emulator("--workspace", "$(cd;id>pwned)")
    m = mount(emu, place=as_user)
    done = harness.run(["bash", script, m.path], prefix=as_user.inside)
    assert "somebody else" in done.failed() and done.out == ""


@pytest.mark.parametrize("script", EXAMPLES, ids=["demo", "livy"])
@pytest.mark.parametrize("what", ["link", "directory", "dangling"])
def test_a_prepared_place_is_refused(rig, script, what):
    if os.geteuid():
        pytest.skip("needs root to give a directory away")
    place = os.path.join(rig.folder, "place")
    ours = os.path.join(rig.folder, "ours")
    os.mkdir(ours)
    if what == "directory":
        os.mkdir(place)
        os.chown(place, 65534, 65534)
    else:
        os.symlink(ours if what == "link" else ours + "/none", place)
    done = harness.run(["bash", script, place])
    assert place in done.failed() and done.out == ""
    assert os.listdir(ours) == [] and not os.path.exists(ours + "/none")


def test_a_name_in_a_line_is_one_word(tmp_path):
    name = "a b$(touch pwned)`touch pwned`;touch pwned"
    os.mkdir(tmp_path / name)
    done = harness.run(
        ["bash", "-c", '. "$0"; show "cd $(word "$1")" && pwd',
         os.path.join(harness.ROOT, "examples", "common.bash"), name],
        cwd=str(tmp_path))
    assert done.ok().endswith(name + "\n")
    assert os.listdir(tmp_path) == [name]
