"""The daemon dies at each step of the journal, once for each provider; a twin of
each loses besides what was not on the medium, as when the power goes.

A step is a row of STEPS: add its name, and what has to come of the request.
"""
import errno
import os
import threading
import time

import pytest

from harness import SLOW, eventually
from world import DIED, TYPES, World

# What becomes of the request, by whether the power went too: None, there is none.
STEPS = [
    ("sent.write", None, None),
    ("sent.synced", "failed", "failed"),
    ("create.send", "failed", "failed"),
    ("create.answer", "done", "done"),
    ("created.write", "done", "done"),
    ("created.synced", "done", "done"),
    ("starting.write", "done", "done"),
    ("starting.synced", "done", "done"),
    ("start.send", "done", "done"),
    ("start.answer", "done", "done"),
    ("done.write", "done", "done"),
    ("done.synced", "done", "done"),
    ("failed.write", "failed", "failed"),
    ("failed.synced", "failed", "failed"),
]
TWO_STEPS = ("alibaba",)  # create, then start


def cases():
    return [(type, step, after, cut) for type in TYPES
            for step, plain, powerless in STEPS
            for cut, after in ((False, plain), (True, powerless))
            if type in TWO_STEPS or not step.startswith("start")]


def names(case):
    return "-".join((case[0], case[1], "power" if case[-1] else "kill"))


def die_at_a_step(rig, type, step, after, cut):
    w = World(rig, type, deadline="10s")
    w.start(kill=step)
    w.requests()
    if step.startswith("failed"):
        w.emu.fault(provider=type, action=w.row.create, status=400)
    made = w.write("kill-1")
    assert made.errno in DIED, made
    w.until_dead()
    if cut:
        w.power_cut()
    w.start()
    requests = w.settled()
    assert w.offences(requests) == []
    assert [r.state for r in requests] == ([after] if after else [])
    assert len(w.sessions()["kill-1"]) == (after == "done")
    # The same again is another one.
    assert w.write("kill-2").errno == 0
    assert w.offences(w.settled()) == []


@pytest.fixture(scope="module")
def started(crew, request):
    """The jobs of all tests that were chosen, by their cases."""
    chosen = [item.callspec.params["case"] for item in request.session.items
              if item.path == request.path and "case" in getattr(
                  item, "callspec", NO_PARAMS).params]
    return {case: crew.start(*case) for case in chosen}


class NO_PARAMS:
    params = {}


@pytest.mark.parametrize(
    "case", [(die_at_a_step, *case) for case in cases()],
    ids=[names(case) for case in cases()])
def test_a_create_dies_at(started, case):
    started[case].result()


# ---- creates of which nobody can tell what became ----

def die_unknown(rig, type, step, cut):
    """Two ask for the same, both answers are lost, and one session is there."""
    w = World(rig, type, deadline="400ms")
    w.start(kill=step)
    w.requests()
    w.emu.fault(provider=type, action=w.row.list, status=500, times=-1)
    w.emu.fault(provider=type, action=w.row.create, drop=True, after=True)
    assert w.write("kill-1").errno == errno.ETIMEDOUT
    w.emu.fault(provider=type, action=w.row.create, drop=True, times=-1)
    assert w.write("kill-1").errno == errno.ETIMEDOUT
    w.emu.no_faults()
    w.until_dead()
    if cut:
        w.power_cut()
    w.start()
    requests = w.settled()
    assert w.offences(requests) == []
    assert [r.state for r in requests] == ["unknown"] * 2
    assert len(w.sessions()["kill-1"]) == 1
    adopted, abandoned = requests
    session = w.sessions()["kill-1"][0]
    assert w.resolve(adopted, f"adopt {session}") == 0
    assert w.resolve(abandoned, f"adopt {session}") == errno.EBUSY
    assert w.resolve(abandoned, "abandon") == 0
    requests = w.settled()
    assert {r.state for r in requests} == {"done", "abandoned"}
    assert w.offences(requests) == []


def lose_two(rig, type, cut):
    """A world where two asked for the same, the first has made a session, and
    nobody knows whose it is; and both requests."""
    w = World(rig, type, deadline="400ms")
    w.start()
    w.requests()
    w.emu.fault(provider=type, action=w.row.list, status=500, times=-1)
    w.emu.fault(provider=type, action=w.row.create, drop=True, after=True)
    w.emu.fault(provider=type, action=w.row.create, drop=True, times=-1)
    for _ in range(2):
        assert w.write("kill-1").errno == errno.ETIMEDOUT
    w.mount.kill()
    w.emu.no_faults()
    if cut:
        w.power_cut()
    w.start()
    requests = w.settled()
    assert [r.state for r in requests] == ["unknown"] * 2
    assert len(w.sessions()["kill-1"]) == 1
    return w, sorted(requests, key=lambda r: r.rid)


