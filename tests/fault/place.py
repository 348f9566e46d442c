"""One provider, its door and a mount, which goes through the faults one after the
other."""
import contextlib
import os
import re
import signal
import sys
import time

for part in ("mount", "kill"):
    sys.path.insert(0, os.path.join(
        os.path.dirname(os.path.abspath(__file__)), "..", part))
import harness  # noqa: E402
from door import Door  # noqa: E402
from harness import SLOW, eventually  # noqa: E402
from test_providers import KEYS, section  # noqa: E402
from watching import emitter  # noqa: E402
from world import World  # noqa: E402

FILL = 7
DEADLINE_MS = 1000 * SLOW


class Behind:
    """What section() and World ask an emulator for, by the door."""

    def __init__(self, emu, door):
        self.emu, self.url = emu, door.url

    def __getattr__(self, name):
        return getattr(self.emu, name)


class Place(World):
    def __init__(self, rig, type):
        super().__init__(rig, type, deadline=f"{DEADLINE_MS}ms")
        self.door = Door(self.emu.url)
        self.emu = Behind(self.emu, self.door)
        self.stopped_pid = None
        self.start()
        for n in range(FILL):
            assert self.write(self.next_mark()).errno == 0
        eventually(lambda: self.refresh()[0] == 0, 30)

    def start(self, **how):
        self.mount = self.rig.mount(
            folder=self.folder, env=KEYS, config=harness.key_file({
                "sessionfs": {"state_dir": self.state_dir, "refresh": "300ms",
                              "deadline": f"{DEADLINE_MS}ms",
                              "create_deadline": self.deadline},
                "cloud": {**section(self.row, self.emu),
                          "list_lag": f"{self.list_lag_ms}ms"}}), **how)
        return self.mount

    # ---- hurting and healing ----

    def fault(self, **what):
        self.emu.fault(provider=self.type, action="*", times=-1, **what)

    def stopped(self):
        self.stopped_pid = self.mount.pid
        os.kill(self.stopped_pid, signal.SIGSTOP)

    def stop_emitter(self):
        self.stopped_pid = emitter(self.mount)
        os.kill(self.stopped_pid, signal.SIGSTOP)

    def heal(self):
        self.door.heal()
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
