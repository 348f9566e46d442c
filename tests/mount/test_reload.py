"""The configuration, read again by SIGHUP while the mount is in use."""
import contextlib
import os
import re
import select
import signal
import subprocess

import pytest

import harness
from harness import SLOW, eventually, run
from test_service import Datagrams

SPEC = '{"name": "n", "kind": "SQL", "queueName": "root_queue"}'


@pytest.fixture
def reloaded(rig):
    """start(sections) mounts; reload(sections) writes these and waits."""
    class Reloaded:
        def start(self, emu, own=None, env=None, options=(), **sections):
            self.emu, self.own = emu, {"refresh": "300ms", **(own or {})}
            self.folder = rig.new_folder("reload")
            self.m = rig.mount(config=self.text(sections), env=env,
                               folder=self.folder, options=options)
            return self.m

        def section(self, emu=None, **keys):
            return {"type": "alibaba", "region": "r",
                    "endpoint": (emu or self.emu).url, **keys}

        def text(self, sections):
            own = {"state_dir": self.folder + "/state", **self.own}
            return harness.key_file({"sessionfs": own, **sections})

        def said(self):
            return len(re.findall("the configuration (was read again|stays)|"
                                  "not all of the configuration",
                                  self.m.log()))

        def write(self, text):
            with open(self.m.config, "w") as f:
                f.write(text)

        def hang_up(self):
            before = self.said()
            self.m.process.send_signal(signal.SIGHUP)
            eventually(lambda: self.said() > before)

        def reload(self, own=None, **sections):
            self.own.update(own or {})
            self.write(self.text(sections))
            self.hang_up()

        def names(self):
            return sorted(n for n in os.listdir(self.m.path)
                          if not n.startswith("."))
    return Reloaded()


def inode(*path):
    return os.stat(os.path.join(*path)).st_ino


def test_sections_come_and_go(emulator, reloaded):
    r = reloaded
    emu = emulator("--fill", "w-1=3")
    r.emu = emu
    m = r.start(emu, one=r.section())
    assert r.names() == ["one"]
    assert not os.path.exists(m.path + "/two")  # the kernel remembers that
    r.reload(one=r.section(), two=r.section())
    eventually(lambda: os.path.exists(m.path + "/two"))
    eventually(lambda: r.names() == ["one", "two"])
    assert len([n for n in os.listdir(m.ws("w-1", "two"))
                if n.startswith("sc-")]) == 3
    assert "[two]" in m.read(".sessionfs", "config")
    r.reload(two=r.section())
    eventually(lambda: r.names() == ["two"])
    eventually(lambda: not os.path.exists(m.path + "/one"))
    assert "[one] removed" in m.log()


def test_what_comes_back_is_what_it_was(emulator, reloaded):
    r = reloaded
    emu = emulator("--fill", "w-1=3")
    r.emu = emu
    m = r.start(emu, one=r.section(), two=r.section())
    os.listdir(m.ws("w-1", "two"))
    name = next(n for n in os.listdir(m.ws("w-1", "two")) if n[:3] == "sc-")
    before = [inode(m.ws("w-1", "two")), inode(m.ws("w-1", "two"), name)]
    r.reload(one=r.section())
    eventually(lambda: r.names() == ["one"])
    r.reload(one=r.section(), two=r.section())
    eventually(lambda: r.names() == ["one", "two"])
    emu.fault(action="*", times=-1, status=500)
    assert [inode(m.ws("w-1", "two")),
            inode(m.ws("w-1", "two"), name)] == before


def test_a_section_that_is_the_same_is_not_touched(emulator, reloaded):
    r = reloaded
    emu = emulator("--fill", "w-1=3")
    r.emu = emu
    m = r.start(emu, own={"refresh": "1h"}, one=r.section())
    os.listdir(m.ws("w-1", "one"))
    emu.reset()
    r.reload(one=r.section(), two=r.section())
    eventually(lambda: r.names() == ["one", "two"])
    os.listdir(m.ws("w-1", "one"))
    assert emu.count("ListSessionClusters") == 0
    r.hang_up()
    assert m.log().rstrip().endswith("the sections are the same")


