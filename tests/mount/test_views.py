"""Views: a workspace's sessions as links by name, state, phase and user, and as
tables.  They come from what is known and move as sessions move."""
import errno
import json
import os
import re
import shutil
import stat
import subprocess
import time

import pytest

from harness import SLOW, eventually, run

LIST = "ListSessionClusters"
VIEWS = (".by-name", ".by-state", ".by-phase", ".by-user")
TABLES = (".sessions.tsv", ".sessions.jsonl")
PHASES = {"pending", "starting", "idle", "busy", "stopping", "stopped",
          "failed"}
COLUMNS = ["session", "name", "state", "phase", "user", "created", "changed"]
FAST = {"sessionfs": {"refresh": "100ms"}}
SELDOM = {"sessionfs": {"refresh": "1h"}, "alibaba": {"workspaces": "w-1"}}
OF_STATE = {"Starting": "starting", "Running": "idle", "Stopping": "stopping",
            "Stopped": "stopped", "Error": "failed"}


class World:
    def __init__(self, rig, config=FAST, options=("--manual-clock",)):
        self.emu = rig.emulator("--workspace", "w-1", *options)
        self.rig, self.config = rig, config
        self.mount = None

    def put(self, name, state="Running", label="", user="ada", **members):
        self.emu.session("w-1", {
            "sessionClusterId": name, "state": state, "name": label,
            "userName": user, "gmtCreate": 1700000000000, **members})

    def start(self, **how):
        self.mount = self.rig.mount(self.emu, config=self.config, **how)
        return self

    def path(self, *inside):
        return os.path.join(self.mount.ws("w-1"), *inside)

    def names(self, *inside):
        return sorted(os.listdir(self.path(*inside)))

    def rows(self):
        """What the tables say, read as what they are."""
        with open(self.path(".sessions.tsv"), newline="") as f:
            header, *lines = f.read().split("\n")
        assert header.split("\t") == COLUMNS and lines.pop() == ""
        with open(self.path(".sessions.jsonl")) as f:
            objects = [json.loads(line) for line in f]
        tsv = [dict(zip(COLUMNS, line.split("\t"), strict=True))
               for line in lines]
        for row, thing in zip(tsv, objects, strict=True):
            assert set(thing) == {*COLUMNS, "id"}
            assert row["session"] == thing["session"]
        return tsv, objects


@pytest.fixture
def world(rig):
    made = World(rig)
    made.put("sc-1", "Running", "etl", "ada")
    made.put("sc-2", "Running", "report", "bob")
    made.put("sc-3", "Stopped", "old", "ada")
    return made.start()


def test_each_view_holds_what_it_says(world):
    assert world.names(".by-name") == ["etl", "old", "report"]
    assert world.names(".by-state") == ["Running", "Stopped"]
    assert world.names(".by-state/Running") == ["sc-1", "sc-2"]
    assert world.names(".by-state/Stopped") == ["sc-3"]
    assert set(world.names(".by-phase")) == PHASES
    assert world.names(".by-phase/idle") == ["sc-1", "sc-2"]
    assert world.names(".by-phase/stopped") == ["sc-3"]
    assert world.names(".by-phase/busy") == []
    assert world.names(".by-user") == ["ada", "bob"]
    assert world.names(".by-user/ada") == ["sc-1", "sc-3"]


def test_links_lead_to_sessions(world):
    for link, target in ((".by-name/etl", "../sc-1"),
                         (".by-state/Running/sc-2", "../../sc-2"),
                         (".by-phase/stopped/sc-3", "../../sc-3"),
                         (".by-user/ada/sc-1", "../../sc-1")):
        path = world.path(link)
        attr = os.lstat(path)
        assert os.readlink(path) == target
        assert stat.S_ISLNK(attr.st_mode) and attr.st_size == len(target)
        assert os.path.samefile(path, world.path(os.path.basename(target)))
        assert world.mount.read(path, "state") == world.mount.read(
            world.path(os.path.basename(target)), "state")
    assert run("cat .by-state/*/*/phase", cwd=world.path()).ok().split() == [
        "idle", "idle", "stopped"]


