"""examples/policies: each policy allows what sessionfs calls and nothing else,
and a permission that is missing is named."""
import errno
import json
import os

import pytest

import harness
from harness import eventually
from test_providers import ROWS, each, fill, world  # noqa: F401

POLICIES = os.path.join(harness.ROOT, "examples/policies")
WITH_POLICY = [row for row in ROWS if row.type not in ("dli", "livy")]
# What else a role has to allow, which is no call of ours.
OF_OTHERS = {"iam:PassRole"}


def policy(name):
    """The permissions that a file gives."""
    with open(os.path.join(POLICIES, name + ".json")) as file:
        told = json.load(file)
    if "includedPermissions" in told:
        return set(told["includedPermissions"])
    found = set()
    for statement in told["Statement"]:
        assert statement["Effect"] == "Allow"
        actions = statement["Action"]
        found |= {actions} if isinstance(actions, str) else set(actions)
    return found - OF_OTHERS


def action(permission):
    """The emulator's name of the call that needs it."""
    verb = permission.rpartition(":")[2]
    if not verb.startswith("dataproc."):
        return verb
    verb = verb.rpartition(".")[2]
    return verb.capitalize() + ("Sessions" if verb == "list" else "Session")


def look(w):
    """Reads all that can be read."""
    os.listdir(os.path.join(w.mount.path, "cloud"))
    # Only one that runs has an endpoint.
    name = next(n for n in sorted(w.names()) if w.state(n) in w.row.up)
    for file in w.row.files:
        if file != "ctl":
            w.mount.read(w.path(name, file))
    # A session that listings leave out is asked for by itself.
    victim = sorted(w.names())[-1]
    w.emu.remove(w.room, victim, w.row.type)
    eventually(lambda: victim not in w.names(), timeout=30)


def change(w):
    """Does all that can be done."""
    name = w.create()
    w.until_up(name)
    if w.row.type == "alibaba":
        assert w.write("stop", name, "ctl") == 0
        eventually(lambda: w.state(name) == "Stopped", timeout=30)
        assert w.write("start", name, "ctl") == 0
        return
    assert w.write("terminate", name, "ctl") == 0
    eventually(lambda: w.state(name) == w.row.ended, timeout=30)
    if w.row.type == "emr-serverless":
        # Not while there are sessions, but it is asked.
        w.write("stop", ".ctl")
        w.write("start", ".ctl")
    if w.row.type == "dataproc":
        assert w.write("delete", name, "ctl") == 0


def called(w):
    return {name for name, count in w.emu.counts(w.row.type).items() if count}


@each(WITH_POLICY)
def test_a_read_only_policy_allows_what_is_read(world, row):  # noqa: F811
    w = world(row, *fill(row, 12), read_only="true")
    look(w)
    allowed = {action(p) for p in policy(row.type + "-read-only")}
    assert called(w) == allowed


@each(WITH_POLICY)
def test_a_policy_allows_what_is_done(world, row):  # noqa: F811
    w = world(row, *fill(row, 12))
    look(w)
    change(w)
    allowed = {action(p) for p in policy(row.type + "-read-write")}
    assert called(w) == allowed
    assert policy(row.type + "-read-only") < policy(row.type + "-read-write")


@pytest.mark.parametrize("row, permission", [
    pytest.param(row, permission, id=permission) for row in WITH_POLICY
    for permission in sorted(policy(row.type + "-read-write"))])
def test_a_permission_that_is_missing_is_named(
        world, row, permission):  # noqa: F811
    w = world(row, *fill(row, 12))
    w.emu.fault(provider=row.type, action=action(permission), times=-1,
                status=403, message="the test does not allow it")
    said = ""
    for what in (look, change):
        try:
            what(w)
        except (OSError, AssertionError):
            pass
        said += told(w)
        if f"needs {permission}," in said:
            return
    pytest.fail(said)


def told(w):
    """What stands in the files that tell of errors."""
    paths = [os.path.join(w.mount.path, "cloud/.status"), w.path(".status"),
             w.path(".last_error")]
    return "".join(w.mount.read(path) for path in paths
                   if os.path.exists(path))


def test_each_file_is_told_of():
    with open(os.path.join(POLICIES, "README.md")) as file:
        text = file.read()
    for path in os.listdir(POLICIES):
        kind = path.replace("read-only", "*").replace("read-write", "*")
        assert path in text or kind in text or path == "README.md", path


@pytest.mark.parametrize("provider", ["alibaba", "dataproc"])
def test_a_denied_create_is_eacces(world, provider):  # noqa: F811
    row = next(row for row in ROWS if row.type == provider)
    w = world(row, *fill(row, 1))
    w.emu.fault(provider=row.type, action=row.create, times=-1, status=403)
    assert w.write(json.dumps(row.spec), "new") == errno.EACCES
