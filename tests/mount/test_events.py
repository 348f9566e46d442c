"""What happens at the provider is an event for whoever watches: each change
once, none where nothing changed, and the new bytes for who wakes by it.

Every test runs again on a mount without events, where it has to miss them.
"""
import os
import signal
import threading
import time

import pytest

from harness import BUILD, LONG, SLOW, eventually, remount, run
from inotify import (IN_ACCESS, IN_ALL_EVENTS, IN_CLOSE_NOWRITE,
                     IN_CLOSE_WRITE, IN_CREATE, IN_DELETE, IN_DELETE_SELF,
                     IN_ISDIR, IN_MODIFY, IN_OPEN)
from watching import CHANGED, LIST, emitter, standing, twin

SANITIZED = SLOW > 1
MANY = 400 if SANITIZED else 2000
BURSTS = 5
# Whatever is not caused by a reader.
CAUSED = IN_ALL_EVENTS & ~(IN_OPEN | IN_ACCESS | IN_CLOSE_NOWRITE)


def read(path):
    with open(path, "rb") as f:
        return f.read()


def files_of(world, name, workspace="w-1"):
    folder = os.path.join(world.ws(workspace), name)
    return [os.path.join(folder, f) for f in sorted(os.listdir(folder))]


def contents(world, names):
    """{path: bytes} of all that can be read in these sessions."""
    return {path: read(path) for name in names
            for path in files_of(world, name) if not path.endswith("/ctl")}


# ---- whoever looks ----

LOOKER = """
import os, sys
while True:
    for path in sys.argv[1:]:
        try:
            os.stat(path)
        except OSError:
            pass
"""


@twin
def test_what_goes_is_told_whoever_looks_meanwhile(world):
    world.start("w-1=10", "w-2=3", workspaces=None, refresh="200ms")
    names, others = world.names(), world.names("w-2")
    above, below = world.watcher(), world.watcher()
    above.add(os.path.join(world.m.path, "alibaba"), IN_DELETE)
    for workspace, inside in (("w-1", names), ("w-2", others)):
        above.add(world.ws(workspace), IN_DELETE)
        for name in inside:
            below.add(world.state_path(name, workspace), IN_DELETE_SELF)
            below.add(os.path.join(world.ws(workspace), name),
                      IN_DELETE | IN_DELETE_SELF)
    for _ in range(2):
        world.program(["/usr/bin/python3", "-c", LOOKER,
                       *(world.state_path(n) for n in names),
                       *(world.state_path(n, "w-2") for n in others)])
    world.settle(2)
    for name in names:
        world.emu.remove("w-1", name)
    world.come(lambda: above.count(IN_DELETE | IN_ISDIR) >= 10 and
               below.count(IN_DELETE_SELF) >= 20 and
               sum(e.name == "state" for e in below.events) >= 10,
               lambda: not [n for n in os.listdir(world.ws())
                            if n.startswith("sc-")])
    assert above.count(IN_DELETE | IN_ISDIR) == 10
    world.emu.control("DELETE", "workspace?workspace=w-2")
    run(["touch", os.path.join(world.m.path, "alibaba", ".refresh")])
    world.come(lambda: above.count(IN_DELETE | IN_ISDIR) >= 14 and
               below.count(IN_DELETE_SELF) >= 26,
               lambda: "w-2" not in os.listdir(os.path.join(world.m.path,
                                                            "alibaba")))
    assert world.m.metric("sessionfs_events_failed_total") == 0


def test_an_event_that_is_lost_is_a_warning(world):
    if os.geteuid() != 0:
        pytest.skip("only root can remount")
    world.start("w-1=3", refresh="200ms")
    watcher = world.watcher()
    watcher.add(world.state_path(world.names()[0]), CHANGED)
    remount(world.m.path, "ro")
    world.set_state(world.names()[0], "StateA")
    eventually(lambda: "are lost to watchers" in world.m.log())
    assert "Read-only file system" in world.m.log()
    assert world.m.metric("sessionfs_events_failed_total") > 0
    remount(world.m.path, "rw")
    world.set_state(world.names()[0], "StateB")
    eventually(lambda: watcher.count(IN_CLOSE_WRITE))