def test_they_are_listed_as_what_they_are(world):
    listed = run(["ls", "-lA", world.path()]).ok()
    for name in VIEWS:
        assert re.search(rf"^drwxr-xr-x .* {re.escape(name)}$", listed, re.M)
    for name in TABLES:
        assert re.search(rf"^-rw-r----- .* {re.escape(name)}$", listed, re.M)
    for view in VIEWS:
        with os.scandir(world.path(view)) as entries:
            kinds = {e.is_symlink() for e in entries}
        assert kinds == {view == ".by-name"}
    assert re.search(r"^lrwxrwxrwx .* etl -> ../sc-1$",
                     run(["ls", "-l", world.path(".by-name")]).ok(), re.M)
    assert not set(world.names()) & {".wait"}
    assert set(VIEWS + TABLES) < set(world.names())


def test_sessions_move_from_group_to_group(world):
    gone = world.path(".by-state/Running/sc-1")
    assert os.path.exists(gone) and world.names(".by-phase/failed") == []
    before = os.stat(world.path(".by-state/Running")).st_mtime_ns
    world.put("sc-1", "Error", "etl", "bob")
    eventually(lambda: world.names(".by-state/Error") == ["sc-1"])
    eventually(lambda: not os.path.lexists(gone))
    eventually(lambda: world.names(".by-state/Running") == ["sc-2"])
    eventually(lambda: world.names(".by-phase/failed") == ["sc-1"])
    eventually(lambda: world.names(".by-phase/idle") == ["sc-2"])
    eventually(lambda: world.names(".by-user/bob") == ["sc-1", "sc-2"])
    assert os.stat(world.path(".by-state/Running")).st_mtime_ns > before
    assert os.readlink(world.path(".by-state/Error/sc-1")) == "../../sc-1"
    assert world.names(".by-name") == ["etl", "old", "report"]


def test_groups_come_and_go_but_phases_stay(world):
    assert not os.path.exists(world.path(".by-state/Error"))
    assert os.path.exists(world.path(".by-state/Stopped"))
    world.put("sc-3", "Error", "old", "eve")
    eventually(lambda: world.names(".by-state") == ["Error", "Running"])
    eventually(lambda: os.path.exists(world.path(".by-state/Error/sc-3")))
    eventually(lambda: not os.path.exists(world.path(".by-state/Stopped")))
    eventually(lambda: world.names(".by-user") == ["ada", "bob", "eve"])
    for _ in range(2):
        assert set(world.names(".by-phase")) == PHASES
        assert world.names(".by-phase/stopped") == []


def test_a_session_that_vanishes_leaves_every_view(world):
    links = [world.path(p) for p in (
        ".by-name/etl", ".by-state/Running/sc-1", ".by-phase/idle/sc-1",
        ".by-user/ada/sc-1")]
    assert all(os.path.exists(p) for p in links)
    world.emu.remove("w-1", "sc-1")
    eventually(lambda: not any(os.path.lexists(p) for p in links))
    for p in links:
        assert os.path.basename(p) not in os.listdir(os.path.dirname(p))
    eventually(lambda: {r["session"] for r in world.rows()[0]}
               == {"sc-2", "sc-3"})


def test_one_that_appears_is_in_every_view(world):
    assert not os.path.lexists(world.path(".by-name/new one"))
    assert not os.path.lexists(world.path(".by-user/carol"))
    world.put("sc-4", "Running", "new one", "carol")
    for link in (".by-name/new one", ".by-state/Running/sc-4",
                 ".by-phase/idle/sc-4", ".by-user/carol/sc-4"):
        eventually(lambda: os.path.exists(world.path(link)))
        eventually(lambda: os.path.basename(link) in
                   os.listdir(os.path.dirname(world.path(link))))
    assert [r["session"] for r in world.rows()[0]][-1] == "sc-4"


NAMES = {"a/b": "a%2Fb", "a\nb": "a%0Ab", ".hidden": "%2Ehidden",
         "..": "%2E.", "100%": "100%25", "über uns": "über uns",
         "a\tb": "a%09b", " ": " ", "'\"$x": "'\"$x"}


