"""Everything fails once: a session of work of each provider, in which one call of libc
fails at one place.

A place is a function and the stack that led to it (torture.c).  The session is run
once to see which places there are, and then once for each of them: a sample, chosen
by a seed that is printed, or all of them with --long.  Whatever fails, the daemon does
not crash, no create is doubled or lost, who asked is told, and the next start finds its
state.  Memory is left out: GLib ends a program that has none.
"""
import collections
import json
import os
import random
import re
import subprocess
import sys
import tempfile

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "mount"))
import harness  # noqa: E402
import test_providers as providers  # noqa: E402
from harness import eventually  # noqa: E402

LIBRARY = os.path.join(harness.BUILD, "tests", "torture", "libtorture.so")
SEED = int(os.environ.get("TORTURE_SEED", random.randrange(1 << 32)))
# So many places of a provider without --long; and how many tests share all of them.
SAMPLE = int(os.environ.get("TORTURE_SAMPLE", 5))
PARTS = 12 if harness.LONG else 1
ONLY = os.environ.get("TORTURE_SITE")


def preload():
    """A sanitizer wants to come first."""
    asked = subprocess.run(["ldd", harness.SESSIONFS], text=True,
                           stdout=subprocess.PIPE, check=True).stdout
    return " ".join(re.findall(r"=> (\S*/lib[au][sb]san\S*)", asked)
                    + [LIBRARY])


class Session:
    """One session of work, and what came of it."""

    def __init__(self, rig, row, **torture):
        self.rig, self.row = rig, row
        self.folder = rig.new_folder("torture")
        self.fired = os.path.join(self.folder, "fired")
        self.torture = {"LD_PRELOAD": preload(), "TORTURE_FIRED": self.fired,
                        **{f"TORTURE_{k.upper()}": v
                           for k, v in torture.items()}}
        self.told = []  # what somebody was told of
        self.emu = rig.emulator("--start-ms", "50", "--stop-ms", "50",
                                *providers.fill(row, 2))
        if row.type != "livy":
            self.emu.workspace(row.workspace, row.type)
        self.world = None

    def start(self, env):
        """FALSE: it said why not, and ended."""
        mount = self.rig.mount(
            self.emu, folder=self.folder, env={**providers.KEYS, **env},
            wait=False, config=harness.key_file({
                "sessionfs": {"state_dir": os.path.join(self.folder, "state"),
                              "refresh": "200ms", "deadline": "3s",
                              "create_deadline": "3s"},
                "cloud": providers.section(self.row, self.emu)}))
        self.world = providers.World(self.row, self.emu, mount)
        try:
            mount.wait_mounted()
            return True
        except AssertionError:
            if mount.alive():
                raise
        finally:
            self.told.append(mount.log())
        assert mount.process.returncode in (1, 2, 3, 4, 5, 6, 7, 8), \
            f"status {mount.process.returncode}:\n{mount.log()}"
        assert mount.log().strip(), "it ended without a word"
        return False

    def stop(self):
        self.world.mount.stop()
        self.told.append(self.world.mount.log())
        assert not self.world.mount.complaints()

    def attempt(self, act):
        """What fails is tried again, as people do; what was told is kept."""
        for _ in range(4):
            try:
                return act()
            except (OSError, AssertionError) as e:
                self.told.append(str(e))
        return act()

    def work(self):
        """List, read, create, see a change, end one."""
        world = self.world
        names = eventually(lambda: world.names())
        name = sorted(names)[0]
        self.attempt(lambda: world.mount.read(world.path(name, "state")))
        self.attempt(lambda: world.mount.read(world.path(name, "config.json")))
        written = world.mount.run(
            ["sh", "-c", 'printf "%s" "$1" > "$2"', "sh",
             json.dumps(self.row.spec), world.path("new")], timeout=30)
        assert written.status == 0 or written.err.strip(), "it failed unsaid"
        eventually(lambda: len(world.names()) >= len(names))
        eventually(lambda: world.state(name), timeout=20)
        error = world.write(self.row.end + "\n", name, "ctl")
        self.told.append(os.strerror(error) if error else "")
        self.attempt(lambda: world.mount.read(
            world.path(".status"), timeout=10))
        return written.status == 0

    def account(self, ok):
        """The create that was written is there once, or was told to have failed."""
        made = self.emu.dump(self.world.room, self.row.type)["created"]
        assert made <= 1, f"{made} sessions were created"
        if ok:
            assert made == 1, "the create was told to be done, and is not there"
        words = self.creates()
        if not ok and made == 1:
            assert "failed" not in words, f"it exists, and reads {words}"
        if ok:
            assert words == ["done"], words

    def creates(self):
        """The states of the requests that are no verbs."""
        folder = self.world.path(".requests")
        return [self.world.mount.read(folder, name, "state").strip()
                for name in sorted(os.listdir(folder))
                if os.path.exists(os.path.join(folder, name, "spec.json"))]