# ---- changes ----

@twin
def test_ten_thousand_changes_are_as_many_events(world):
    world.start(f"w-1={MANY}", refresh="400ms")
    names = world.names()
    found = {world.state_path(n): [] for n in names}

    def on_event(event):
        if event.mask & IN_CLOSE_WRITE:
            found[event.path].append(read(event.path))

    watcher = world.watcher(on_event)
    for path in found:
        watcher.add(path, CHANGED)
    for burst in range(1, BURSTS + 1):
        assert len(world.emu.churn(workspace="w-1", change=MANY)["changed"]) \
            == MANY
        states = world.states()
        world.come(lambda: watcher.total() >= 2 * MANY * burst,
                   lambda: all(world.shows(n, states[n])
                               for n in (names[0], names[-1])))
        wrong = {n: found[world.state_path(n)][burst - 1:] for n in names
                 if found[world.state_path(n)][burst - 1:] !=
                 [states[n].encode() + b"\n"]}
        assert not wrong, (burst, len(wrong), list(wrong.items())[:5])
    world.settle()
    for kind in (IN_MODIFY, IN_CLOSE_WRITE):
        seen = watcher.by(kind)
        assert len(seen) == MANY and set(seen.values()) == {BURSTS}
    assert watcher.total() == 2 * MANY * BURSTS


@twin
def test_changes_between_two_refreshes_are_one(world):
    world.start("w-1=5", refresh="1s" if SANITIZED else "700ms",
                window="60s")
    name = world.names()[0]
    path = world.state_path(name)
    watcher = world.watcher()
    watcher.add(path, CHANGED)

    def between(states):
        """All of them before the next listing is asked for."""
        while True:
            before = world.emu.count(LIST)
            eventually(lambda: world.emu.count(LIST) > before)
            eventually(lambda: world.m.status(world.ws())["refreshing"] == "no")
            before = world.emu.count(LIST)
            for state in states:
                world.set_state(name, state)
            if world.emu.count(LIST) == before:
                return
            # The last one may have been told already.
            world.set_state(name, "Running")
            eventually(lambda: world.shows(name, "Running"))
            world.settle(2)
            watcher.clear()

    for last in ("StateA", "StateB"):
        watcher.clear()
        between(["Error", "Stopped", "Running", "Stopped", last])
        world.come(lambda: watcher.count(IN_CLOSE_WRITE),
                   lambda: world.shows(name, last))
        assert read(path) == last.encode() + b"\n"
        world.settle(1)
        assert (watcher.count(IN_MODIFY), watcher.count(IN_CLOSE_WRITE)) \
            == (1, 1), watcher.events
    watcher.clear()
    between(["Stopped", "Running", last])  # and back again
    world.settle(2)
    assert not watcher.total(), watcher.events


@twin
def test_an_idle_minute_is_silent_and_costs_the_schedule_alone(world):
    refreshes = 120 if LONG else 10 if SANITIZED else 20
    refresh = 0.5
    world.start("w-1=40", refresh="500ms", window="2s")
    paths = [os.path.join(folder, name)
             for folder, folders, files in os.walk(world.m.path)
             for name in folders + files
             # `sessionfs status` of another test reads it in every mount.
             if name not in (".sessionfs", "status")]
    watcher = world.watcher()
    for path in paths:
        watcher.add(path, IN_ALL_EVENTS)
    assert len(paths) > 40 * 5
    world.settle()
    watcher.clear()
    before, began = world.emu.counts(), time.monotonic()
    world.settle(refreshes if world.events else 2)
    after, took = world.emu.counts(), time.monotonic() - began
    calls = {a: n - before.get(a, 0) for a, n in after.items()
             if n != before.get(a, 0)}
    assert not watcher.total(), watcher.events[:10]
    assert set(calls) <= {LIST} and calls[LIST] <= took / refresh + 2, calls
    name, states = world.names()[7], world.states()
    new = "Error" if states[name] == "Running" else "Running"
    world.set_state(name, new)
    world.come(lambda: watcher.count(IN_CLOSE_WRITE, world.state_path(name)),
               lambda: world.shows(name, new))


