"""What the tests of events have in common: a mount with an emitter, its twin
without one, and the processes of both."""
import collections
import contextlib
import ctypes
import functools
import os
import re
import signal
import subprocess
import threading
import time

import pytest

from harness import SLOW, eventually, setpriv
from inotify import IN_CLOSE_WRITE, IN_MODIFY, Watcher

LIBC = ctypes.CDLL(None, use_errno=True)
LIBC.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p,
                        ctypes.c_void_p]
PTRACE_DETACH, PTRACE_SEIZE, PTRACE_INTERRUPT = 17, 0x4206, 0x4207
WALL = 0x40000000  # any thread, as waitpid(2) has it
CHANGED = IN_MODIFY | IN_CLOSE_WRITE
LIST = "ListSessionClusters"


class Missing(AssertionError):
    """The change is there, and nobody was told."""


class World:
    """An emulator, a mount and watchers on it."""

    def __init__(self, rig, events):
        self.rig = rig
        self.events = events
        self.watchers = []
        self.programs = []
        self.emu = self.m = None

    def start(self, *fill, place=None, options=(), workspaces="w-1",
              **daemon):
        """fill: "w-1=5"; daemon: keys of [sessionfs]."""
        self.emu = self.rig.emulator(*(a for f in fill
                                       for a in ("--fill", f)))
        self.config = {
            "sessionfs": {"events": self.events, **daemon},
            "alibaba": {"calls_per_second": 100000, "burst": 100000,
                        "workspaces": workspaces}}
        self.m = self.rig.mount(self.emu, config=self.config, place=place,
                                options=options)
        return self

    def again(self):
        """Another daemon on the same mount point."""
        self.m = self.rig.mount(self.emu, config=self.config,
                                folder=self.m.folder)

    def close(self):
        for program in self.programs:
            program.close()
        for watcher in self.watchers:
            watcher.close()

    def watcher(self, on_event=None):
        self.watchers.append(Watcher(on_event))
        return self.watchers[-1]

    def program(self, argv, **how):
        self.programs.append(Program(argv, **how))
        return self.programs[-1]

    # ---- what is there ----

    def ws(self, workspace="w-1"):
        return self.m.ws(workspace)

    def names(self, workspace="w-1"):
        """Those of the sessions, as the emulator has them."""
        return sorted(self.states(workspace))

    def states(self, workspace="w-1"):
        return {s["sessionClusterId"]: s["state"]
                for s in self.emu.sessions(workspace)}

    def state_path(self, name, workspace="w-1"):
        return os.path.join(self.ws(workspace), name, "state")

    def set_state(self, name, state, workspace="w-1"):
        self.emu.session(workspace, {"sessionClusterId": name,
                                     "state": state})

    def shows(self, name, state, workspace="w-1"):
        return self.m.read(self.state_path(name, workspace)) == state + "\n"

    # ---- waiting ----

    def come(self, question, applied, timeout=40):
        """Waits for what only events can bring.  applied: whether the change
        can be read; on a mount without events that decides when the time for
        them is over."""
        if self.events:
            return eventually(question, timeout)
        eventually(applied, timeout)
        end = time.monotonic() + 0.3 * SLOW
        while time.monotonic() < end:
            if question():
                return True
            time.sleep(0.05)  # sleeps: nothing comes after what nobody makes
        raise Missing

    def settle(self, listings=3, action=LIST):
        """Until the provider was asked so many times more: what was on its way
        before has had its effect."""
        before = self.emu.count(action)
        eventually(lambda: self.emu.count(action) >= before + listings, 60)


def twin(test):
    """The same test on a mount without events, where it has to miss them;
    that is so whatever the build, and seen over the quick one."""
    @functools.wraps(test)
    def both(**fixtures):
        world = next(f for f in fixtures.values() if isinstance(f, World))
        if world.events:
            test(**fixtures)
            return
        with pytest.raises(Missing):
            test(**fixtures)
    worlds = {"events": True} if SLOW > 1 else {"events": True,
                                                "without": False}
    return pytest.mark.parametrize("world", worlds.values(), indirect=True,
                                   ids=worlds)(both)