@pytest.mark.parametrize("label", NAMES)
def test_names_are_escaped_so_that_they_are_file_names(rig, label):
    world = World(rig)
    world.put("sc-1", "Running", label, label)
    world.put("sc-2", "Running", "", "")
    world.start()
    assert world.names(".by-name") == [NAMES[label]]
    assert world.names(".by-user") == [NAMES[label]]
    assert world.names(".by-user/" + NAMES[label]) == ["sc-1"]
    assert os.readlink(world.path(".by-name", NAMES[label])) == "../sc-1"
    assert {(r["session"], r["name"], r["user"]) for r in world.rows()[1]} \
        == {("sc-1", label, label), ("sc-2", "", "")}


def test_duplicates_are_numbered_and_keep_their_numbers(rig):
    world = World(rig)
    for n in range(1, 4):
        world.put(f"sc-{n}", "Running", "etl")
    world.start()
    view = ".by-name"

    def links():
        return {n: os.readlink(world.path(view, n))
                for n in world.names(view)}

    first = links()
    assert set(first) == {"etl", "etl~2", "etl~3"}
    assert set(first.values()) == {"../sc-1", "../sc-2", "../sc-3"}
    world.emu.remove("w-1", os.path.basename(first["etl"]))
    eventually(lambda: set(world.names(view)) == {"etl~2", "etl~3"})
    assert links() == {k: v for k, v in first.items() if k != "etl"}
    world.put("sc-9", "Running", "etl")
    eventually(lambda: links() == {**first, "etl": "../sc-9"})


def escaped(text):
    if text in ("", "-"):
        return "\\x2d" if text else "-"
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace(
        "\n", "\\n").replace("\r", "\\r").replace('"', "\\x22")


def test_tables_say_what_the_sessions_say(rig):
    world = World(rig)
    labels = ["plain", "a\tb", "c\nd", "e\\f", "\r", "", "über", '"quoted"', '"',
              'a "b"', '"a', "-"]
    for n, label in enumerate(labels):
        world.put(f"sc-{n}", sorted(OF_STATE)[n % 5], label, f"u\t{n}")
    world.start()
    eventually(lambda: len(world.rows()[0]) == len(labels))
    tsv, objects = world.rows()
    for row, thing in zip(tsv, objects):
        name = thing["session"]
        assert {k: escaped(v) for k, v in thing.items() if k != "id"} == row
        assert thing["id"] == name
        assert thing["name"] == labels[int(name[3:])]
        assert thing["user"] == "u\t" + name[3:]
        assert thing["state"] + "\n" == world.mount.read(
            world.path(name, "state"))
        assert thing["phase"] == OF_STATE[thing["state"]]
        assert re.fullmatch(r"2023-11-14T22:13:20Z", thing["created"])
        assert re.fullmatch(r"|\d{4}(-\d\d){2}T(\d\d:){2}\d\dZ",
                            thing["changed"])
    assert {r["session"] for r in tsv} == {
        f"sc-{n}" for n in range(len(labels))} and len(tsv) == len(labels)


def test_sizes_are_exact_and_copies_are_whole(rig, tmp_path):
    world = World(rig, SELDOM, ("--fill", "w-1=700", "--manual-clock")).start()
    for table in TABLES:
        path = world.path(table)
        with open(path, "rb") as f:
            whole = f.read()
        assert os.stat(path).st_size == len(whole) > 30000
        assert whole.count(b"\n") == 700 + (table == TABLES[0])
        for name, command in {
                "cp": f"cp {path} $0", "cat": f"cat {path} > $0",
                "rsync": f"rsync -a {path} $0",
                "tar": f"tar -C {world.path()} -c {table} | tar -xO > $0",
                "dd": f"dd if={path} of=$0 bs=777 status=none"}.items():
            copy = tmp_path / (name + table)
            run(["bash", "-c", command, copy]).ok()
            assert copy.read_bytes() == whole, name
        assert run(["wc", "-c", path]).ok().split()[0] == str(len(whole))
        assert run(["stat", "-c", "%a", path]).ok() == "640\n"