CHANGES = {
    "state": {"state": "Error"},
    "reason": {"stateChangeReason": {"code": "7", "message": "because"}},
    "name": {"name": "another name"},
    "unknown member": {"somethingNew": 3},
    "web address": {"webUI": "https://ui.example/new"},
    "and back": {"state": "Running"},
}
# Where a change shows; session.json masks what not all may read.
SHOWN = {"web address": "webui"}


@twin
def test_only_files_whose_bytes_changed_have_events(world):
    world.start("w-1=4", refresh="100ms")
    names = world.names()
    world.set_state(names[1], "Running")
    eventually(lambda: world.shows(names[1], "Running"))
    files, folders = world.watcher(), world.watcher()
    for name in names:
        folders.add(os.path.join(world.ws(), name), CAUSED)
        for path in files_of(world, name):
            files.add(path, CAUSED)
    for what, members in CHANGES.items():
        world.settle()
        before = contents(world, names)
        files.clear()
        folders.clear()
        world.emu.session("w-1", {"sessionClusterId": names[1], **members})
        document = os.path.join(world.ws(), names[1],
                                SHOWN.get(what, "session.json"))
        world.come(lambda: files.count(IN_CLOSE_WRITE, document),
                   lambda: read(document) != before[document])
        world.settle()
        after = contents(world, names)
        differ = {path: 1 for path in before if before[path] != after[path]}
        assert len(differ) > (what == "state")
        for watcher in (files, folders):
            assert watcher.by(IN_MODIFY) == differ, (what, watcher.events)
            assert watcher.by(IN_CLOSE_WRITE) == differ, (what, watcher.events)
            assert watcher.total() == 2 * len(differ), watcher.events


@twin
def test_members_that_come_again_as_they_were_are_no_change(world):
    world.start("w-1=4", refresh="200ms")
    name = world.names()[1]
    world.set_state(name, "Running")
    eventually(lambda: world.shows(name, "Running"))
    watcher = world.watcher()
    for path in files_of(world, name):
        watcher.add(path, CAUSED)
    for _ in range(3):
        world.set_state(name, "Running")
        world.settle(2)
    assert not watcher.total(), watcher.events
    world.set_state(name, "Error")
    world.come(lambda: watcher.count(IN_CLOSE_WRITE, world.state_path(name)),
               lambda: world.shows(name, "Error"))


@twin
def test_a_watch_on_a_directory_fires_for_files_nobody_looked_at(world):
    world.start("w-1=4", refresh="200ms")
    name = world.names()[2]
    new = "Error" if world.states()[name] == "Running" else "Running"
    watcher = world.watcher()
    watcher.add(os.path.join(world.ws(), name), CAUSED)
    world.settle()
    world.set_state(name, new)
    world.come(lambda: watcher.count(IN_CLOSE_WRITE, name="state"),
               lambda: world.shows(name, new))
    world.settle(2)
    for kind in (IN_MODIFY, IN_CLOSE_WRITE):
        assert watcher.count(kind, name="state") == 1, watcher.events
        assert watcher.count(kind, name="session.json") == 1, watcher.events


@twin
def test_who_has_it_open_is_told_and_reads_the_new_bytes(world):
    world.start("w-1=4", refresh="200ms")
    name = world.names()[0]
    path = world.state_path(name)
    world.set_state(name, "Running")
    eventually(lambda: world.shows(name, "Running"))
    fd = os.open(path, os.O_RDONLY)
    try:
        assert os.pread(fd, 100, 0) == b"Running\n"
        found = []
        watcher = world.watcher(lambda event: found.append(
            os.pread(fd, 100, 0)))
        watcher.add(path, IN_MODIFY)
        for number in range(1, 11):
            word = f"State{number:03d}"  # of one length: the size tells nothing
            world.set_state(name, word)
            world.come(lambda: len(found) >= number,
                       lambda: world.shows(name, word))
            assert found[number - 1:] == [word.encode() + b"\n"]
    finally:
        os.close(fd)


# ---- what comes and goes ----