class Program:
    """A program that watches: its lines are kept as they come."""

    def __init__(self, argv, prefix=(), stdin=None, cwd=None):
        # Threads run here: nothing of ours may run between fork and exec.
        self.process = subprocess.Popen(
            [*setpriv("--pdeathsig=TERM"), *prefix, *argv], text=True,
            errors="surrogateescape", bufsize=1, cwd=cwd,
            start_new_session=True,
            stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if stdin is not None:
            self.process.stdin.write(stdin)
            self.process.stdin.close()
        self.out, self.err = [], []
        self.threads = [
            threading.Thread(target=self._follow, args=pair, daemon=True)
            for pair in ((self.process.stdout, self.out),
                         (self.process.stderr, self.err))]
        for thread in self.threads:
            thread.start()

    @staticmethod
    def _follow(stream, lines):
        for line in stream:
            lines.append(line.rstrip("\n"))

    @property
    def pid(self):
        return self.process.pid

    def said(self, text, timeout=40):
        """Waits until a line of either stream has it."""
        def asked():
            assert self.process.poll() is None or self.has(text), (
                self.process.args, self.process.poll(), self.out, self.err)
            return self.has(text)
        eventually(asked, timeout)

    def has(self, text):
        return any(text in line for line in self.out + self.err)

    def close(self):
        if self.process.poll() is None:
            os.killpg(self.pid, signal.SIGKILL)  # and what it started
        self.process.wait(30)
        for thread in self.threads:
            thread.join(5)


# ---- processes ----

Task = collections.namedtuple("Task", "pid comm state ppid")


def tasks():
    """All there are, threads too, as /proc has them: (tid, ...)."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            for tid in os.listdir(f"/proc/{pid}/task"):
                with open(f"/proc/{pid}/task/{tid}/stat") as f:
                    at = re.match(r"\d+ \((.*)\) (\S) (\d+)", f.read(), re.S)
                found.append(Task(int(pid), at[1], at[2], int(at[3])))
        except OSError:
            pass  # it ended meanwhile
    return found


def state_of(pid):
    """The letters of a process's threads; "" when there is none."""
    return "".join(sorted({t.state for t in tasks() if t.pid == pid}))


def is_over(pid):
    """It has ended; whoever starts a container may collect no orphans."""
    return state_of(pid) in ("", "Z")


def comm_of(folder, tid):
    with open(os.path.join(folder, tid, "comm")) as f:
        return f.read().rstrip("\n")


def ptrace(request, tid):
    if LIBC.ptrace(request, tid, None, None):
        raise OSError(ctypes.get_errno(), f"ptrace {request:#x}")


def let_go(tid):
    try:
        ptrace(PTRACE_DETACH, tid)
    except ProcessLookupError:
        os.waitpid(tid, WALL)  # it was killed


@contextlib.contextmanager
def standing(mount, *names):
    """The daemon's threads of these names stand still, and all others go on."""
    folder = f"/proc/{mount.pid}/task"
    tids = [int(t) for t in os.listdir(folder)
            if comm_of(folder, t) in names and int(t) != mount.pid]
    assert tids
    with contextlib.ExitStack() as stack:
        for tid in tids:
            ptrace(PTRACE_SEIZE, tid)
            stack.callback(let_go, tid)
            ptrace(PTRACE_INTERRUPT, tid)
            os.waitpid(tid, WALL)
        yield


def emitters(mount):
    """The processes that make a daemon's events."""
    found = []
    for pid in {t.pid for t in tasks() if t.ppid == mount.pid and
                t.state != "Z"}:
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as f:
                if b"--emitter" in f.read():
                    found.append(pid)
        except OSError:
            pass
    return found


def emitter(mount, timeout=20):
    """Its one emitter's pid, as soon as there is one."""
    return eventually(lambda: emitters(mount), timeout)[0]


def stuck(*pids):
    """Those of the processes that are in state D, now and a moment later."""
    def waiting():
        return {t.pid for t in tasks() if t.pid in pids and t.state == "D"}
    first = waiting()
    if first:
        time.sleep(1 * SLOW)  # sleeps: who is stuck is so for longer
        first &= waiting()
    return first