def retry_unknown(rig, type, cut):
    """A provider that knows the token again makes no second one."""
    w, requests = lose_two(rig, type, cut)
    for request in requests:
        assert w.resolve(request, "retry") == 0
    requests = w.settled()
    assert [r.state for r in requests] == ["done"] * 2
    assert len(w.sessions()["kill-1"]) == 2
    assert w.offences(requests) == []


def adopt_and_retry(rig, type, cut):
    """What one was given by hand is not the other's too, whoever made it."""
    w, (first, second) = lose_two(rig, type, cut)
    session, = w.sessions()["kill-1"]
    assert w.resolve(second, f"adopt {session}") == 0
    assert w.resolve(first, "retry") == errno.ETIMEDOUT
    w.mount.kill()
    if cut:
        w.power_cut()
    w.start()
    requests = w.settled()
    states = {r.rid: (r.state, r.session) for r in requests}
    assert states == {first.rid: ("unknown", None),
                      second.rid: ("done", session)}
    assert w.offences(requests) == []


UNKNOWN = [(die_unknown, type, step, cut) for type in ("alibaba", "dli")
           for step in ("unknown.write", "unknown.synced", "unknown.synced:2")
           for cut in (False, True)]


RETRIED = [(job, type, cut) for job in (retry_unknown, adopt_and_retry)
           for type in ("emr", "emr-serverless") for cut in (False, True)]


@pytest.mark.parametrize(
    "case", RETRIED, ids=[
        f"{job.__name__}-{type}-{'power' if cut else 'kill'}"
        for job, type, cut in RETRIED])
def test_what_is_unknown_is_retried_once(started, case):
    started[case].result()


@pytest.mark.parametrize("case", UNKNOWN,
                         ids=[names(case[1:]) for case in UNKNOWN])
def test_what_is_unknown_dies_at(started, case):
    started[case].result()


# ---- a token that is used again ----

def die_in_a_repeat(rig):
    """What was sent last may come so much later, not what was sent first."""
    settle_s = 2 * SLOW
    w = World(rig, "emr-serverless", list_lag_ms=1000 * settle_s)
    w.start()
    w.requests()
    began = time.monotonic()
    w.emu.fault(provider=w.type, action=w.row.create, drop=True, times=-1)
    assert w.write("kill-1", token="t-1").errno == errno.ETIMEDOUT
    w.emu.no_faults()
    w.emu.fault(provider=w.type, action=w.row.create,
                delay_ms=750 * settle_s, times=-1)
    eventually(lambda: time.monotonic() > began + settle_s * .75)
    sent = w.emu.count(w.row.create, w.type)
    writer = threading.Thread(target=w.write, args=("kill-1", None, "t-1"))
    writer.start()
    eventually(lambda: w.emu.count(w.row.create, w.type) > sent)
    w.mount.kill()
    writer.join()
    w.start()
    requests = w.settled()
    assert [r.state for r in requests] == ["done"]
    assert w.offences(requests) == []


REPEAT = (die_in_a_repeat,)


@pytest.mark.parametrize("case", [REPEAT], ids=["emr-serverless"])
def test_a_repeat_dies(started, case):
    started[case].result()


# ---- verbs ----

VERB_STEPS = [("sent.write", None), ("sent.synced", "failed"),
              ("verb.send", "failed"), ("verb.answer", "done"),
              ("done.write", "done"), ("done.synced", "done")]


def die_at_a_verb(rig, type, step, after, cut):
    w = World(rig, type, deadline="10s")
    w.start()
    made = w.write("kill-1", read=True)
    assert made.errno == 0
    name = made.answer["path"].split("/")[-1]
    place = os.path.join(w.room_dir(w.rooms[0]), name)

    def state():
        with open(place + "/state") as f:
            return f.read().strip()
    eventually(lambda: state() in w.row.up)
    w.mount.stop()
    w.written_back()
    w.start(kill=step)
    eventually(lambda: state() in w.row.up)
    with pytest.raises(OSError) as died:
        with open(place + "/ctl", "w") as f:
            f.write(w.row.end)
    assert died.value.errno in DIED
    w.until_dead()
    if cut:
        w.power_cut()
    w.start()
    verbs = [r for r in w.settled() if not r.spec.startswith("{")]
    assert [r.state for r in verbs] == ([after] if after else [])
    assert all(r.error for r in verbs if r.state == "failed")
    if after == "done":
        eventually(lambda: state() == w.row.ended)
    else:
        assert state() in w.row.up


VERBS = [(die_at_a_verb, type, step, after, cut)
         for type in ("alibaba", "emr-serverless")
         for step, after in VERB_STEPS for cut in (False, True)]


@pytest.mark.parametrize("case", VERBS,
                         ids=[names(case[1:]) for case in VERBS])
def test_a_verb_dies_at(started, case):
    started[case].result()