@twin
def test_a_session_that_appears_is_a_directory_made(world):
    world.start("w-1=3", refresh="200ms")
    there = []
    watcher = world.watcher(lambda event: there.append(
        (event.name, read(os.path.join(event.where, "state")))))
    watcher.add(world.ws(), CAUSED)
    os.listdir(world.ws())
    world.settle()
    for i in range(5):
        name = f"sc-new-{i}"
        if i % 2:  # the kernel was told that there is no such thing
            assert not os.path.exists(os.path.join(world.ws(), name))
        world.emu.session("w-1", {"sessionClusterId": name,
                                  "state": "Running"})
        world.come(lambda: watcher.count(IN_CREATE, name=name),
                   lambda: name in os.listdir(world.ws()))
        assert name in os.listdir(world.ws())
    world.settle()
    assert there == [(f"sc-new-{i}", b"Running\n") for i in range(5)]
    assert watcher.count(IN_CREATE | IN_ISDIR) == 5 == watcher.total()


@twin
def test_a_session_that_vanishes_is_a_directory_removed(world):
    world.start("w-1=3", refresh="200ms")
    name = world.names()[1]
    folder = os.path.join(world.ws(), name)
    above, inside, files = (world.watcher() for _ in range(3))
    above.add(world.ws(), CAUSED)
    inside.add(folder, CAUSED)
    paths = files_of(world, name)
    for path in paths:
        files.add(path, CAUSED)
    world.settle()
    world.emu.remove("w-1", name)
    world.come(lambda: above.count(IN_DELETE, name=name),
               lambda: name not in os.listdir(world.ws()))
    assert not os.path.exists(folder)
    eventually(lambda: inside.count(IN_DELETE_SELF))
    eventually(lambda: files.count(IN_DELETE_SELF) >= len(paths))
    world.settle()
    assert [(e.name, e.mask) for e in above.seen()] == [
        (name, IN_DELETE | IN_ISDIR)]
    deleted = inside.by(IN_DELETE)
    assert {p: deleted[p] for p in paths} == dict.fromkeys(paths, 1)
    assert inside.count(IN_DELETE_SELF) == 1
    assert files.by(IN_DELETE_SELF) == dict.fromkeys(paths, 1)


@twin
def test_a_name_may_go_and_come_again(world):
    world.start("w-1=3", refresh="100ms")
    watcher = world.watcher()
    watcher.add(world.ws(), CAUSED)
    world.settle()  # the watch alone has it listed
    for number in range(1, 4):
        world.emu.session("w-1", {"sessionClusterId": "sc-again",
                                  "state": "Running"})
        world.come(lambda: watcher.count(IN_CREATE) >= number,
                   lambda: "sc-again" in os.listdir(world.ws()))
        changes = world.watcher()
        changes.add(world.state_path("sc-again"), CHANGED)
        world.set_state("sc-again", "Error")
        eventually(lambda: changes.count(IN_CLOSE_WRITE))
        world.emu.remove("w-1", "sc-again")
        eventually(lambda: watcher.count(IN_DELETE) >= number, 40)
    world.settle()
    assert [e.mask & (IN_CREATE | IN_DELETE) for e in watcher.seen(
        IN_CREATE | IN_DELETE)] == [IN_CREATE, IN_DELETE] * 3
    assert {e.name for e in watcher.seen()} == {"sc-again"}


@twin
def test_a_workspace_comes_and_goes(world):
    world.start("w-1=3", refresh="200ms", workspaces=None)
    root = os.path.join(world.m.path, "alibaba")
    assert "w-1" in os.listdir(root)
    watcher, inside = world.watcher(), world.watcher()
    watcher.add(root, CAUSED)
    world.emu.workspace("w-2")
    world.emu.session("w-2", {"sessionClusterId": "sc-2", "state": "Running"})
    world.come(lambda: watcher.count(IN_CREATE | IN_ISDIR, name="w-2"),
               lambda: "w-2" in os.listdir(root))
    eventually(lambda: "sc-2" in os.listdir(world.ws("w-2")))
    watched = [world.ws("w-2"), os.path.join(world.ws("w-2"), "sc-2"),
               world.state_path("sc-2", "w-2")]
    for path in watched:
        inside.add(path, IN_DELETE_SELF)
    world.emu.control("DELETE", "workspace?workspace=w-2")
    eventually(lambda: watcher.count(IN_DELETE | IN_ISDIR, name="w-2"), 40)
    assert "w-2" not in os.listdir(root)
    eventually(lambda: inside.by(IN_DELETE_SELF) == dict.fromkeys(watched, 1))
    world.settle(1, "ListWorkspaces")
    assert watcher.total() == 2, watcher.events


