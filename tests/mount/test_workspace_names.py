"""A section's .by-name: its workspaces as links, by the provider's names for them
and by those that the section gives."""
import os

import pytest

from harness import eventually, run
from inotify import IN_CREATE, IN_DELETE, Watcher

FAST = {"sessionfs": {"refresh": "100ms", "window": "2s"}}


@pytest.fixture
def emu(emulator):
    made = emulator()
    for name, label in (("w-1", "etl"), ("w-2", "etl"), ("w-3", "a/b"),
                        ("w-4", "")):
        made.workspace(name, record={"workspaceName": label})
    made.session("w-1", {"sessionClusterId": "sc-1", "state": "Running"})
    return made


def links(mount, section="alibaba"):
    view = os.path.join(mount.path, section, ".by-name")
    return {name: os.readlink(os.path.join(view, name))
            for name in os.listdir(view)}


def test_they_lead_to_workspaces_by_the_providers_names(emu, mount):
    m = mount(emu)
    assert links(m) == {"etl": "../w-1", "etl~2": "../w-2", "a%2Fb": "../w-3"}
    view = os.path.join(m.path, "alibaba", ".by-name")
    assert m.read(view, "etl", "sc-1", "state") == "Running\n"
    assert os.path.samefile(os.path.join(view, "etl"), m.ws("w-1"))
    assert not os.path.lexists(os.path.join(view, "w-4"))
    assert run(["ls", "-l", view]).ok().count(" -> ../w-") == 3
    for change in ("rm -f etl", "ln -s ../w-4 four", "mv etl etl2",
                   "rmdir ../.by-name", "mkdir new"):
        refused = run(change, cwd=view, env={"LC_ALL": "C"})
        assert "Operation not permitted" in refused.failed(), change
    assert emu.count("ListWorkspaces") == 1


def test_a_look_into_them_waits_for_the_first_list(emu, mount):
    emu.fault(action="ListWorkspaces", times=-1, status=403, code="Forbidden",
              message="no")
    m = mount(emu, config=FAST)
    path = os.path.join(m.path, "alibaba", ".by-name", "etl")
    refused = run(["ls", path + "/"], env={"LC_ALL": "C"})
    assert "Permission denied" in refused.failed()
    emu.no_faults()
    eventually(lambda: run(["ls", path + "/"]).status == 0)


def test_the_section_names_them(emu, mount):
    m = mount(emu, config={"alibaba": {"names": "w-1: one; w-4: four/4",
                                       "name": "main"}})
    assert links(m) == {"one": "../w-1", "main": "../w-2", "main~2": "../w-3",
                        "four%2F4": "../w-4"}
    assert "names = w-1: one; w-4: four/4" in m.read(".sessionfs", "config")


def test_without_views_they_are_not_there(emu, mount):
    m = mount(emu, config={"alibaba": {"views": "false", "name": "main"}})
    assert set(os.listdir(os.path.join(m.path, "alibaba"))) == {
        ".status", ".refresh", "w-1", "w-2", "w-3", "w-4"}
    assert not os.path.lexists(os.path.join(m.path, "alibaba", ".by-name"))


def test_they_move_with_the_names(emu, mount):
    m = mount(emu, config=FAST)
    view = os.path.join(m.path, "alibaba", ".by-name")
    refresh = os.path.join(m.path, "alibaba", ".refresh")
    assert set(links(m)) == {"etl", "etl~2", "a%2Fb"}
    watcher = Watcher()
    watcher.add(view, IN_CREATE | IN_DELETE)
    try:
        emu.workspace("w-1", record={"workspaceName": "main"})
        run(["touch", refresh]).ok()
        eventually(lambda: watcher.count(IN_CREATE, view, "main"))
        eventually(lambda: watcher.count(IN_DELETE, view, "etl"))
        assert links(m) == {"main": "../w-1", "etl~2": "../w-2",
                            "a%2Fb": "../w-3"}
        emu.control("DELETE", "workspace?provider=alibaba&workspace=w-2")
        eventually(lambda: run(["touch", refresh]).status == 0 and
                   watcher.count(IN_DELETE, view, "etl~2"))
        assert links(m) == {"main": "../w-1", "a%2Fb": "../w-3"}
        assert watcher.total() == 3, watcher.events
    finally:
        watcher.close()


def test_a_livy_server_has_a_name_without_a_colon(emulator, mount):
    emu = emulator()
    place = emu.url.removeprefix("http://")
    emu.session("livy", {"id": 7, "state": "idle"}, provider="livy")
    m = mount(config={
        "main": {"type": "livy", "url": f"{emu.url}/livy", "name": "main"},
        "more": {"type": "livy", "url": f"{emu.url}/livy",
                 "names": f"{place}%2Flivy: a:b"},
        "id": {"type": "livy", "url": f"{emu.url}/livy",
               "names": f"{place}/livy: by id"},
        "none": {"type": "livy", "url": f"{emu.url}/livy"}})
    assert links(m, "main") == {"main": f"../{place}%2Flivy"}
    assert links(m, "more") == {"a:b": f"../{place}%2Flivy"}
    assert links(m, "id") == {"by id": f"../{place}%2Flivy"}
    assert links(m, "none") == {}
    assert m.read(m.path, "main", ".by-name", "main", "7", "state") == "idle\n"