def test_tools_for_tables_take_them(world):
    where = world.path()
    assert run("cut -f1,3 .sessions.tsv | sort", cwd=where).ok() == (
        "sc-1\tRunning\nsc-2\tRunning\nsc-3\tStopped\nsession\tstate\n")
    assert run("jq -r 'select(.phase == \"idle\").name' .sessions.jsonl | sort",
               cwd=where).ok() == "etl\nreport\n"
    assert run("awk -F'\\t' '$5 == \"ada\" {print $2}' .sessions.tsv | sort",
               cwd=where).ok() == "etl\nold\n"
    assert run("join -t '\t' <(tail -n +2 .sessions.tsv | sort) <(printf "
               "'sc-2\\tx\\n') | cut -f8", cwd=where).ok() == "x\n"


# Each prints the names of a table, one a line, without its header.
READERS = {
    "cut": "tail -n +2 {} | cut -f2",
    "awk": "awk -F'\\t' 'NR > 1 {{print $2}}' {}",
    "read": "tail -n +2 {} | while IFS=$'\\t' read -r id name rest; "
            "do echo \"$name\"; done",
    "read of all": "tail -n +2 {} | while IFS=$'\\t' read -r id name state "
                   "phase user created changed; do "
                   "[[ $phase$user == idleu ]] && echo \"$name\"; done",
    "csv": "python3 -c \"import csv, sys; print(*[r['name'] for r in "
           "csv.DictReader(open('{}'), delimiter=chr(9))], sep=chr(10))\"",
    "sniffed": "python3 -c \"import csv, sys; f = open('{}'); "
               "print(*[r['name'] for r in csv.DictReader(f, "
               "dialect='excel-tab')], sep=chr(10))\"",
    "sqlite": "sqlite3 :memory: '.mode tabs' '.import {} t' "
              "'.mode list' 'select name from t'",
}


@pytest.mark.parametrize("reader", READERS)
def test_all_readers_of_a_table_find_the_same(rig, reader):
    if reader == "sqlite" and not shutil.which("sqlite3"):
        pytest.skip("there is no sqlite3")
    world = World(rig)
    labels = ['"', "plain", '"a" b', "", '""', "x\ty", "-", 'a"', "'q", "#"]
    for n, label in enumerate(labels):
        world.put(f"sc-{n}", "Running", label, "u")
    world.start()
    eventually(lambda: len(world.rows()[0]) == len(labels))
    expected = sorted(escaped(label) for label in labels)
    said = run(READERS[reader].format(world.path(".sessions.tsv"))).ok()
    assert sorted(said.split("\n")[:-1]) == expected


def test_a_table_moves_and_an_open_one_does_not(world):
    with open(world.path(".sessions.tsv")) as f:
        first = f.readline()
        before = os.stat(world.path(".sessions.tsv"))
        world.put("sc-1", "Error", "another name, and a longer one")
        eventually(lambda: "another name" in open(
            world.path(".sessions.tsv")).read())
        rest = f.read()
        assert "another name" not in rest and rest.count("\n") == 3
        assert len(first + rest) == before.st_size
        f.seek(0)
        assert f.read() == first + rest
    after = os.stat(world.path(".sessions.tsv"))
    assert after.st_mtime_ns > before.st_mtime_ns
    assert after.st_size != before.st_size
    assert after.st_ino == before.st_ino


def test_all_of_it_costs_no_call(rig):
    world = World(rig, SELDOM, ("--fill", "w-1=250", "--manual-clock")).start()
    os.listdir(world.path())
    eventually(lambda: "refreshing: no" in world.mount.read(
        world.path(".status")))
    before = len(world.emu.requests())
    run(f"ls -lR {' '.join(VIEWS)}; cat .sessions.*; find . -ls; "
        "cat .by-state/*/*/state", cwd=world.path(), timeout=60).ok()
    assert len(world.emu.requests()) == before
    run(["touch", world.path(".refresh")]).ok()
    eventually(lambda: len(world.emu.requests()) > before)