def test_a_watched_provider_is_fresh_however_busy_its_sessions_are(world):
    world.start("w-1=3", refresh="200ms", window="1s", workspaces=None)
    root = os.path.join(world.m.path, "alibaba")
    names = world.names()
    watcher, sessions = world.watcher(), world.watcher()
    watcher.add(root, IN_CREATE | IN_DELETE)
    for name in names:
        sessions.add(world.state_path(name), CHANGED)
    changes = 0

    def change_until(question, seconds):
        nonlocal changes
        end = time.monotonic() + seconds
        while time.monotonic() < end and not question():
            changes += 1
            world.set_state(names[changes % 3], f"State{changes:04d}")
            time.sleep(0.05)  # sleeps: the pace of the changes
        return question()

    # Longer than the looks of before count.
    change_until(lambda: False, 4 * SLOW)
    world.emu.workspace("w-9")
    assert change_until(lambda: watcher.count(IN_CREATE, name="w-9"),
                        10 * SLOW)
    assert sessions.total() > 10


def test_a_workspace_takes_its_groups_with_it(world):
    world.start("w-1=1", refresh="200ms", workspaces=None)
    root = os.path.join(world.m.path, "alibaba")
    ws = world.ws("w-2")
    world.emu.workspace("w-2")
    world.emu.session("w-2", {"sessionClusterId": "sc-2", "state": "Running"})
    eventually(lambda: os.listdir(os.path.join(ws, ".by-state", "Running")) ==
               ["sc-2"])
    view = os.path.join(ws, ".by-state")
    group = os.path.join(view, "Running")
    watcher = world.watcher()
    for path in (root, ws, view, group):
        watcher.add(path, IN_DELETE | IN_DELETE_SELF)
    world.emu.control("DELETE", "workspace?workspace=w-2")
    eventually(lambda: watcher.count(IN_DELETE | IN_ISDIR, name="w-2"), 40)
    gone = [e for e in watcher.seen(IN_DELETE) if e.name == "Running"]
    assert [e.path for e in gone] == [view], gone
    assert not [e for e in watcher.seen(IN_DELETE) if e.path == group]
    assert watcher.by(IN_DELETE_SELF)[group] == 1


@pytest.mark.parametrize("what", ["session", "group", "workspace"])
def test_who_stays_in_what_is_removed_does_not_kill_it_for_others(world, what):
    world.start("w-1=1", refresh="100ms", workspaces=None)
    root = os.path.join(world.m.path, "alibaba")
    ws = world.ws("w-2")
    there = {"session": os.path.join(ws, "sc-2"), "workspace": ws,
             "group": os.path.join(ws, ".by-state", "Running")}[what]
    watcher = world.watcher()

    def come():
        world.emu.workspace("w-2")
        world.emu.session("w-2", {"sessionClusterId": "sc-2",
                                  "state": "Running"})
        eventually(lambda: "w-2" in os.listdir(root))
        eventually(lambda: os.path.basename(there) in
                   os.listdir(os.path.dirname(there)))

    def go():
        if what == "workspace":
            world.emu.control("DELETE", "workspace?workspace=w-2")
        elif what == "session":
            world.emu.remove("w-2", "sc-2")
        else:
            world.set_state("sc-2", "Stopped", "w-2")

    come()
    eventually(lambda: os.listdir(there))
    watcher.add(os.path.dirname(there), IN_CREATE | IN_DELETE)
    name = os.path.basename(there)
    world.program(["sleep", "1000"], cwd=there)
    for n in (1, 2):
        go()
        eventually(lambda: watcher.count(IN_DELETE | IN_ISDIR, name=name) == n)
        come()
        eventually(lambda: watcher.count(IN_CREATE | IN_ISDIR, name=name) == n)
        inside = "sc-2" if what != "session" else "state"
        eventually(lambda: inside in os.listdir(there))
        assert os.path.lexists(os.path.join(there, inside))
        assert world.m.read(ws, "sc-2", "state") == "Running\n"


