"""sessionfs new and sessionfs wait: statuses that a shell can trust."""
import os
import signal
import subprocess

import pytest

import harness
from harness import SLOW, eventually, run

CREATE = "CreateSessionCluster"
SPEC = '{"name": "made", "kind": "SQL", "queueName": "root_queue"}'
FAILED, USAGE, NO_MOUNT = 1, 2, 5  # fs/base/exit_status.h
REFUSED, UNSENT, MAY_EXIST, TIME_OVER, IN_VAIN = range(6, 11)


def sessionfs(*words, **how):
    return run([harness.SESSIONFS, *words], **how)


@pytest.fixture
def world(emulator, mount):
    emu = emulator("--fill", "w-1=1")
    m = mount(emu, config={"sessionfs": {
        "refresh": "200ms", "create_deadline": "2s"}})
    m.emu = emu
    return m


def test_the_directory_of_a_new_session_is_printed(world):
    done = sessionfs("new", world.ws("w-1"), stdin=SPEC)
    path = done.ok().rstrip("\n")
    assert os.path.dirname(path) == world.ws("w-1")
    assert world.read(path, "state")
    assert world.emu.count(CREATE) == 1


def test_the_id_is_printed(world):
    done = sessionfs("new", "--id", world.ws("w-1"), stdin=SPEC).ok()
    assert done.rstrip("\n") in os.listdir(world.ws("w-1"))


@pytest.mark.parametrize("where", [">/dev/full", ">&-", "| true"])
def test_a_session_whose_name_cannot_be_printed_is_told(world, where):
    done = run(["bash", "-c", f'(read -r x; exec "$@" <<< "$x" {where}); '
                'echo ${PIPESTATUS[0]}' if where[0] == ">" else
                'set -o pipefail; (sleep .2; exec "$@") | true',
                "-", harness.SESSIONFS, "new", world.ws("w-1")], stdin=SPEC)
    assert done.out == "8\n" or done.status == MAY_EXIST, done
    assert f"the session {world.ws('w-1')}/" in done.err, done
    assert done.err.count("\n") == 1 and world.emu.count(CREATE) == 1


def test_a_time_limit_needs_a_phase(world):
    done = sessionfs("new", world.ws("w-1"), "--timeout=5s", stdin=SPEC)
    assert done.status == USAGE and "--timeout needs --wait" in done.err
    assert world.emu.count(CREATE) == 0


@pytest.mark.parametrize("name", ["status", "new", "wait", "umount"])
def test_an_empty_operand_is_refused(world, name):
    done = sessionfs(name, "", stdin=SPEC, cwd=world.path)
    assert done.status == USAGE and "an operand is empty" in done.err, done
    assert world.is_mounted()


def test_no_time_at_all_is_enough_for_what_is_there(world):
    path = sessionfs("new", world.ws("w-1"), "--wait", "idle",
                     stdin=SPEC).ok().rstrip("\n")
    assert sessionfs("wait", path, "--timeout", "0s").ok() == "Running\n"
    done = sessionfs("wait", path, "busy", "--timeout", "0s")
    assert done.status == TIME_OVER


def test_it_waits_for_a_phase(world):
    path = sessionfs("new", world.ws("w-1"), "--wait", "idle", "--timeout=60s",
                     stdin=SPEC).ok().rstrip("\n")
    assert world.read(path, "phase") == "idle\n"


@pytest.mark.parametrize("spec,status,said", [
    ("", USAGE, "no spec on standard input"),
    ("{", REFUSED, "not complete"),
    ('{"name": "x", "kidn": "SQL"}', REFUSED, "did you mean kind?"),
    ("[]", REFUSED, "no session was made"),
    ("x" * (1 << 20) + "y", REFUSED, "")], ids=range(5))
def test_a_wrong_spec_is_refused(world, spec, status, said):
    done = sessionfs("new", world.ws("w-1"), stdin=spec)
    assert done.status == status and said in done.err and done.out == "", done
    assert world.emu.count(CREATE) == 0


@pytest.mark.parametrize("fault,status,said", [
    ({"status": 403, "code": "Forbidden"}, REFUSED, "no session was made"),
    ({"hang": True}, MAY_EXIST, "the session may exist; see .requests")])
def test_an_outcome_has_its_status(world, fault, status, said):
    world.emu.fault(action=CREATE, times=-1, **fault)
    done = sessionfs("new", world.ws("w-1"), stdin=SPEC)
    assert done.status == status and said in done.err, done
    world.emu.no_faults()