def test_another_place_and_back(emulator, reloaded):
    r = reloaded
    here, there = emulator("--fill", "w-1=3"), emulator("--fill", "w-2=2")
    r.emu = here
    m = r.start(here, one=r.section())
    os.listdir(m.ws("w-1", "one"))
    before = inode(m.ws("w-1", "one"))
    r.reload(one=r.section(there))
    eventually(lambda: "w-2" in os.listdir(m.path + "/one"))
    eventually(lambda: "w-1" not in os.listdir(m.path + "/one"))
    eventually(lambda: not os.path.exists(m.ws("w-1", "one")))
    os.listdir(m.ws("w-2", "one"))
    r.reload(one=r.section(here))
    eventually(lambda: "w-1" in os.listdir(m.path + "/one"))
    assert inode(m.ws("w-1", "one")) == before
    eventually(lambda: "w-2" not in os.listdir(m.path + "/one"))


def test_links_come_and_go_under_who_works_there(emulator, reloaded):
    """The kernel keeps the directory of who is in it, and all it knows of it."""
    r = reloaded
    emu = emulator("--fill", "w-1=3")
    r.emu = emu
    m = r.start(emu, own={"refresh": "1h"}, one=r.section())
    inside = os.open(m.ws("w-1", "one"), os.O_RDONLY | os.O_DIRECTORY)
    try:
        for views in (True, False, True, False):
            r.reload(one=r.section(views=views))
            for name in (".by-name", ".by-state"):
                eventually(lambda: (name in os.listdir(inside)) == views)
                eventually(lambda: os.path.exists(
                    os.path.join(m.ws("w-1", "one"), name)) == views)
            eventually(lambda: os.path.exists(
                os.path.join(m.path, "one", ".by-name")) == views)
        assert os.path.samestat(os.fstat(inside),
                                os.stat(m.ws("w-1", "one")))
        r.reload(two=r.section())  # it goes, and comes with other links
        r.reload(one=r.section(views=True))
        eventually(lambda: ".by-name" in os.listdir(m.ws("w-1", "one")))
        eventually(lambda: ".by-name" in os.listdir(inside))
    finally:
        os.close(inside)


def test_other_keys_of_the_same_place(emulator, reloaded):
    r = reloaded
    emu = emulator("--fill", "w-1=3")
    r.emu = emu
    m = r.start(emu, own={"refresh": "1h"}, one=r.section())
    os.listdir(m.ws("w-1", "one"))
    before = inode(m.ws("w-1", "one"))
    r.reload(one=r.section(refresh="200ms", read_only=True,
                           calls_per_second=50))
    new = m.ws("w-1", "one") + "/new"
    refused = run(["sh", "-c", 'echo "$1" > "$0"', new, SPEC]).failed()
    assert "Read-only" in refused
    assert inode(m.ws("w-1", "one")) == before
    assert "read_only: yes" in m.read("one", ".status")
    emu.reset()
    os.listdir(m.ws("w-1", "one"))
    eventually(lambda: emu.count("ListSessionClusters") > 2)
    r.reload(one=r.section())
    run(["sh", "-c", 'echo "$1" > "$0"', new, SPEC]).ok()
    assert ".by-name" in os.listdir(m.ws("w-1", "one"))
    r.reload(one=r.section(views=False))
    eventually(lambda: ".by-name" not in os.listdir(m.ws("w-1", "one")))
    eventually(lambda: not os.path.exists(
        m.ws("w-1", "one") + "/.by-name"))
    assert inode(m.ws("w-1", "one")) == before


def test_workspaces_that_are_named(emulator, reloaded):
    r = reloaded
    emu = emulator("--fill", "w-1=3", "--fill", "w-2=2")
    r.emu = emu

    def shown():
        return sorted(n for n in os.listdir(m.path + "/one")
                      if n.startswith("w-"))
    m = r.start(emu, one=r.section(workspaces="w-1"))
    assert shown() == ["w-1"]
    r.reload(one=r.section(workspaces="w-1; w-2"))
    eventually(lambda: shown() == ["w-1", "w-2"])
    assert len(os.listdir(m.ws("w-2", "one"))) >= 2
    r.reload(one=r.section(workspaces="w-2"))
    eventually(lambda: shown() == ["w-2"])
    r.reload(one=r.section())
    eventually(lambda: shown() == ["w-1", "w-2"])