def test_five_thousand_links_agree_with_what_a_stat_says(rig):
    world = World(rig, SELDOM, ("--fill", "w-1=5000")).start()
    sessions = {n for n in os.listdir(world.path()) if n[0] not in ".n"}
    assert len(sessions) == 5000
    done = run("ls -lU .by-state/*", cwd=world.path(), timeout=60)
    lines = re.findall(r"^l.* (\S+) -> ../../(\S+)$", done.ok(), re.M)
    assert len(lines) == 5000 and {a for a, b in lines} == sessions
    assert all(a == b for a, b in lines)
    assert done.seconds < 20 * SLOW
    seen = set()
    for group in world.names(".by-state"):
        where = world.path(".by-state", group)
        plain = set(run(["ls", "-U", where]).ok().split())
        for name in plain:
            attr = os.lstat(os.path.join(where, name))
            assert attr.st_size == len("../../" + name)
        with os.scandir(where) as entries:
            numbers = {e.name: e.inode() for e in entries}
        assert set(numbers) == plain
        assert all(os.lstat(os.path.join(where, n)).st_ino == i
                   for n, i in list(numbers.items())[:100])
        assert not seen & plain
        seen |= plain
    assert seen == sessions
    named = run(["ls", "-U", world.path(".by-name")]).ok().count("\n")
    assert named == sum(1 for r in world.rows()[1] if r["name"])


def test_before_the_first_listing_they_wait_for_it(rig):
    world = World(rig, SELDOM, ("--fill", "w-1=100"))
    world.emu.fault(action=LIST, times=-1, delay_ms=700 * SLOW)
    world.start()
    began = time.monotonic()
    for view in VIEWS:
        assert stat.S_ISDIR(os.stat(world.path(view)).st_mode)
    assert time.monotonic() - began < 0.7 * SLOW  # to look at them is free
    assert set(world.names(".by-phase")) == PHASES
    assert time.monotonic() - began > 0.7 * SLOW
    assert len(world.rows()[0]) == 100


@pytest.mark.parametrize("ask", [
    "cat .sessions.tsv", "stat .sessions.jsonl", "wc -c .sessions.jsonl"])
def test_a_table_waits_for_the_first_listing(rig, ask):
    world = World(rig, SELDOM, ("--fill", "w-1=300"))
    world.emu.fault(action=LIST, times=-1, delay_ms=300)
    world.start()
    assert "sc-" in run(ask, cwd=world.path()).ok() or "cat" not in ask
    assert os.stat(world.path(".sessions.tsv")).st_size > 300 * 20


@pytest.mark.parametrize("ask", [
    "ls {}/.by-name", "ls {}/.by-state", "ls {}/.by-phase", "ls {}/.by-user",
    "cat {}/.sessions.tsv", "stat {}/.sessions.jsonl",
    "ls {}/.by-state/Running", "stat {}/.by-name/etl"])
def test_a_listing_that_fails_is_never_an_empty_view(rig, ask):
    world = World(rig)
    world.put("sc-1", "Running", "etl")
    world.emu.fault(action=LIST, times=-1, status=403, code="Forbidden",
                    message="no")
    world.start()
    ask = ask.format(world.path())
    refused = run(ask, env={"LC_ALL": "C"})
    assert "No such file" not in refused.failed()
    assert "Permission denied" in refused.err
    assert refused.out == ""
    world.emu.no_faults()
    eventually(lambda: run(ask).status == 0)


CHANGES = {
    "rm link": "rm -f .by-state/Running/sc-1",
    "rm name": "rm -f .by-name/etl",
    "rmdir group": "rmdir .by-phase/busy",
    "rmdir full group": "rmdir .by-state/Running",
    "rmdir view": "rmdir .by-user",
    "rm table": "rm -f .sessions.tsv",
    "rm -rf group": "rm -rf .by-state/Running",
    "mkdir in view": "mkdir .by-state/New",
    "mkdir in group": "mkdir .by-state/Running/sc-9",
    "link in group": "ln -s ../../sc-3 .by-state/Running/sc-3",
    "link in names": "ln -s ../sc-3 .by-name/other",
    "touch in group": "touch .by-state/Running/more",
    "move link": "mv .by-state/Running/sc-1 .by-state/Stopped/",
    "move group": "mv .by-state/Running .by-state/Walking",
    "write table": "echo x > .sessions.tsv",
    "append to table": "echo x >> .sessions.jsonl",
    "truncate table": "truncate -s 0 .sessions.tsv",
    "touch table": "touch .sessions.tsv",
    "chmod table": "chmod 600 .sessions.jsonl",
    "touch link": "touch -h .by-name/etl",
    "touch group": "touch .by-state/Running",
}


