"""sessionfs as a helper of mount(8): by the types sessionfs and fuse.sessionfs,
from fstab, by root and by a user, in a mount namespace with links in /sbin."""
import os
import subprocess

import pytest

import harness
from harness import eventually, run

LINKS = r"""
set -e
cd "$1"
mkdir sbin real
mount --bind /usr/sbin real
mount -t tmpfs -o mode=755 none sbin
ln -s "$PWD"/real/* sbin
ln -s "$2" sbin/mount.sessionfs
ln -s "$2" sbin/mount.fuse.sessionfs
mount --bind sbin /usr/sbin
mount --bind "$3" /etc/fstab
"""


class Helpers:
    """A namespace in which mount(8) finds the helpers and an fstab of ours."""

    def __init__(self, rig, emulator):
        self.place = rig.user()
        self.folder = folder = rig.new_folder("helper", self.place)
        self.point = os.path.join(folder, "mnt")
        self.conf = os.path.join(folder, "c.conf")
        self.fstab = os.path.join(folder, "fstab")
        for name in ("mnt", "home", "links"):
            os.mkdir(os.path.join(folder, name))
        with open(self.conf, "w") as f:
            f.write(harness.key_file({
                "sessionfs": {"state_dir": folder + "/state"},
                "alibaba": {"region": "r", "endpoint": emulator.url}}))
        self.table("")
        os.chmod(folder, 0o755)
        self.place.give(folder)
        os.chown(self.conf, 0, 0)
        os.chmod(self.conf, 0o644)
        run(["sh", "-c", LINKS, "sh", folder + "/links",
             self.place.program(harness.SESSIONFS), self.fstab],
            prefix=self.place.inside).ok()

    def table(self, options, kind="sessionfs"):
        line = f"spark {self.point} {kind} config={self.conf},{options} 0 0\n"
        with open(self.fstab, "w") as f:
            f.write(line if options else "")

    def run(self, *argv, user=False):
        return run(argv, prefix=self.place.prefix if user
                   else self.place.inside, env={
            "HOME": self.folder + "/home",
            "ALIBABA_CLOUD_ACCESS_KEY_ID": harness.KEY_ID,
            "ALIBABA_CLOUD_ACCESS_KEY_SECRET": harness.KEY_SECRET})

    def mount(self, *args, kind="sessionfs"):
        return self.run("mount", "-t", kind, "spark", self.point, *args)

    def shown(self, inside=()):
        """[[source, type, options]] of what is mounted there."""
        return [line.split() for line in self.run(
            *inside, "findmnt", "-rno", "SOURCE,FSTYPE,OPTIONS",
            self.point).out.splitlines()]

    def daemons(self):
        return run(["pgrep", "-f", f"^[^ ]*sessionfs .*{self.point}"],
                   ).out.split()


@pytest.fixture
def helpers(rig, emulator):
    if os.geteuid():
        pytest.skip("needs root")
    if not os.path.realpath("/sbin") == "/usr/sbin":
        pytest.skip("/sbin is not /usr/sbin")
    try:
        made = Helpers(rig, emulator("--fill", "w-1=2"))
    except OSError as e:
        pytest.skip(f"no mount namespace: {e}")
    yield made
    made.run("umount", "-l", made.point)


@pytest.mark.parametrize("kind", ["sessionfs", "fuse.sessionfs"])
def test_both_types_mount(helpers, kind):
    helpers.mount("-o", f"config={helpers.conf}", kind=kind).ok()
    assert [row[:2] for row in helpers.shown()] == [["spark", "fuse.sessionfs"]]
    assert helpers.run("ls", helpers.point + "/alibaba").ok() == "w-1\n"
    helpers.run("umount", helpers.point).ok()
    assert helpers.shown() == []


@pytest.mark.parametrize("flags,serves", [
    (["-v"], True), (["-n"], True), (["-s"], True), (["-vns"], True),
    (["-f"], False), (["-fv"], False)])
def test_flags_of_a_helper(helpers, flags, serves):
    done = helpers.mount(*flags, "-o", f"config={helpers.conf}")
    assert done.status == 0, done
    assert bool(helpers.shown()) == serves


def test_fake_checks_the_mount_point(helpers):
    os.rmdir(helpers.point)
    done = helpers.run("mount.sessionfs", "spark", helpers.point, "-f")
    assert done.status == 1 and "cannot be used" in done.err, done


