"""Lines of /etc/fstab on a booted system: what its generator makes of them."""
import os

import pytest

from harness import eventually
from test_units import config, system  # noqa: F401

POINT = "/srv/later"
AUTOMOUNT = "srv-later.automount"
MOUNT = "srv-later.mount"
HELPERS = ("ln -sf /usr/bin/sessionfs /sbin/mount.sessionfs && "
           "ln -sf /usr/bin/sessionfs /sbin/mount.fuse.sessionfs")
needs_autofs = pytest.mark.skipif(not os.path.exists("/dev/autofs"),
                                  reason="this kernel has no autofs")
KEYS = ("[default]\ntype = access_key\naccess_key_id = emulator-key\n"
        "access_key_secret = emulator-secret\n")


@pytest.fixture(scope="module")
def machine_of_fstab(system):  # noqa: F811
    system.run(HELPERS).ok()
    for home in ("/root", "/srv/somebody"):
        system.write(home + "/.alibabacloud/credentials", KEYS, 0o600)
    system.run("chown -R somebody: /srv/somebody").ok()
    system.write("/etc/sessionfs/later.conf", config("one"))
    return system


@pytest.fixture
def fstab(machine_of_fstab):
    """Writes the line with these options."""
    machine = machine_of_fstab

    def use(options, point=POINT):
        machine.run(f"mkdir -p {point}").ok()
        machine.write("/etc/fstab", f"spark {point} sessionfs "
                      f"config=/etc/sessionfs/later.conf,{options} 0 0")
        machine.run("systemctl daemon-reload").ok()
        return machine
    yield use
    machine.run(f"systemctl stop {AUTOMOUNT} {MOUNT}; umount {POINT}; "
                "> /etc/fstab; systemctl daemon-reload")


def log_of(machine, unit):
    return machine.run(f"journalctl -u {unit} | tail -20").out


@needs_autofs
def test_automount_mounts_when_somebody_looks(fstab):
    machine = fstab("noauto,x-systemd.automount,x-systemd.idle-timeout=1s")
    machine.run(f"systemctl start {AUTOMOUNT}").ok()
    assert machine.show(AUTOMOUNT, "ActiveState") == "active", \
        log_of(machine, AUTOMOUNT)
    assert machine.show(MOUNT, "ActiveState") == "inactive"
    # The first look waits for the mount, and sees what is in it.
    looked = machine.run(f"timeout 30 ls {POINT}/one")
    assert looked.out == "w-1\n", (looked, log_of(machine, MOUNT))
    assert machine.show(MOUNT, "ActiveState") == "active"
    assert "sessionfs" in machine.run(f"findmnt -n -t fuse.sessionfs {POINT}").ok()
    # Nobody looks any more: it goes, and comes with the next one.
    eventually(lambda: machine.show(MOUNT, "ActiveState") == "inactive", 60)
    assert machine.run(f"ls {POINT}/one").ok() == "w-1\n"
    machine.run(f"systemctl stop {AUTOMOUNT}").ok()
    eventually(lambda: not machine.run(f"findmnt {POINT}").out)


@needs_autofs
def test_mount_by_hand_does_not_wait_for_itself(fstab):
    """Whoever looks into the place has it mounted; who mounts it does not look."""
    machine = fstab("noauto,x-systemd.automount")
    machine.run(f"systemctl start {AUTOMOUNT}").ok()
    machine.run(f"timeout 30 mount {POINT}").ok()
    assert machine.run(f"ls {POINT}/one").ok() == "w-1\n"
    assert "Set up" in log_of(machine, AUTOMOUNT).splitlines()[-1]


@pytest.mark.parametrize("options,wants,targets", [
    ("_netdev", "remote-fs.target", "network-online.target"),
    ("_netdev,nofail", "remote-fs.target", "network-online.target"),
])
def test_netdev_is_mounted_after_the_network(fstab, options, wants, targets):
    machine = fstab(options)
    needed = machine.show(wants, "Requires") + machine.show(wants, "Wants")
    assert MOUNT in needed
    assert targets in machine.show(MOUNT, "After")
    machine.run(f"systemctl start {MOUNT}").ok()
    assert machine.run(f"ls {POINT}/one").ok() == "w-1\n"
    machine.run(f"systemctl restart {MOUNT}").ok()
    assert machine.run(f"ls {POINT}/one").ok() == "w-1\n"
    machine.run(f"systemctl stop {MOUNT}").ok()
    assert not machine.run(f"findmnt {POINT}").out


def test_user_mounts_as_that_user(fstab):
    """With that user's credentials and state; and unmounts it."""
    point = "/srv/somebody/spark"
    machine = fstab("user,noauto", point)
    machine.run(f"chown somebody: {point}").ok()
    as_user = "setpriv --reuid=somebody --regid=somebody --init-groups " \
        "env HOME=/srv/somebody "
    machine.run(f"{as_user} mount {point}").ok()
    assert machine.run(f"{as_user} ls {point}/one").ok() == "w-1\n"
    # Its state is that user's.
    state = "/srv/somebody/.local/state/sessionfs"
    assert machine.run(f"stat -c %U {state}").ok() == "somebody\n"
    machine.run(f"{as_user} umount {point}").ok()
    assert not machine.run(f"findmnt {point}").out