def replace(world, name):
    """The same id is another session's from now on."""
    world.emu.session("w-1", {
        "sessionClusterId": name,
        "gmtCreate": int(time.time() * 1000) + 3600000})


def test_a_path_leads_to_what_is_there_before_the_kernel_is_told(world):
    """Through a directory that the kernel has of what is gone."""
    world.start("w-1=3", refresh="100ms")
    name = world.names()[1]
    folder = os.path.join(world.ws(), name)
    os.stat(folder)
    with standing(world.m, "notify"):
        replace(world, name)
        world.settle()
        assert read(os.path.join(folder, "state"))
        with pytest.raises(FileNotFoundError):
            os.stat(os.path.join(folder, "no"))


def test_what_has_the_name_of_what_is_gone_lives(world):
    """The emitter may be late, so that somebody has looked up what bears the name
    by then: what it removes is what is gone all the same."""
    world.start("w-1=3", refresh="100ms")
    name = world.names()[1]
    folder = os.path.join(world.ws(), name)
    world.set_state(name, "Running")
    old = eventually(lambda: world.shows(name, "Running") and
                     os.stat(folder).st_ino)
    above, inside = world.watcher(), world.watcher()
    above.add(world.ws(), CAUSED)
    inside.add(folder, CAUSED)
    late = emitter(world.m)
    os.kill(late, signal.SIGSTOP)
    replace(world, name)
    eventually(lambda: os.stat(folder).st_ino != old)
    state = read(os.path.join(folder, "state"))
    for _ in range(2):
        world.program(["/usr/bin/python3", "-c", LOOKER,
                       world.state_path(name)])
    os.kill(late, signal.SIGCONT)
    eventually(lambda: above.count(IN_CREATE | IN_ISDIR, name=name))
    assert [e.mask for e in above.seen(IN_CREATE | IN_DELETE)] == [
        IN_DELETE | IN_ISDIR, IN_CREATE | IN_ISDIR]
    assert inside.count(IN_DELETE_SELF) == 1
    # What nobody has asked for yet is looked up in the directory itself.
    assert os.path.exists(os.path.join(folder, ".wait", "idle"))
    assert state == read(os.path.join(folder, "state"))
    assert world.m.metric("sessionfs_events_failed_total") == 0


@twin
def test_the_first_listing_of_a_workspace_is_no_event(world):
    world.start("w-1=300", refresh="200ms")
    watcher = world.watcher()
    watcher.add(world.ws(), CAUSED)
    eventually(lambda: len(os.listdir(world.ws())) > 300)
    world.settle()
    assert not watcher.total(), watcher.events[:5]
    world.emu.churn(workspace="w-1", add=2)
    world.come(lambda: watcher.count(IN_CREATE) >= 2,
               lambda: len(os.listdir(world.ws())) > 302)


@twin
def test_a_burst_of_comers_and_goers_is_seen_whole(world):
    world.start("w-1=20", refresh="300ms")
    watcher = world.watcher()
    watcher.add(world.ws(), CAUSED)
    os.listdir(world.ws())
    world.settle()
    many = MANY // 2
    added = world.emu.churn(workspace="w-1", add=many)["added"]
    world.come(lambda: watcher.count(IN_CREATE) >= many,
               lambda: len(os.listdir(world.ws())) > 20 + many)
    assert set(added) < set(os.listdir(world.ws()))
    gone = world.emu.churn(workspace="w-1", remove=many)["removed"]
    eventually(lambda: watcher.count(IN_DELETE) >= many, 60)
    world.settle()
    for kind, names in ((IN_CREATE, added), (IN_DELETE, gone)):
        assert watcher.by(kind) == {
            os.path.join(world.ws(), n): 1 for n in names}
    assert not set(gone) & set(os.listdir(world.ws()))


