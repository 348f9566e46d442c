"""Writers whose processes and signals the daemon can or cannot see: in its own
namespace of processes, as in a container, the kernel tells it of no caller."""
import os
import signal
import subprocess

import pytest

import harness
from harness import SLOW, eventually, run

SPEC = '{"name": "n", "kind": "SQL", "queueName": "root_queue"}'


@pytest.fixture(params=[["--mount-proc"], []], ids=["own-proc", "outer-proc"])
def apart(request, emulator, mount, rig):
    """A daemon in its own namespace of processes, with its own /proc or that of
    the namespace outside, and with a mount that is seen here."""
    if os.geteuid():
        pytest.skip("needs root")
    # LeakSanitizer reads its own /proc, which lies in the other namespace.
    options = os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"
    settings = [] if request.param else ["env", "ASAN_OPTIONS=" + options]
    folder = rig.new_folder("apart")
    point = os.path.join(folder, "mnt")
    os.mkdir(point)
    run(["mount", "--bind", point, point]).ok()
    m = None
    try:
        run(["mount", "--make-shared", point]).ok()
        m = mount(emulator("--fill", "w-1=1"), folder=folder, starter=[
            "unshare", "-m", "-p", "-f", "--kill-child", *request.param,
            "--propagation", "unchanged", *settings])
        m.emulator = rig.started[0]
        yield m
    finally:
        if m:
            for pid in run(["pgrep", "-P", str(m.pid)]).out.split():
                os.kill(int(pid), signal.SIGTERM)
            assert m.wait(10 * SLOW) == 0
        run(["umount", "-l", point])


def created(m):
    return m.emulator.count("CreateSessionCluster")


def delay(m, ms):
    m.emulator.fault(action="CreateSessionCluster", delay_ms=ms)


def test_a_document_of_two_programs_is_one_session(apart):
    new = apart.ws("w-1") + "/new"
    done = apart.run(
        "{ printf '{\"name\": \"n\", \"kind\": '; cat; "
        f"/bin/echo '\"SQL\", \"queueName\": \"root_queue\"}}'; }} > {new}")
    assert done.status == 0, done
    assert created(apart) == 1


def test_an_incomplete_document_is_told_of_after_the_last_close(apart):
    new = apart.ws("w-1") + "/new"
    apart.run(f"printf '{{\"name\": ' | cat > {new}").ok()
    eventually(lambda: "before it was complete" in
               apart.read("alibaba", "w-1", ".last_error"))
    assert created(apart) == 0


def test_a_killed_writer_is_let_go(apart):
    delay(apart, 20000)
    writer = subprocess.Popen(["sh", "-c", 'exec cat > "$0"',
                               apart.ws("w-1") + "/new"],
                              stdin=subprocess.PIPE, text=True)
    writer.stdin.write(SPEC)
    writer.stdin.close()
    eventually(lambda: created(apart))
    writer.kill()
    assert writer.wait(5 * SLOW) == -signal.SIGKILL


WRITES = """
import os, signal, sys
signal.signal(signal.SIGALRM, lambda *_: None)
signal.setitimer(signal.ITIMER_REAL, 0.2, 0.2)
spec = sys.argv[2].encode()
fd = os.open(sys.argv[1], os.O_WRONLY | int(sys.argv[3]))
assert os.write(fd, spec) == len(spec)
os.close(fd)
signal.setitimer(signal.ITIMER_REAL, 0)  # the end of Python takes none
"""


@pytest.mark.parametrize("flag", [0, os.O_APPEND], ids=["write", "append"])
def test_a_writer_with_a_timer_makes_one_session(apart, flag):
    """It is interrupted all the time, and writes again each time."""
    delay(apart, 2500)
    done = apart.run(["/usr/bin/python3", "-c", WRITES,
                      apart.ws("w-1") + "/new", SPEC, str(flag)])
    assert done.status == 0 and done.seconds > 2, done
    assert created(apart) == 1
    assert len(os.listdir(apart.ws("w-1") + "/.requests")) == 1


def test_a_verb_is_sent_once_by_a_writer_with_a_timer(apart):
    w = apart.ws("w-1")
    name = next(n for n in os.listdir(w) if n.startswith("sc-"))
    apart.emulator.session("w-1", {"sessionClusterId": name,
                                   "state": "Running"})
    run(["touch", w + "/.refresh"])
    eventually(lambda: os.listdir(w) and
               apart.read("alibaba", "w-1", name, "state") == "Running\n")
    apart.emulator.fault(action="StopSessionCluster", delay_ms=2000)
    apart.run(["/usr/bin/python3", "-c", WRITES, f"{w}/{name}/ctl", "stop\n",
               "0"]).ok()
    assert apart.emulator.count("StopSessionCluster") == 1


# ---- where they can be seen ----

@pytest.mark.parametrize("number", [
    signal.SIGQUIT, signal.SIGABRT, signal.SIGSEGV, signal.SIGTERM])
def test_a_fatal_signal_releases_a_writer(emulator, mount, number):
    emu = emulator("--workspace", "w-1")
    m = mount(emu)
    os.listdir(m.ws("w-1"))
    emu.fault(action="CreateSessionCluster", delay_ms=20000)
    writer = subprocess.Popen(
        ["bash", "-c", f"ulimit -c 0; exec cat > {m.ws('w-1')}/new"],
        stdin=subprocess.PIPE, text=True, preexec_fn=harness.die_with_us)
    writer.stdin.write(SPEC)
    writer.stdin.close()
    eventually(lambda: emu.count("CreateSessionCluster"))
    writer.send_signal(number)
    assert writer.wait(5 * SLOW) == -number


def test_a_handled_signal_of_those_releases_nobody(emulator, mount):
    emu = emulator("--workspace", "w-1")
    m = mount(emu)
    os.listdir(m.ws("w-1"))
    emu.fault(action="CreateSessionCluster", delay_ms=1500)
    done = m.run(["/usr/bin/python3", "-c",
                  WRITES.replace("SIGALRM", "SIGQUIT").replace(
                      "signal.setitimer(signal.ITIMER_REAL, 0.2, 0.2)",
                      "os.system(f'(sleep 0.5; kill -QUIT {os.getpid()}) &')"),
                  m.ws("w-1") + "/new", SPEC, "0"])
    assert done.status == 0, done
    assert emu.count("CreateSessionCluster") == 1