@pytest.mark.parametrize("change", CHANGES)
def test_nobody_changes_them(rig, change):
    world = World(rig, {**SELDOM, "alibaba": {"rmdir": "terminate"}})
    world.put("sc-1", "Running", "etl")
    world.put("sc-3", "Stopped", "old")
    world.start()
    # Without it ls says the year of a time that is some milliseconds ahead.
    shown = "ls -lR --time-style=full-iso .by-*; cat .sessions.*"
    before = run(shown, cwd=world.path()).ok()
    refused = run(CHANGES[change], cwd=world.path(), env={"LC_ALL": "C"})
    assert "Operation not permitted" in refused.failed()
    assert run(shown, cwd=world.path()).ok() == before
    assert world.emu.count("StopSessionCluster") == 0


def test_rmdir_of_the_session_itself_would_end_it(rig):
    """The twin of the above: these sections do end sessions by rmdir."""
    world = World(rig, {**SELDOM, "alibaba": {"rmdir": "terminate"}})
    world.put("sc-1", "Running", "etl")
    world.start()
    run(["rmdir", world.path("sc-1")])
    assert world.emu.count("StopSessionCluster") == 1


@pytest.mark.parametrize("walker", [
    "import shutil, sys; shutil.rmtree(sys.argv[1], ignore_errors=True)",
    "import subprocess, sys; subprocess.run(['find', sys.argv[1], '-delete'])",
    "import subprocess, sys; subprocess.run(['rm', '-rf', sys.argv[1]])"])
def test_rm_rf_of_views_ends_no_session(rig, walker):
    world = World(rig, {**SELDOM, "alibaba": {"rmdir": "terminate"}})
    world.put("sc-1", "Running", "etl")
    world.start()
    for view in VIEWS:
        run(["/usr/bin/python3", "-c", walker, world.path(view)])
        assert world.names(".by-state/Running") == ["sc-1"]
    assert world.emu.count("StopSessionCluster") == 0
    assert world.mount.read(world.path("sc-1", "state")) == "Running\n"


def test_what_is_no_file_is_not_opened_as_one(world):
    for path in (".by-state", ".by-state/Running", ".by-name"):
        with pytest.raises(IsADirectoryError):
            os.open(world.path(path), os.O_WRONLY)
        assert "Is a directory" in run(["cat", world.path(path)]).failed()
    with pytest.raises(NotADirectoryError):
        os.listdir(world.path(".sessions.tsv"))
    with pytest.raises(NotADirectoryError):
        os.rmdir(world.path(".by-name/etl"))
    with pytest.raises(OSError) as refused:
        os.readlink(world.path(".by-state"))
    assert refused.value.errno == errno.EINVAL
    with pytest.raises(OSError) as refused:
        os.open(world.path(".by-name/etl"), os.O_RDONLY | os.O_NOFOLLOW)
    assert refused.value.errno == errno.ELOOP


def test_walks_end_and_copy_links_as_links(world, tmp_path):
    found = run(["grep", "-rl", "Running", world.path()]).ok().split()
    assert world.path("sc-1/state") in found
    assert world.path(".sessions.tsv") in found
    assert not any("/.by-" in f for f in found)
    run(["cp", "-r", world.path(), tmp_path / "copy"]).ok()
    assert os.readlink(tmp_path / "copy/.by-name/etl") == "../sc-1"
    assert (tmp_path / "copy/.by-state/Running/sc-1/state").read_text() == \
        "Running\n"
    run(["rsync", "-a", "--exclude=.status", world.path() + "/",
         tmp_path / "other"]).ok()
    assert sorted(os.listdir(tmp_path / "other/.by-user/ada")) == [
        "sc-1", "sc-3"]
    tar = run(f"tar -c --exclude=.status . | tar -t", cwd=world.path()).ok()
    assert "./.by-phase/idle/sc-1\n" in tar
    assert run(["find", "-L", world.path(".by-name"), "-name", "state"]
               ).ok().count("\n") == 3
    run(["du", "-s", world.path()]).ok()
    run(["df", world.path(".by-state/Running")]).ok()