# ---- views ----

@twin
def test_views_move_as_sessions_move(world):
    world.start("w-1=6", refresh="100ms")
    name, ws = world.names()[0], world.ws()
    world.emu.session("w-1", {"sessionClusterId": name, "state": "Running",
                              "name": "one"})
    idle, failed = (os.path.join(ws, ".by-phase", p)
                    for p in ("idle", "failed"))
    called = os.path.join(ws, ".by-name")
    tables = [os.path.join(ws, t) for t in (".sessions.tsv",
                                            ".sessions.jsonl")]
    eventually(lambda: name in os.listdir(idle) and
               "one" in os.listdir(called))
    watcher = world.watcher()
    for path in (idle, failed, called, *tables):
        watcher.add(path, CAUSED)
    world.settle()
    watcher.clear()
    world.emu.session("w-1", {"sessionClusterId": name, "state": "Error",
                              "name": "two"})
    world.come(lambda: watcher.count(IN_CREATE, failed, name),
               lambda: name in os.listdir(failed))
    assert read(os.path.join(failed, name, "state")) == b"Error\n"
    assert os.readlink(os.path.join(failed, name)) == f"../../{name}"
    eventually(lambda: watcher.count(IN_CREATE, called, "two"))
    world.settle()
    assert os.readlink(os.path.join(called, "two")) == f"../{name}"
    assert watcher.by(IN_CREATE) == {os.path.join(failed, name): 1,
                                     os.path.join(called, "two"): 1}
    assert watcher.by(IN_DELETE) == {
        os.path.join(idle, name): 1, os.path.join(called, "one"): 1}
    for kind in (IN_MODIFY, IN_CLOSE_WRITE):
        assert watcher.by(kind) == dict.fromkeys(tables, 1), watcher.events
    for path in tables:
        row = next(line for line in read(path).decode().splitlines()
                   if name in line)
        assert "Error" in row and "two" in row


@twin
def test_a_group_of_a_view_is_there_while_it_has_links(world):
    world.start("w-1=6", refresh="100ms")
    name = world.names()[0]
    states = os.path.join(world.ws(), ".by-state")
    eventually(lambda: os.listdir(states))
    watcher = world.watcher()
    watcher.add(states, CAUSED)
    world.settle()
    world.set_state(name, "Quaint")
    world.come(lambda: watcher.count(IN_CREATE | IN_ISDIR, states, "Quaint"),
               lambda: "Quaint" in os.listdir(states))
    assert os.listdir(os.path.join(states, "Quaint")) == [name]
    world.set_state(name, world.states()[world.names()[1]])
    eventually(lambda: watcher.count(IN_DELETE | IN_ISDIR, states, "Quaint"))
    assert "Quaint" not in os.listdir(states)
    world.settle()
    assert watcher.count(name="Quaint") == 2, watcher.events


@twin
def test_the_log_of_events_is_written_to_for_who_watches_it(world):
    world.start("w-1=6", refresh="100ms")
    log = os.path.join(world.m.path, ".sessionfs", "events")
    name = world.names()[0]
    os.listdir(world.ws())
    watcher = world.watcher()
    watcher.add(log, CHANGED)
    watcher.add(world.ws(), CHANGED)
    world.settle()
    watcher.clear()
    world.set_state(name, "Quaint")
    world.come(lambda: watcher.count(IN_CLOSE_WRITE, log),
               lambda: b"Quaint" in read(log))
    assert b"Quaint" in read(log)


# ---- only where somebody can be watching ----

