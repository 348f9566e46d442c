"""One provider, its door and a mount, which goes through the faults one after the
other."""
import contextlib
import os
import re
import signal
import struct
import sys
import time

for part in ("mount", "kill"):
    sys.path.insert(0, os.path.join(
        os.path.dirname(os.path.abspath(__file__)), "..", part))
import harness  # noqa: E402
from door import BlackHole, Door, stall  # noqa: E402
from harness import SLOW, eventually  # noqa: E402
from test_providers import KEYS, section  # noqa: E402
from watching import emitter  # noqa: E402
from world import World  # noqa: E402

FILL = 7
LIBRARY = os.path.join(harness.BUILD, "tests", "fault", "libmachine.so")
DEADLINE_MS = 1000 * SLOW


class Machine:
    """What the daemon's machine tells it; see machine.c."""

    def __init__(self, folder):
        self.path = os.path.join(folder, "machine")
        self.tell()
        self.env = {"LD_PRELOAD": LIBRARY, "MACHINE": self.path}

    def tell(self, clock_ms=0, resolve_ms=0, answer=0):
        with open(self.path, "r+b" if os.path.exists(self.path) else "wb") as f:
            f.write(struct.pack("=qqq", clock_ms, resolve_ms, answer))


class Behind:
    """What section() and World ask an emulator for, by a door at that address."""

    def __init__(self, emu, url):
        self.emu, self.url = emu, url

    def __getattr__(self, name):
        return getattr(self.emu, name)


class Place(World):
    def __init__(self, rig, type, flaws=""):
        """flaws: what is planted in the daemon; see cache/base/failpoint.h."""
        super().__init__(rig, type, deadline=f"{DEADLINE_MS}ms")
        self.door = Door(self.emu.url)
        self.emu = Behind(self.emu, self.door.url)
        self.stopped_pid = self.beside = None
        self.machine = Machine(self.folder)
        self.env = {**KEYS, **self.machine.env,
                    "SESSIONFS_FAILPOINT_FLAWS": flaws}
        self.keys = {}
        self.start()
        for n in range(FILL):
            assert self.write(self.next_mark()).errno == 0
        eventually(lambda: self.refresh()[0] == 0, 30)

    def config(self):
        return harness.key_file({
            "sessionfs": {"state_dir": self.state_dir, "refresh": "300ms",
                          "deadline": f"{DEADLINE_MS}ms",
                          "create_deadline": self.deadline},
            "cloud": {**section(self.row, self.emu), **self.keys,
                      "insecure_http": "true",
                      "list_lag": f"{self.list_lag_ms}ms"}})

    def start(self, **how):
        self.mount = self.rig.mount(
            folder=self.folder, env=self.env,
            config=self.config(), **how)
        return self.mount

    def configure(self, **keys):
        """Other keys of the section, by a reload."""
        def count():
            return self.mount.log().count("the configuration was read again")
        before, self.keys = count(), keys
        with open(self.mount.config, "w") as f:
            f.write(self.config())
        os.kill(self.mount.pid, signal.SIGHUP)
        eventually(lambda: count() > before)

    # ---- hurting and healing ----

    def fault(self, **what):
        self.emu.fault(provider=self.type, action="*", times=-1, **what)

    def stopped(self):
        self.stopped_pid = self.mount.pid
        os.kill(self.stopped_pid, signal.SIGSTOP)

    def stop_emitter(self):
        self.stopped_pid = emitter(self.mount)
        os.kill(self.stopped_pid, signal.SIGSTOP)

    def resolve(self, ms=0, answer=0):
        """From now on.  libcurl keeps an address for a minute, and forgets it with
        the section."""
        self.machine.tell(resolve_ms=ms, answer=answer)
        self.configure(no_proxy="elsewhere.test")

    def black_hole(self):
        """The name leads to ::1 first."""
        self.beside = BlackHole(self.door.port)
        self.resolve(answer=4)

    def proxy(self):
        self.beside = Door(self.emu.emu.url)
        self.beside.hurt(stall)
        self.configure(proxy=self.beside.url)

    def heal(self):
        if self.beside:
            self.beside.close()
            self.beside = None
        self.machine.tell()
        self.door.heal()
        if self.keys:
            self.configure()
        self.emu.no_faults()
        self.emu.control("POST", "clock", {"skew_ms": 0})
        if self.stopped_pid:
            os.kill(self.stopped_pid, signal.SIGCONT)
            self.stopped_pid = None

    # ---- looking ----

    def room(self):
        return self.room_dir(self.rooms[0])

    def refresh(self):
        """(errno, seconds) of a listing that is asked for."""
        began = time.monotonic()
        failed = 0
        try:
            with open(os.path.join(self.room(), ".refresh"), "w") as f:
                f.write("now")
        except OSError as e:
            failed = e.errno
        return failed, time.monotonic() - began

    def status(self):
        return self.mount.read(self.room(), ".status")

    def shown(self):
        """{id: (inode number, the bytes of what never changes by itself)}"""
        found = {}
        for name in os.listdir(self.room()):
            if name != "new" and not name.startswith("."):
                place = os.path.join(self.room(), name)
                with open(os.path.join(place, "session.json")) as f:
                    found[name] = (os.stat(place).st_ino, len(f.read()) > 2)
        return found