@pytest.mark.parametrize("text, said", [
    ("[sessionfs]\nbad\n", ".conf:2: this is no"),
    ("[one]\ntype = none\n", "no provider type is called"),
    ("[one]\ntype = alibaba\nregion = r\nendpoint = x\n", "must be"),
    ("[one]\ntype = alibaba\nregion = A B\n", "region"),
    ("[sessionfs]\n", "names no provider"),
], ids=["line", "type", "value", "backend", "empty"])
def test_what_is_wrong_leaves_the_old_one(emulator, reloaded, text, said):
    r = reloaded
    emu = emulator("--fill", "w-1=3")
    r.emu = emu
    m = r.start(emu, one=r.section())
    os.listdir(m.ws("w-1", "one"))
    r.write(text)
    r.hang_up()
    assert "stays as it was" in m.log() and said in m.log()
    first = m.read(".sessionfs", "config").split("\n")[0]
    assert first.startswith("# 2") and said in first
    assert r.names() == ["one"] and len(os.listdir(m.ws("w-1", "one"))) > 3
    r.reload(one=r.section())
    eventually(lambda: m.read(".sessionfs", "config").startswith("[sess"))


def test_a_file_that_is_gone_leaves_the_old_one(emulator, reloaded):
    r = reloaded
    r.emu = emulator("--fill", "w-1=3")
    m = r.start(r.emu, one=r.section())
    os.unlink(m.config)
    r.hang_up()
    assert "cannot be read" in m.log()
    assert r.names() == ["one"]


def test_a_fifo_in_its_place_leaves_the_old_one(emulator, reloaded):
    """Nobody writes to it."""
    r = reloaded
    r.emu = emulator("--workspace", "w-1")
    m = r.start(r.emu, one=r.section())
    os.unlink(m.config)
    os.mkfifo(m.config)
    r.hang_up()
    assert f"stays as it was: {m.config} is a FIFO" in m.log()
    assert r.names() == ["one"]
    os.unlink(m.config)
    r.reload(one=r.section(), two=r.section())
    eventually(lambda: r.names() == ["one", "two"])


def test_a_hangup_during_the_start_is_a_reload(rig, emulator):
    """Whoever started it knows the process at once."""
    emu = emulator("--workspace", "w-1")
    folder = rig.new_folder("early")
    fifo = folder + "/fifo"
    os.mkfifo(fifo)
    m = rig.mount(emu, folder=folder, wait=False, starter=["setsid"],
                  argv=["-f", "-c", fifo, folder + "/mnt"])

    def opened():
        with contextlib.suppress(OSError):  # nobody reads it yet
            return os.open(fifo, os.O_WRONLY | os.O_NONBLOCK)
    writer = eventually(opened)
    m.process.send_signal(signal.SIGHUP)
    with open(m.config) as config, open(writer, "w") as f:
        f.write(config.read())
    m.wait_mounted()
    eventually(lambda: "stays as it was" in m.log())
    assert m.alive()


def test_keys_that_take_a_new_mount_are_named(emulator, reloaded):
    r = reloaded
    r.emu = emulator("--workspace", "w-1")
    m = r.start(r.emu, one=r.section())
    r.reload(own={"window": "5s", "events": False, "log_level": "debug"},
             one=r.section())
    assert "until a new mount: events, window" in m.log()
    shown = m.read(".sessionfs", "config")
    assert "window = 60000ms" in shown and "events = true" in shown
    assert "log_level = debug" in shown
    eventually(lambda: os.listdir(m.path + "/one") and "debug:" in m.log())


def test_less_is_logged(emulator, reloaded):
    r = reloaded
    r.emu = emulator("--workspace", "w-1")
    m = r.start(r.emu, one=r.section())
    r.own["log_level"] = "warning"
    r.write(r.text({"one": r.section(), "two": r.section()}))
    m.process.send_signal(signal.SIGHUP)
    eventually(lambda: r.names() == ["one", "two"])
    assert "was read again" not in m.log()


def test_who_waits_in_a_section_that_goes_waits_no_longer(emulator, reloaded):
    r = reloaded
    r.emu = emu = emulator("--fill", "w-1=3")
    slow = emulator("--fill", "w-1=3")
    m = r.start(emu, own={"deadline": "60s"}, one=r.section(),
                two=r.section(slow))
    slow.fault(action="*", times=-1, hang=True)
    waiting = subprocess.Popen(["ls", m.path + "/two/w-1"], text=True,
                               stderr=subprocess.PIPE)
    eventually(lambda: m.metric("sessionfs_parked_total"))
    r.reload(one=r.section())
    assert waiting.wait(10 * SLOW) != 0
    assert "No such file" in waiting.stderr.read()
    slow.no_faults()