def test_where_nobody_watches_no_event_is_made(world):
    """A working directory keeps the workspace fresh, and nothing below it is
    held: so nothing is made there, and only there."""
    window = 3 if SANITIZED else 1
    world.start("w-1=100", refresh="100ms", window=f"{window}s")
    names = world.names()
    log = world.watcher()
    log.add(os.path.join(world.m.path, ".sessionfs", "events"), CHANGED)

    def made():
        """How many events the emitter made, but for those of its own log."""
        assert not world.m.metric("sessionfs_events_failed_total")
        return world.m.metric("sessionfs_events_total") - \
            log.count(IN_CLOSE_WRITE)

    os.listdir(world.ws())
    for name in names[:50]:
        world.m.read(world.state_path(name))
    world.program(["sleep", "1000"], cwd=world.ws())

    def nothing_made():
        before = made()
        world.emu.churn(workspace="w-1", change=100)
        world.settle(5)
        return made() == before
    # As soon as what was only looked at is forgotten.
    eventually(nothing_made, 10 * window)

    # The kernel holds the directory of what is watched: files in it count.
    watcher = world.watcher()
    watcher.add(world.state_path(names[3]), CHANGED)
    old = contents(world, [names[3]])
    before = made()
    world.emu.churn(workspace="w-1", change=100)
    eventually(lambda: watcher.count(IN_CLOSE_WRITE))
    world.settle()
    new = contents(world, [names[3]])
    differ = len([path for path in old if old[path] != new[path]])
    assert differ
    eventually(lambda: made() - before >= differ)
    world.settle()
    after = made()
    assert after - before == differ
    assert watcher.total() == 2, watcher.events

    before = after
    world.emu.churn(workspace="w-1", add=3)
    eventually(lambda: made() - before >= 3)
    world.settle()
    assert made() - before == 3


# ---- how soon ----

class Witness:
    """Waits a hundredth of a second again and again, and sees how late this machine
    wakes it: others may work here too, and a change passes through many threads."""

    def __init__(self):
        self.late = []
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)

    def run(self):
        before = time.monotonic()
        while not self.over.wait(0.01):
            now = time.monotonic()
            self.late.append((now, now - before - 0.01))
            before = now

    def since(self, began):
        """The sum."""
        return sum(by for at, by in list(self.late) if at > began)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *why):
        self.over.set()
        self.thread.join()


def late(world, watcher, witness, name, refresh, count):
    """By how much each of so many changes of a session was an event later than the
    refresh interval and a tenth of a second, and than the machine is late."""
    before = watcher.count(IN_CLOSE_WRITE)
    samples = []
    for number in range(1, count + 1):
        time.sleep(number * 0.037 % refresh)  # sleeps: at any moment between
        word = f"State{before + number:03d}"
        began = time.monotonic()
        world.set_state(name, word)
        world.come(lambda: watcher.count(IN_CLOSE_WRITE) >= before + number,
                   lambda: world.shows(name, word))
        took = watcher.seen(IN_CLOSE_WRITE)[-1].at - began
        samples.append((took, witness.since(began)))
    print(f"{BUILD}: " + ", ".join(f"{took:.3f} ({late:.3f})"
                                   for took, late in sorted(samples)))
    return sorted(took - late - refresh - 0.1 for took, late in samples)


def within(world, name, refresh, count):
    """In one of three rounds; and one of ten changes may be the machine's."""
    watcher = world.watcher()
    watcher.add(world.state_path(name), CHANGED)
    with Witness() as witness:
        assert any(late(world, watcher, witness, name, refresh, count)
                   [-1 - count // 10] <= 0 for _ in range(3))


quick_builds = pytest.mark.skipif(
    SANITIZED, reason="sanitizers are not about time")


@quick_builds
@twin
def test_a_change_is_seen_within_the_refresh_and_a_tenth_of_a_second(world):
    world.start("w-1=50", refresh="200ms")
    within(world, world.names()[10], 0.2, 20)


@quick_builds
@twin
def test_so_is_one_of_a_hundred_thousand_sessions_that_is_watched(world):
    """The session that is listed last is asked for by itself."""
    world.start("w-1=100000", refresh="500ms", window="1s")
    name = world.emu.sessions("w-1")[-1]["sessionClusterId"]
    held = world.watcher()
    held.add(world.state_path(name), CHANGED)
    eventually(lambda: len(os.listdir(world.ws())) > 100000, 60)
    before = world.emu.count("GetSessionCluster")
    if world.events:
        eventually(lambda: world.emu.count("GetSessionCluster") > before + 2)
    within(world, name, 0.5, 10)