def test_another_namespace(helpers):
    other = subprocess.Popen(
        [*helpers.place.inside, "unshare", "-m", "sleep", "1000"],
        preexec_fn=harness.die_with_us)
    try:
        # On its way it is where the tests are, and then where the helpers are.
        ways = {os.readlink("/proc/self/ns/mnt"),
                helpers.run("readlink", "/proc/self/ns/mnt").ok().strip()}
        eventually(lambda: helpers.run(
            "readlink", f"/proc/{other.pid}/ns/mnt").ok().strip() not in ways)
        helpers.mount("-N", str(other.pid), "-o", f"config={helpers.conf}").ok()
        assert helpers.shown() == []
        there = ("nsenter", "-m", "-t", str(other.pid))
        assert len(helpers.shown(there)) == 1
        assert helpers.run(*there, "ls", helpers.point + "/alibaba").ok() == \
            "w-1\n"
        # Its events may still be under way in there.
        eventually(lambda: helpers.run(
            *there, "umount", helpers.point).status == 0)
    finally:
        other.kill()
        other.wait(10)


def test_fstab(helpers):
    """What is mounted is known by its source: a second mount -a has nothing
    to do."""
    helpers.table("_netdev,nofail,x-systemd.automount,refresh=7s")
    for _ in range(2):
        helpers.run("mount", "-a").ok()
        assert len(helpers.shown()) == 1
    assert "refresh = 7000ms" in helpers.run(
        "cat", helpers.point + "/.sessionfs/config").ok()
    helpers.run("umount", helpers.point).ok()
    helpers.run("mount", helpers.point).ok()


def test_a_source_with_a_comma_and_a_blank(helpers):
    helpers.run("mount.sessionfs", r"a,b\c d", helpers.point, "-o",
                f"config={helpers.conf}").ok()
    assert helpers.run("findmnt", "-no", "SOURCE", helpers.point).ok() == \
        "a,b\\c d\n"


def test_a_user_mounts_what_fstab_lets_users_mount(helpers):
    helpers.table("noauto,user")
    helpers.run("mount", helpers.point, user=True).ok()
    (row,) = helpers.shown()
    assert f"user_id={helpers.place.uid}" in row[2]
    assert helpers.run(
        "ls", helpers.point + "/alibaba", user=True).ok() == "w-1\n"
    assert os.stat(helpers.folder + "/state").st_uid == helpers.place.uid
    helpers.run("umount", helpers.point, user=True).ok()
    assert helpers.shown() == []


def test_ro_refuses_writes_and_leaves_the_mount_writable(helpers):
    """A superblock that is read-only would end all events."""
    helpers.mount("-o", f"ro,config={helpers.conf}").ok()
    (row,) = helpers.shown()
    assert "rw" in row[2].split(",")
    done = helpers.run("sh", "-c", f"echo '{{}}' > {helpers.point}/alibaba/w-1/new")
    assert "Read-only file system" in done.err, done


def test_remount_starts_nothing_and_tells_the_truth(helpers):
    helpers.mount("-o", f"ro,refresh=3s,config={helpers.conf}").ok()
    for options in ("remount", "remount,ro", "remount,refresh=3000ms,noatime"):
        done = helpers.run("mount", "-o", options, helpers.point)
        assert done.status == 0 and not done.err, done
    for options in ("remount,refresh=9s", "remount,window=1s",
                    "remount,allow_other"):
        done = helpers.run("mount", "-o", options, helpers.point)
        assert done.status == 1, done
        assert options.split(",")[1] in done.err, done
    # The daemon's own children come and go meanwhile.
    assert not run(["pgrep", "-f", f"sessionfs .*{helpers.point}.*remount"]).out
    assert len(helpers.shown()) == 1
    assert "refresh = 3000ms" in helpers.run(
        "cat", helpers.point + "/.sessionfs/config").ok()


def test_remount_by_fstab_says_what_it_does_not_read(helpers):
    helpers.table("noauto,refresh=3s")
    helpers.run("mount", helpers.point).ok()
    done = helpers.run("mount", "-o", "remount", helpers.point)
    assert done.status == 0 and "does not read" in done.err, done


def test_remount_of_nothing(helpers):
    helpers.table("noauto")
    done = helpers.run("mount.sessionfs", "spark", helpers.point, "-o",
                       "remount")
    assert done.status == 1, done
    assert "no sessionfs is mounted there" in done.err
    assert helpers.shown() == [] and helpers.daemons() == []