def test_what_is_no_workspace_is_named(world):
    for place in world.path, world.path + "/alibaba", \
            world.ws("w-1") + "/nothing":
        done = sessionfs("new", place, stdin=SPEC)
        assert done.status == FAILED and "is no workspace" in done.err, done
        assert "nothing" in place or "SECTION/WORKSPACE" in done.err
    done = sessionfs("new", stdin=SPEC)
    assert done.status == USAGE


def test_a_file_of_somebody_else_is_not_written(world, tmp_path):
    (tmp_path / "new").write_text("mine, and longer than a spec " * 9)
    (tmp_path / "empty").mkdir()
    for place in tmp_path, tmp_path / "empty":
        done = sessionfs("new", place, stdin=SPEC)
        assert done.status == NO_MOUNT, done
        assert f"{place} is in no sessionfs mount" in done.err
    assert (tmp_path / "new").read_text().startswith("mine, ")
    assert not os.listdir(tmp_path / "empty")


def test_wait_prints_the_state(world):
    path = sessionfs("new", world.ws("w-1"), stdin=SPEC).ok().rstrip("\n")
    assert sessionfs("wait", path).ok() == "Running\n"
    assert sessionfs("wait", path, "busy", "--timeout", "300ms").status \
        == TIME_OVER


def test_wait_says_what_is_in_vain(world):
    (name,) = [n for n in os.listdir(world.ws("w-1")) if n.startswith("sc-")]
    world.emu.session("w-1", {"sessionClusterId": name, "state": "Error"})
    eventually(lambda: world.read(world.ws("w-1"), name, "phase") == "failed\n")
    done = sessionfs("wait", world.ws("w-1") + "/" + name, "idle")
    assert done.status == IN_VAIN and "will not be idle any more" in done.err


@pytest.mark.parametrize("words,status,said", [
    ([], USAGE, "is missing"), (["/nowhere"], NO_MOUNT, "in no sessionfs"),
    (["/tmp", "idel"], USAGE, "did you mean idle?"),
    (["/tmp", "idle", "x"], USAGE, "too many"),
    (["/tmp", "--timeout", "soon"], USAGE, "--timeout must be")])
def test_a_wrong_wait_is_refused(words, status, said):
    done = sessionfs("wait", *words)
    assert done.status == status and said in done.err, done


def test_a_time_limit_holds_when_the_daemon_hangs(world):
    (name,) = [n for n in os.listdir(world.ws("w-1")) if n.startswith("sc-")]
    os.kill(world.pid, signal.SIGSTOP)
    try:
        done = sessionfs("wait", f"{world.ws('w-1')}/{name}", "stopped",
                         "--timeout", "500ms")
    finally:
        os.kill(world.pid, signal.SIGCONT)
    assert done.status == TIME_OVER and done.seconds < 3 * SLOW


@pytest.mark.parametrize("comes_again", [True, False])
def test_a_workspace_that_goes_meanwhile(rig, emulator, comes_again):
    here, there = emulator("--workspace", "w-1"), emulator("--workspace", "w-1")
    folder = rig.new_folder("goes")

    def text(emu, *names):
        own = {"state_dir": folder + "/state", "refresh": "300ms"}
        return harness.key_file({"sessionfs": own, **{name: {
            "type": "alibaba", "region": "r", "endpoint": emu.url}
            for name in names}})
    m = rig.mount(config=text(here, "one", "two"), folder=folder)
    os.stat(m.ws("w-1", "two"))
    making = subprocess.Popen(
        [harness.SESSIONFS, "new", m.ws("w-1", "two")], stdin=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True)

    def opened():
        fds = f"/proc/{making.pid}/fd/"
        return any(os.readlink(fds + fd).endswith("/new")
                   for fd in os.listdir(fds))
    eventually(opened)
    with open(m.config, "w") as f:
        f.write(text(there, "one", "two") if comes_again
                else text(here, "one"))
    m.process.send_signal(signal.SIGHUP)
    eventually(lambda: "the configuration was read again" in m.log())
    if comes_again:
        eventually(lambda: os.path.isdir(m.ws("w-1", "two")))
    said = making.communicate(SPEC, timeout=20 * SLOW)[1]
    assert making.returncode == (UNSENT if comes_again else REFUSED), said
    assert here.count(CREATE) == there.count(CREATE) == 0


def test_wait_ends_with_the_mount(world):
    path = sessionfs("new", world.ws("w-1"), stdin=SPEC).ok().rstrip("\n")
    parked = world.metric("sessionfs_parked_total")
    waiting = subprocess.Popen([harness.SESSIONFS, "wait", path, "failed"],
                               stderr=subprocess.PIPE, text=True)
    eventually(lambda: world.metric("sessionfs_parked_total") > parked)
    world.stop()
    said = waiting.communicate(timeout=20 * SLOW)[1]
    assert waiting.returncode == NO_MOUNT, said
