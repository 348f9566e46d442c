"""A booted Debian with the units in it: systemd-nspawn over a root directory that
debootstrap makes once."""
import os
import shutil
import subprocess
import sys

import pytest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "mount"))
import harness  # noqa: E402

KEPT = os.environ.get("SYSTEMD_ROOT",
                      os.path.join(harness.ROOT, "build", "systemd-root"))
PACKAGES = ("systemd,systemd-sysv,dbus,fuse3,libcurl4,libglib2.0-0,libcjson1,"
            "libmicrohttpd12,libpam-systemd,ca-certificates,util-linux")


def prepare():
    """The root directory; skips, with the reason, where there can be none."""
    if os.geteuid() != 0:
        pytest.skip("only root can boot a container")
    for program in ("systemd-nspawn", "debootstrap"):
        if not shutil.which(program):
            pytest.skip(f"{program} is not installed")
    if os.path.exists(KEPT + "/.complete"):
        return KEPT
    shutil.rmtree(KEPT, ignore_errors=True)
    made = subprocess.run(
        ["debootstrap", "--variant=minbase", "--include=" + PACKAGES,
         "bookworm", KEPT], text=True, capture_output=True)
    if made.returncode:
        pytest.skip("debootstrap: " + (made.stdout + made.stderr)[-300:])
    open(KEPT + "/.complete", "w").close()
    return KEPT


class Machine:
    """Booted; what is written in it goes with it."""

    def __init__(self, root, folder):
        self.units = os.path.join(folder, "units")
        self.log_path = os.path.join(folder, "boot.log")
        binds = [(harness.SESSIONFS, "/usr/bin/sessionfs"),
                 (harness.EMULATOR, "/usr/bin/sessionfs-emulator")]
        for kind, where in (("system", "/lib/systemd/system"),
                            ("user", "/usr/lib/systemd/user")):
            unit = f"{folder}/{kind}.service"
            inner = "" if kind == "system" else "user/"
            with open(f"{harness.ROOT}/packaging/systemd/{inner}"
                      "sessionfs@.service.in") as f:
                text = f.read().replace("@bindir@", "/usr/bin")
            with open(unit, "w") as f:
                f.write(text)
            binds.append((unit, where + "/sessionfs@.service"))
        for _, there in binds:  # what is bound needs a place
            place = root + there
            os.makedirs(os.path.dirname(place), exist_ok=True)
            open(place, "a").close()
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(
                ["systemd-nspawn", "--quiet", "--register=no", "--keep-unit",
                 "--directory", root, "--volatile=overlay",
                 "--private-network", "--bind=/dev/fuse", "--console=pipe",
                 # Without it systemd has no automount units.
                 *["--bind=/dev/autofs"] * os.path.exists("/dev/autofs"),
                 *(f"--bind-ro={here}:{there}" for here, there in binds),
                 "--boot"], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                preexec_fn=harness.die_with_us)
        self.pid = None
        try:
            self.boot()
        except BaseException:
            self.close()
            raise

    def leader(self):
        children = harness.run(["pgrep", "-P", str(self.process.pid)])
        for pid in children.out.split():
            with open(f"/proc/{pid}/comm") as f:
                if f.read().strip() == "systemd":
                    return pid
        return None

    def boot(self):
        def decided():
            self.pid = self.pid or self.leader()
            return self.process.poll() is not None or (
                self.pid and self.run("systemctl is-system-running").out in (
                    "running\n", "degraded\n"))
        try:
            harness.eventually(decided, 60, 0.1)
            assert self.process.poll() is None
        except AssertionError:
            with open(self.log_path, errors="replace") as f:
                pytest.skip("no machine boots here: " + f.read()[-300:])

    def run(self, command, timeout=60):
        return harness.run(
            ["nsenter", "-t", self.pid, "-m", "-u", "-i", "-n", "-p", "-C",
             "-r", "-w", "env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
             "sh", "-c", command], timeout=timeout)

    def write(self, path, text, mode=0o644):
        done = self.run(f"mkdir -p '{os.path.dirname(path)}' && cat > '{path}' "
                        f"<<'END'\n{text}\nEND\nchmod {mode:o} '{path}'")
        done.ok()

    def show(self, unit, name, manager="systemctl"):
        return self.run(f"{manager} show -P {name} {unit}").ok().strip()

    def close(self):
        if self.pid and self.process.poll() is None:
            self.run("systemctl poweroff --force --force || true")
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@pytest.fixture(scope="module")
def machine(tmp_path_factory):
    made = Machine(prepare(), str(tmp_path_factory.mktemp("machine")))
    yield made
    made.close()