def test_numbers_of_groups_survive_a_restart(rig):
    world = World(rig, SELDOM)
    world.put("sc-1", "Running", "etl")
    world.put("sc-2", "Stopped", "old", "bob")
    world.start()

    def numbers():
        return {os.path.relpath(os.path.join(folder, n), world.path()):
                os.lstat(os.path.join(folder, n)).st_ino
                for view in VIEWS
                for folder, dirs, files in os.walk(world.path(view))
                for n in dirs + files}

    before = numbers()
    assert len(before) == 2 + 4 + 9 + 4
    folder = world.mount.folder
    world.mount.stop()
    world.start(folder=folder)
    assert numbers() == before


def test_who_works_in_a_group_sees_it_move(world):
    fd = os.open(world.path(".by-state/Running"), os.O_RDONLY)
    try:
        assert sorted(os.listdir(fd)) == ["sc-1", "sc-2"]
        world.put("sc-3", "Running", "old", "ada")
        eventually(lambda: sorted(os.listdir(fd)) == ["sc-1", "sc-2", "sc-3"])
        assert os.readlink("sc-3", dir_fd=fd) == "../../sc-3"
        world.put("sc-1", "Error", "etl", "ada")
        eventually(lambda: sorted(os.listdir(fd)) == ["sc-2", "sc-3"])
        with pytest.raises(FileNotFoundError):
            os.readlink("sc-1", dir_fd=fd)
    finally:
        os.close(fd)


def test_an_ordinary_user_has_them_too(rig, as_user):
    world = World(rig, SELDOM)
    world.put("sc-1", "Running", "etl")
    world.start(place=as_user)
    run_there = world.mount.run
    assert run_there(f"cat {world.path('.by-name/etl/state')}").ok() == \
        "Running\n"
    assert run_there(f"cut -f1 {world.path('.sessions.tsv')}").ok() == \
        "session\nsc-1\n"
    assert run_there(f"cat {world.path('sc-1/.wait/idle')}").ok() == \
        "Running\n"
    run_there(f"touch {world.path('.refresh')}").ok()
    run_there(f"echo x > {world.path('.sessions.tsv')}").failed()


def listed(folder):
    """Nothing, if it went before it was read to its end."""
    try:
        return set(os.listdir(folder))
    except OSError as e:
        assert e.errno in (errno.ENOENT, errno.ESTALE), e
        return set()


def test_listings_and_lookups_agree_while_sessions_move(rig):
    """Readers beside a churn: what a listing names and a stat finds are links,
    and when all is quiet the views say what the sessions say."""
    world = World(rig, FAST, ("--fill", "w-1=60", "--manual-clock")).start()
    names = [n for n in world.names() if n[0] not in ".n"]
    loop = subprocess.Popen(
        ["bash", "-c", "while :; do ls -lR .by-state .by-phase .by-user; cat "
         ".by-*/*/*/state .sessions.*; done > /dev/null 2>&1"],
        cwd=world.path(), start_new_session=True)
    try:
        for n in range(120):
            world.put(names[n % len(names)], sorted(OF_STATE)[n * 7 % 5],
                      f"label-{n % 11}", f"user-{n % 7}")
            for name in world.names(".by-user"):
                assert listed(world.path(".by-user", name)) <= set(names)
    finally:
        os.killpg(loop.pid, 9)
        loop.wait()
    truth = {}
    for record in world.emu.sessions("w-1"):
        truth.setdefault(record["state"], set()).add(
            record["sessionClusterId"])

    def shown():
        return {g: set(world.names(".by-state", g))
                for g in world.names(".by-state")}

    eventually(lambda: shown() == truth)
    for group, links in truth.items():
        for name in names:
            assert os.path.lexists(world.path(".by-state", group, name)) == (
                name in links)
    assert {r["session"]: r["state"] for r in world.rows()[1]} == {
        n: g for g, links in truth.items() for n in links}