def run_session(rig, row, **torture):
    session = Session(rig, row, **torture)
    # What fails at the start may be tried again.
    if not session.start(session.torture):
        assert session.start(session.torture)
    ok = session.work()
    session.stop()
    # The next one finds all of it.
    assert session.start({})
    eventually(lambda: session.world.names(), timeout=20)
    eventually(lambda: session.account(ok) or True, timeout=30)
    session.stop()
    return session


def test_a_crash_is_seen(tmp_path):
    """The control: where a call ends the daemon in place of failing, the very same
    session does not pass."""
    row = providers.ROWS[0]
    sites = []
    # One that every session comes to.
    for _ in range(3):
        rig = harness.Rig(tmp_path)
        try:
            found = places(rig, row, tempfile.mkdtemp(dir=tmp_path))
        finally:
            rig.close()
        sites.append({s for s, (function, _) in found.items()
                      if function == "recv"})
    site = min(set.intersection(*sites))
    rig = harness.Rig(tmp_path)
    try:
        with pytest.raises((AssertionError, OSError)):
            run_session(rig, row, site=site, abort="yes")
    finally:
        with pytest.raises(AssertionError):
            rig.close()


def places(rig, row, folder):
    """{hash: (function, stack)} of a session in which nothing fails."""
    record = os.path.join(folder, "places")
    run_session(rig, row, record=record)
    found = {}
    with open(record) as f:
        for line in f:
            site, function, *stack = line.split()
            found[site] = (function, stack)
    return found


def told_where(place):
    """The lines of the stack."""
    function, stack = place
    out = [function]
    for frame in stack:
        module, _, offset = frame.rpartition("+")
        if module == "sessionfs":
            out.append(subprocess.run(
                ["addr2line", "-fpse", harness.SESSIONFS,
                 hex(int(offset, 16) - 1)], text=True,
                stdout=subprocess.PIPE).stdout.strip()
                .replace(harness.ROOT + "/", ""))
        else:
            out.append(frame)
    return "\n    ".join(out)


def chosen(found, part):
    if ONLY:
        return [ONLY]
    sites = sorted(found)
    random.Random(SEED).shuffle(sites)
    return sites[part::PARTS] if harness.LONG else sites[:SAMPLE]


@pytest.mark.parametrize("part", range(PARTS))
@providers.each(providers.ROWS)
def test_everything_fails_once(tmp_path, row, part):
    rig = harness.Rig(tmp_path)
    try:
        found = places(rig, row, tmp_path)
    finally:
        rig.close()
    functions = collections.Counter(f for f, _ in found.values())
    print(f"{row.type}: {len(found)} places, seed {SEED}: {dict(functions)}")
    # A record that saw nothing would make all of this succeed.
    assert len(functions) >= 8 and len(found) >= 60, functions
    wrong, reached = [], 0
    for n, site in enumerate(chosen(found, part)):
        folder = tmp_path / str(n)
        folder.mkdir()
        rig = harness.Rig(folder)
        session = None
        try:
            session = run_session(rig, row, site=site)
            reached += os.path.exists(session.fired)
        except (AssertionError, OSError) as e:
            wrong.append(f"{site} {told_where(found[site])}\n{e}"[:6000])
        finally:
            try:
                rig.close()
            except AssertionError as e:
                wrong.append(f"{site} {told_where(found[site])}\n{e}"[:6000])
    print(f"{row.type}: {reached} of the chosen places were reached")
    assert not wrong, "\n\n".join(wrong)