@pytest.mark.parametrize("goes", ["section", "workspace"])
def test_who_waits_for_a_session_that_is_not_shown_any_more(
        emulator, reloaded, goes):
    """It has not ended, and nobody knows its phase: ENOENT, and not ECANCELED."""
    r = reloaded
    r.emu = emu = emulator("--workspace", "w-1", "--workspace", "w-2")
    emu.session("w-1", {"sessionClusterId": "sc-1", "state": "Running"})
    m = r.start(emu, one=r.section(), two=r.section(workspaces="w-1; w-2"))
    session = m.ws("w-1", "two") + "/sc-1"
    os.stat(session)
    before = m.metric("sessionfs_parked_total")
    reader = subprocess.Popen(["cat", session + "/.wait/stopped"], text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    command = subprocess.Popen(
        [harness.SESSIONFS, "wait", session, "stopped"], text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    eventually(lambda: m.metric("sessionfs_parked_total") >= before + 2)
    with open(session + "/state") as state:
        poller = select.poll()
        poller.register(state.fileno(), select.POLLPRI)
        assert not poller.poll(0)
        if goes == "section":
            r.reload(one=r.section())
        else:
            r.reload(one=r.section(), two=r.section(workspaces="w-2"))
        (_, events), = poller.poll(10000 * SLOW)
    assert events & select.POLLHUP
    out, err = reader.communicate(timeout=10 * SLOW)
    assert out == "" and "No such file" in err
    out, err = command.communicate(timeout=10 * SLOW)
    named = "this section" if goes == "section" else "their workspace"
    said = f"the configuration does not name {named} any more"
    assert (command.returncode, out) == (1, "")
    assert err.startswith(f"sessionfs: there is no session at {session} any "
                          "more: since 2") and said in err


def gone(m, section):
    """What the status says of a section that went; None."""
    found = re.findall(rf"^gone \[{section}\]: (.*)$",
                       m.read(".sessionfs/status"), re.M)
    assert len(found) < 2
    return found[0] if found else None


@pytest.mark.parametrize("how", ["removed", "elsewhere", "workspace"])
def test_what_ended_with_a_section_is_said(emulator, reloaded, how):
    """Whoever waits or has a file open gets an errno alone."""
    r = reloaded
    r.emu = emu = emulator("--workspace", "w-1", "--workspace", "w-2")
    other = emulator()
    emu.session("w-1", {"sessionClusterId": "sc-1", "state": "Running"})
    here = {"workspaces": "w-1; w-2"}
    m = r.start(emu, one=r.section(), two=r.section(**here))
    session = m.ws("w-1", "two") + "/sc-1"
    os.stat(session)
    before = m.metric("sessionfs_parked_total")
    readers = [subprocess.Popen(["cat", session + "/.wait/stopped"],
                                stderr=subprocess.DEVNULL) for _ in range(2)]
    eventually(lambda: m.metric("sessionfs_parked_total") >= before + 2)
    change, why = {
        "removed": ({}, "the configuration does not name this section any "
                        "more"),
        "elsewhere": ({"two": r.section(other)},
                      "this section speaks to another endpoint, region or "
                      "project now"),
        "workspace": ({"two": r.section(workspaces="w-2")},
                      "the configuration does not name their workspace any "
                      "more"),
    }[how]
    with open(session + "/state"), open(m.ws("w-1", "one") + "/sc-1/state"):
        r.reload(one=r.section(), **change)
    for reader in readers:
        assert reader.wait(10 * SLOW) == 1
    said = gone(m, "two")
    # Each of those who wait has a file open, too.
    assert re.fullmatch(rf"since \S+Z: {why}; that ended 2 calls that waited "
                        "and 3 open files, and what was sent is carried out",
                        said), said
    assert (f"[two] {why}: 2 calls that waited and 3 open files have ended"
            in m.log())
    assert gone(m, "one") is None and "[one] " not in m.log()
    done = run([harness.SESSIONFS, "new", m.ws("w-1", "two")], stdin=SPEC)
    assert done.status and (how == "elsewhere" or why in done.err), done
    r.reload(one=r.section(), two=r.section(**here))
    assert gone(m, "two") is None


def test_an_open_file_of_a_section_that_goes(emulator, reloaded):
    r = reloaded
    r.emu = emu = emulator("--fill", "w-1=3")
    m = r.start(emu, one=r.section(), two=r.section())
    name = next(n for n in os.listdir(m.ws("w-1", "two")) if n[:3] == "sc-")
    held = os.open(m.ws("w-1", "two") + f"/{name}/session.json", os.O_RDONLY)
    new = os.open(m.ws("w-1", "two") + "/new", os.O_WRONLY)
    try:
        r.reload(one=r.section())
        eventually(lambda: r.names() == ["one"])
        with pytest.raises(OSError):
            os.write(new, SPEC.encode())
        assert emu.count("CreateSessionCluster") == 0
    finally:
        os.close(held)
        with contextlib.suppress(OSError):
            os.close(new)
    r.reload(one=r.section(), two=r.section())
    eventually(lambda: r.names() == ["one", "two"])
    assert name in os.listdir(m.ws("w-1", "two"))


def test_a_create_whose_outcome_is_open_is_looked_for(emulator, reloaded):
    """Though its section is gone; and whoever brings it back finds the outcome."""
    r = reloaded
    r.emu = emu = emulator("--workspace", "w-1")
    m = r.start(emu, own={"create_deadline": "1s"}, one=r.section(),
                two=r.section(list_lag="300ms"))
    os.listdir(m.ws("w-1", "two"))
    emu.fault(action="CreateSessionCluster", hang=True, after=True)
    emu.fault(action="ListSessionClusters", times=-1, status=503)
    writer = subprocess.Popen(
        ["sh", "-c", 'printf %s "$1" > "$0"', m.ws("w-1", "two") + "/new",
         SPEC], stderr=subprocess.DEVNULL)
    eventually(lambda: emu.count("CreateSessionCluster"))
    r.reload(one=r.section())
    eventually(lambda: r.names() == ["one"])
    assert writer.wait(20 * SLOW) != 0
    emu.reset()
    emu.no_faults()
    # Nobody looks there, and it is asked for all the same; then no more.
    eventually(lambda: emu.count("ListSessionClusters"), 20)
    r.reload(one=r.section(), two=r.section(list_lag="300ms"))
    eventually(lambda: r.names() == ["one", "two"])
    folder = m.ws("w-1", "two") + "/.requests"
    (request,) = eventually(lambda: os.listdir(folder))
    eventually(lambda: m.read(folder, request, "state") == "done\n")
    assert emu.count("CreateSessionCluster") == 0


def test_a_create_that_a_change_leaves_behind_says_so(emulator, reloaded):
    """It is looked for where it was sent, though another place is shown."""
    r = reloaded
    here, there = emulator("--workspace", "w-1"), emulator("--workspace", "w-1")
    r.emu = here
    own = {"create_deadline": "1s"}
    m = r.start(here, own=own, one=r.section(list_lag="300ms"))
    folder = m.ws("w-1", "one") + "/.requests"
    os.listdir(m.ws("w-1", "one"))
    here.fault(action="CreateSessionCluster", hang=True, after=True)
    here.fault(action="ListSessionClusters", times=-1, status=503)
    run(["sh", "-c", 'printf %s "$1" > "$0"', m.ws("w-1", "one") + "/new",
         SPEC]).failed()
    (request,) = os.listdir(folder)
    r.reload(one=r.section(there, list_lag="300ms"))
    os.listdir(m.ws("w-1", "one"))
    eventually(lambda: os.listdir(folder) == [request])
    said = m.read(folder, request, "error")
    assert said.startswith("the configuration was read again, and this section "
                           "speaks to another place now: the create is still "
                           "looked for where it was sent"), said
    here.reset()
    here.no_faults()
    eventually(lambda: here.count("ListSessionClusters"))
    r.reload(one=r.section(here, list_lag="300ms"))
    eventually(lambda: m.read(folder, request, "state") == "done\n")
    assert "read again" not in m.read(folder, request, "error")
    assert here.count("CreateSessionCluster") == 0


def test_a_create_under_way_is_carried_out(emulator, reloaded):
    r = reloaded
    r.emu = emu = emulator("--workspace", "w-1")
    m = r.start(emu, one=r.section(), two=r.section())
    os.listdir(m.ws("w-1", "two"))
    emu.fault(action="CreateSessionCluster", delay_ms=1500)
    writer = subprocess.Popen(
        ["sh", "-c", 'printf %s "$1" > "$0"', m.ws("w-1", "two") + "/new",
         SPEC])
    eventually(lambda: emu.count("CreateSessionCluster"))
    r.reload(one=r.section())
    eventually(lambda: r.names() == ["one"])
    assert writer.wait(20 * SLOW) == 0
    assert emu.count("CreateSessionCluster") == 1


def test_a_create_under_way_when_its_section_changes(emulator, reloaded):
    """It ends by the backend that it began with, which is closed then."""
    r = reloaded
    r.emu = emu = emulator("--workspace", "w-1")
    m = r.start(emu, one=r.section())
    os.listdir(m.ws("w-1", "one"))
    emu.fault(action="CreateSessionCluster", delay_ms=3000)
    writer = subprocess.Popen(
        ["sh", "-c", 'printf %s "$1" > "$0"', m.ws("w-1", "one") + "/new",
         SPEC])
    eventually(lambda: emu.count("CreateSessionCluster"))
    for i in range(5):
        r.reload(one=r.section(calls_per_second=50 + i))
    assert writer.poll() is None
    assert writer.wait(20 * SLOW) == 0
    assert emu.count("CreateSessionCluster") == 1
    folder = m.ws("w-1", "one") + "/.requests"
    (request,) = os.listdir(folder)
    assert m.read(folder, request, "state") == "done\n"


class Used:
    """What a daemon holds of what the kernel counts."""

    def __init__(self, pid):
        self.fds = len(os.listdir(f"/proc/{pid}/fd"))
        self.tasks = len(os.listdir(f"/proc/{pid}/task"))
        with open(f"/proc/{pid}/status") as f:
            self.rss = int(re.search(r"VmRSS:\s*(\d+)", f.read())[1])

    def fits(self, before, more=0):
        return (self.fds <= before.fds + more
                and self.tasks <= before.tasks + more)


def test_two_hundred_changes_leave_nothing_behind(emulator, reloaded):
    r = reloaded
    r.emu = emu = emulator("--fill", "w-1=3")
    m = r.start(emu, own={"refresh": "1h"}, one=r.section())

    def change(times):
        for i in range(times):
            emu.reset()  # it may list as soon as it has read that
            r.reload(one=r.section(calls_per_second=100 + i % 7,
                                   name=f"n{i % 7}"))
            os.listdir(m.ws("w-1", "one"))
            eventually(lambda: emu.count("ListSessionClusters"))
    change(20)
    before = Used(m.pid)
    change(180 // SLOW)
    # An old backend goes when the last of its calls has ended; a worker or a
    # connection may have come that stays, and does not come for each change.
    eventually(lambda: Used(m.pid).fits(before, 8), 30)
    # A sanitizer keeps for a while what was freed.
    assert SLOW > 1 or Used(m.pid).rss < before.rss + 4096


def test_what_a_removed_section_held_is_let_go(emulator, reloaded):
    r = reloaded
    r.emu = emulator("--fill", "w-1=3")
    m = r.start(r.emu, own={"refresh": "1h"}, one=r.section())
    os.listdir(m.ws("w-1", "one"))

    def held():
        found = 0
        for name in os.listdir(f"/proc/{m.pid}/fd"):
            with contextlib.suppress(OSError):
                found += "/two" in os.readlink(f"/proc/{m.pid}/fd/{name}")
        return found

    def at_work():
        names = []
        for task in os.listdir(f"/proc/{m.pid}/task"):
            with contextlib.suppress(OSError), \
                    open(f"/proc/{m.pid}/task/{task}/comm") as f:
                names.append(f.read().strip())
        return [n for n in names if n.endswith(" two")]
    other = emulator("--fill", "w-1=3")
    before = Used(m.pid)
    r.reload(one=r.section(), two=r.section(other))
    eventually(lambda: r.names() == ["one", "two"])
    os.listdir(m.ws("w-1", "two"))
    assert at_work() and held()
    r.reload(one=r.section())
    eventually(lambda: not at_work() and not held(), 30)
    # The connections, too.
    eventually(lambda: Used(m.pid).fds <= before.fds, 30)
    r.reload(one=r.section(), two=r.section(other))
    eventually(lambda: r.names() == ["one", "two"])
    assert len(os.listdir(m.ws("w-1", "two"))) > 3


def test_sections_are_events(rig, reloaded, emulator):
    from inotify import IN_CREATE, IN_DELETE, IN_ISDIR, Watcher
    r = reloaded
    r.emu = emulator("--workspace", "w-1")
    m = r.start(r.emu, one=r.section())
    watcher = Watcher()
    try:
        watcher.add(m.path, IN_CREATE | IN_DELETE)
        r.reload(one=r.section(), two=r.section())
        eventually(lambda: watcher.count(IN_CREATE, name="two"))
        r.reload(two=r.section())
        eventually(lambda: watcher.count(IN_DELETE, name="one"))
    finally:
        watcher.close()


def test_a_service_manager_is_told(emulator, reloaded):
    manager = Datagrams()
    try:
        r = reloaded
        r.emu = emulator("--workspace", "w-1")
        m = r.start(r.emu, env={"NOTIFY_SOCKET": manager.path},
                    one=r.section())
        manager.all_told("^READY=1$", "^STATUS=1 section, 0 sessions$")
        r.reload(one=r.section(), two=r.section())
        manager.told("^RELOADING=1\nMONOTONIC_USEC=[0-9]+$")
        manager.all_told("^READY=1$", "^STATUS=2 sections, 0 sessions$")
        r.write("[sessionfs]\nbad\n")
        r.hang_up()
        manager.told("^STATUS=2 sections, 0 sessions; the configuration stays "
                     "as it was: .*.conf:2: ")
        r.reload(one=r.section())
        manager.told("^STATUS=1 section, 0 sessions$")
        m.stop()
    finally:
        manager.close()


def test_again_and_again_while_all_is_in_use(emulator, reloaded):
    r = reloaded
    r.emu = emu = emulator("--fill", "w-1=20")
    m = r.start(emu, own={"refresh": "50ms"}, one=r.section())
    users = [subprocess.Popen(
        ["sh", "-c", "while [ -d $0 ]; do cat $0/one/w-1/*/state $0/*/.status "
         "$0/.sessionfs/metrics; ls -lR $0/two; done", m.path],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(3)]
    try:
        for i in range(12):
            r.reload(one=r.section(calls_per_second=50 + i),
                     **({"two": r.section(read_only=i % 4 == 0)}
                        if i % 2 else {}))
        assert len(os.listdir(m.ws("w-1", "one"))) > 20
    finally:
        for user in users:
            user.kill()
            user.wait()


@pytest.mark.parametrize("step", ["made", "shown", "dropped"])
def test_killed_on_the_way(rig, emulator, reloaded, step):
    r = reloaded
    r.emu = emu = emulator("--fill", "w-1=3")
    m = r.start(emu, one=r.section(), two=r.section(),
                env={"SESSIONFS_FAILPOINT_KILL": "reload." + step})
    os.listdir(m.ws("w-1", "one"))
    os.listdir(m.ws("w-1", "two"))
    before = inode(m.ws("w-1", "two"))
    other = emulator("--fill", "w-9=1")
    sections = {"two": r.section(), "three": r.section(),
                "four": r.section(other)}
    r.write(r.text(sections))
    m.process.send_signal(signal.SIGHUP)
    assert m.wait_killed() == -signal.SIGKILL
    m.detach()
    m = r.m = rig.mount(config=r.text(sections), folder=r.folder)
    assert r.names() == ["four", "three", "two"]
    assert len(os.listdir(m.ws("w-1", "two"))) > 3
    assert inode(m.ws("w-1", "two")) == before
    assert "w-9" in os.listdir(m.path + "/four")


def test_variables_of_the_configuration(emulator, reloaded):
    r = reloaded
    r.emu = emu = emulator("--fill", "w-1=3")
    key = (f"ALIBABA_CLOUD_ACCESS_KEY_ID={harness.KEY_ID}; "
           f"ALIBABA_CLOUD_ACCESS_KEY_SECRET={harness.KEY_SECRET}")
    m = r.start(emu, own={"environment": key}, one=r.section(), env={
        "ALIBABA_CLOUD_ACCESS_KEY_ID": None,
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET": None})
    assert len(os.listdir(m.ws("w-1", "one"))) > 3
    assert ("environment = ALIBABA_CLOUD_ACCESS_KEY_ID=***; "
            "ALIBABA_CLOUD_ACCESS_KEY_SECRET=***"
            ) in m.read(".sessionfs", "config")
    r.write("[sessionfs]\nenvironment = sesame\n")
    r.hang_up()
    assert 'environment must be NAME=VALUE, separated by ";", not "***"' \
        in m.log()
    assert "sesame" not in m.log()
