"""The units of packaging/systemd on a booted system."""
import re
import time

import pytest

from harness import eventually

UNIT = "sessionfs@srv-spark.service"
KEYS = ("ALIBABA_CLOUD_ACCESS_KEY_ID=emulator-key\n"
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET=emulator-secret\n")
PORT = 8765


def section(name):
    return (f"[{name}]\ntype = alibaba\nregion = r\n"
            f"endpoint = http://127.0.0.1:{PORT}\n")


def config(*names, own=""):
    return f"[sessionfs]\nrefresh = 1s\n{own}\n" + "\n".join(
        section(name) for name in names)


@pytest.fixture(scope="module")
def system(machine):
    machine.run("mkdir -p /srv/spark && useradd -m -d /srv/somebody somebody").ok()
    machine.run("systemd-run --unit=emulator /usr/bin/sessionfs-emulator "
                f"--port={PORT} --fill=w-1=3").ok()
    eventually(lambda: f":{PORT:04X} " in machine.run("cat /proc/net/tcp").out
               or machine.show("emulator", "ActiveState") == "active")
    machine.write("/etc/sessionfs/sessionfs.conf", config("one"))
    machine.write("/etc/sessionfs/srv-spark.env",
                  "OPTIONS=-o allow_other\n" + KEYS, 0o600)
    machine.write("/etc/systemd/system/sessionfs@.service.d/soon.conf",
                  "[Service]\nWatchdogSec=2s\nRestartSec=100ms")
    machine.run("systemctl daemon-reload").ok()
    return machine


@pytest.fixture
def served(system):
    system.write("/etc/sessionfs/sessionfs.conf", config("one"))
    system.run(f"systemctl reset-failed {UNIT}")
    system.run(f"systemctl start {UNIT} || journalctl -u {UNIT}").ok()
    assert system.show(UNIT, "ActiveState") == "active", \
        system.run(f"journalctl -u {UNIT} | tail -20").out
    yield system
    system.run(f"systemctl stop {UNIT}").ok()


def test_it_is_started_when_the_mount_answers(served):
    assert served.run("ls /srv/spark").ok() == "one\n"
    assert served.show(UNIT, "Type") == "notify"
    eventually(lambda: "1 section, " in served.show(UNIT, "StatusText"))
    served.run("ls /srv/spark/one/w-1").ok()
    eventually(lambda: served.show(UNIT, "StatusText")
               == "1 section, 3 sessions")


def test_another_login_sees_the_mount(served):
    listed = served.run("setpriv --reuid=somebody --regid=somebody "
                        "--clear-groups ls /srv/spark/one/w-1").ok()
    assert listed.count("sc-") == 3


def test_reload(served):
    before = served.show(UNIT, "MainPID")
    served.write("/etc/sessionfs/sessionfs.conf", config("one", "two"))
    served.run(f"systemctl reload {UNIT}").ok()
    eventually(lambda: served.run("ls /srv/spark").out == "one\ntwo\n")
    assert served.show(UNIT, "MainPID") == before
    served.write("/etc/sessionfs/sessionfs.conf", "[one]\ntype = nothing")
    served.run(f"systemctl reload {UNIT}").ok()
    eventually(lambda: "stays as it was" in served.show(UNIT, "StatusText"))
    assert "nothing" in served.run(f"systemctl status {UNIT}").out
    eventually(lambda: served.run("ls /srv/spark").out == "one\ntwo\n")


def test_a_reload_takes_the_program_that_was_replaced(system):
    """The manager sees the same process, well, and ended in order."""
    system.write("/etc/sessionfs/sessionfs.conf", config("one"))
    system.run("cp /usr/bin/sessionfs /opt/sessionfs").ok()
    system.write(f"/etc/systemd/system/{UNIT}.d/keeper.conf",
                 "[Service]\nExecStart=\n"
                 "ExecStart=/opt/sessionfs -o allow_other,keeper %f")
    system.run("systemctl daemon-reload").ok()
    system.run(f"systemctl start {UNIT} || journalctl -u {UNIT}").ok()
    try:
        assert system.show(UNIT, "ActiveState") == "active", \
            system.run(f"journalctl -u {UNIT} | tail -20").out
        before = system.show(UNIT, "MainPID")
        system.run("cp /usr/bin/sessionfs /opt/newer && "
                   "mv /opt/newer /opt/sessionfs").ok()
        system.run(f"systemctl reload {UNIT}").ok()
        same = f"test /proc/{before}/exe -ef /opt/sessionfs"
        eventually(lambda: system.run(same).status == 0)
        assert system.run("ls /srv/spark").ok() == "one\n"
        # More than a watchdog's time, of which the new one has to know.
        eventually(lambda: system.run(
            f"journalctl -u {UNIT} -o cat").out.count("serving ") >= 2)
        eventually(lambda: system.show(UNIT, "StatusText") != "")
        # sleeps: as long as the watchdog waits, and some.
        time.sleep(3)
        assert system.show(UNIT, "MainPID") == before
        assert system.show(UNIT, "NRestarts") == "0"
        assert system.show(UNIT, "ActiveState") == "active"
        system.run(f"systemctl stop {UNIT}").ok()
        assert system.show(UNIT, "Result") == "success"
    finally:
        system.run(f"systemctl stop {UNIT}; rm /etc/systemd/system/{UNIT}.d/"
                   "keeper.conf; systemctl daemon-reload")


def test_a_daemon_that_hangs_is_killed_and_started_again(served):
    before = served.show(UNIT, "MainPID")
    restarts = int(served.show(UNIT, "NRestarts"))
    served.run(f"kill -STOP {before}").ok()
    eventually(lambda: int(served.show(UNIT, "NRestarts")) > restarts, 60)
    eventually(lambda: served.run("ls /srv/spark").out == "one\n", 60)
    assert served.show(UNIT, "MainPID") != before
    assert "watchdog" in served.run(f"journalctl -u {UNIT}").out.lower()


def test_a_daemon_that_is_killed_is_started_again(served):
    restarts = int(served.show(UNIT, "NRestarts"))
    served.run(f"kill -9 {served.show(UNIT, 'MainPID')}").ok()
    eventually(lambda: int(served.show(UNIT, "NRestarts")) > restarts, 60)
    eventually(lambda: served.run("ls /srv/spark").out == "one\n", 60)


def test_stop_unmounts(served):
    served.run(f"systemctl stop {UNIT}").ok()
    assert "/srv/spark" not in served.run("cat /proc/self/mounts").ok()
    assert served.show(UNIT, "Result") == "success"


def test_the_journal_selects_by_field_and_priority(served):
    served.run("ls /srv/spark/one/w-1").ok()
    served.run("systemctl stop emulator").ok()
    try:
        def lines():
            return served.run("journalctl -t sessionfs -p warning -o cat "
                              "PROVIDER=one WORKSPACE=w-1").out
        eventually(lambda: "one/w-1: " in lines(), 30)
        assert not re.search(r"^\d{4}-\d\d-", lines(), re.M)
        assert "serving" not in lines()
    finally:
        served.run("systemctl reset-failed emulator; systemd-run "
                   "--unit=emulator /usr/bin/sessionfs-emulator "
                   f"--port={PORT} --fill=w-1=3").ok()


def test_a_credential_of_the_unit(system):
    """LoadCredential=: the key is in no environment and no file of the state."""
    system.run(f"systemctl stop {UNIT}")
    system.write("/etc/sessionfs/srv-spark.env", "OPTIONS=-o allow_other")
    system.write("/etc/sessionfs/key.ini", "[default]\ntype = access_key\n"
                 "access_key_id = emulator-key\n"
                 "access_key_secret = emulator-secret", 0o600)
    system.write(f"/etc/systemd/system/{UNIT}.d/key.conf",
                 "[Service]\nLoadCredential=alibaba:/etc/sessionfs/key.ini\n")
    system.write("/etc/sessionfs/sessionfs.conf", config("one") +
                 "credentials_file = ${CREDENTIALS_DIRECTORY}/alibaba\n")
    try:
        system.run(f"systemctl daemon-reload && systemctl start {UNIT}").ok()
        eventually(lambda: system.run("ls /srv/spark/one/w-1").out.count("sc-")
                   == 3)
        said = system.run("journalctl -t sessionfs -o cat -n 30").out
        assert "others may read" not in said, said
    finally:
        system.run(f"systemctl stop {UNIT}")
        system.run(f"rm -r /etc/systemd/system/{UNIT}.d")
        system.write("/etc/sessionfs/srv-spark.env",
                     "OPTIONS=-o allow_other\n" + KEYS, 0o600)
        system.run("systemctl daemon-reload").ok()


def test_how_exposed_it_is(served):
    """A mount that others see allows no mount namespace: the rest is closed."""
    told = served.run(f"systemd-analyze security {UNIT} --no-pager").out
    (score,) = re.findall(r"Overall exposure level for \S+: ([\d.]+)", told)
    assert float(score) < 5, told


def test_a_user_unit(system):
    uid = system.run("id -u somebody").ok().strip()
    as_user = (f"setpriv --reuid={uid} --regid={uid} --init-groups env "
               f"HOME=/srv/somebody XDG_RUNTIME_DIR=/run/user/{uid} ")
    system.run(f"systemctl start user@{uid}").ok()
    system.run(f"{as_user} mkdir -p /srv/somebody/spark "
               "/srv/somebody/.config/sessionfs").ok()
    folder = "/srv/somebody/.config/sessionfs"
    system.write(folder + "/sessionfs.conf", config("mine"))
    system.write(folder + "/srv-somebody-spark.env", KEYS)
    system.run("chmod 666 /dev/fuse; chown -R somebody /srv/somebody").ok()
    unit = "sessionfs@srv-somebody-spark.service"
    started = system.run(f"{as_user} systemctl --user start {unit}")
    try:
        assert started.status == 0, \
            system.run("journalctl -n 30 --no-pager").out
        assert system.run(f"{as_user} ls /srv/somebody/spark").ok() \
            == "mine\n"
    finally:
        system.run(f"{as_user} systemctl --user stop {unit}")
