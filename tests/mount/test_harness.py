"""The harness itself can fail: each promise that it checks of a daemon is
broken here once by a program that breaks it on purpose."""
import os
import signal

import pytest

import harness


def stand_in(rig, script):
    """A shell script in the daemon's place."""
    program = harness.Process(
        ["sh", "-c", script], os.path.join(rig.folder, "stand-in.log"),
        dict(os.environ))
    rig.started.append(program)
    harness.eventually(lambda: "ready" in program.log())
    return program


@pytest.fixture
def inner(tmp_path):
    folder = tmp_path / "inner"
    folder.mkdir()
    return harness.Rig(folder)


WAIT = "echo ready >&2; while :; do sleep 0.05; done"


def test_a_clean_end_is_accepted(inner):
    stand_in(inner, "trap 'exit 0' TERM; " + WAIT)
    inner.close()


@pytest.mark.parametrize("words", [
    "==1==ERROR: AddressSanitizer: heap-use-after-free",
    "x.c:3:4: runtime error: signed integer overflow",
    "(process:1): GLib-CRITICAL **: g_free", "assertion failed: (a == b)",
    "WARNING: ThreadSanitizer: data race", "double free or corruption"],
    ids=["asan", "ubsan", "glib", "assert", "tsan", "malloc"])
def test_suspicious_words_fail(inner, words):
    stand_in(inner, f"trap 'exit 0' TERM; echo '{words}' >&2; " + WAIT)
    with pytest.raises(AssertionError, match="said"):
        inner.close()


def test_an_exit_status_fails(inner):
    stand_in(inner, "trap 'exit 3' TERM; " + WAIT)
    with pytest.raises(AssertionError, match="status 3"):
        inner.close()


def test_a_daemon_that_stays_is_killed_and_fails(inner, monkeypatch):
    monkeypatch.setattr(harness, "END_S", 0.2)
    program = stand_in(inner, "trap '' TERM; " + WAIT)
    with pytest.raises(AssertionError, match="runs on"):
        inner.close()
    assert program.process.returncode == -signal.SIGKILL


def test_a_sanitizer_report_fails(inner, tmp_path, monkeypatch):
    monkeypatch.setenv("SANITIZER_LOGS", str(tmp_path))
    program = stand_in(inner, "trap 'exit 0' TERM; " + WAIT)
    (tmp_path / f"report.{program.pid}").write_text("a finding")
    with pytest.raises(AssertionError, match="a finding"):
        inner.close()


def test_a_daemon_that_does_not_mount_fails(inner):
    with pytest.raises(AssertionError, match="ended"):
        inner.mount(config="[nonsense]\nx = 1\n")


def test_a_command_has_an_end():
    with pytest.raises(AssertionError, match="no end"):
        harness.run("sleep 60", timeout=0.2)


def test_what_never_comes_fails():
    with pytest.raises(AssertionError, match="not within"):
        harness.eventually(lambda: False, timeout=0.1)


def test_a_connection_can_be_ended(emulator, mount):
    """Whoever answers: this one is stopped."""
    if os.geteuid():
        pytest.skip("needs root")
    m = mount(emulator("--fill", "w-1=1"))
    m.process.send_signal(signal.SIGSTOP)
    m.end_connection()
    with pytest.raises(OSError):
        os.listdir(m.path)
    m.process.send_signal(signal.SIGCONT)
    assert m.kill() == -signal.SIGKILL
