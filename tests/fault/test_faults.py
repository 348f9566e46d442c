"""Each fault of the table, at each provider: what is asked for fails as it should and
in time, what is known stays readable meanwhile, no create is lost or made twice, and
all is right again soon after.

By default each provider has a part of the faults, and each fault some providers; by
--long each has all, and the figures are shown."""
import errno
import os
import re
import time
import traceback

import pytest

from faults import FAULTS
from harness import LONG, SLOW, eventually
from place import Place
from test_random import show
from world import TYPES

# FAULT=REGEX: these alone, at all providers.
ONLY = os.environ.get("FAULT")
SHARE = 1 if LONG or ONLY else 3
READ_S = 1  # a bound on what never asks the provider


def faults_of(type):
    return [fault for fault in FAULTS[TYPES.index(type) % SHARE::SHARE]
            if not ONLY or re.search(ONLY, fault.name)]


def word(number):
    return errno.errorcode[number] if number else "0"


def go_through(place, fault):
    """What it was like; whatever was not as it should be is an AssertionError."""
    before = place.shown()
    fault.hurt(place)
    failed, took = place.refresh()
    began = time.monotonic()
    during, told = place.shown(), place.status()
    read_s = time.monotonic() - began
    made = place.write(place.next_mark()).errno
    place.heal()
    began = time.monotonic()
    eventually(lambda: place.refresh()[0] == 0, 60)
    back = time.monotonic() - began
    line = (f"{place.type:15} {fault.name:28} {word(failed):13} {took:5.2f} s  "
            f"create {word(made):13} back in {back:5.2f} s")
    assert failed in fault.errnos, line
    assert took < fault.within * SLOW, line
    assert re.search(fault.says, told), f"{line}\n{told}"
    assert during == before and read_s < READ_S * SLOW, line
    assert made in fault.create, line
    assert back < fault.back * SLOW, line
    after = place.shown()
    assert before.items() <= after.items(), (line, before, after)
    return line


def all_of(rig, type):
    """({name of the fault: None or what was wrong}, the lines of all, what is wrong
    with the creates)"""
    rig.guard.cancel()  # the suite has an end of its own
    place = Place(rig, type)
    wrong, lines = {}, []
    for fault in faults_of(type):
        try:
            lines.append(go_through(place, fault))
            wrong[fault.name] = None
        except Exception:
            wrong[fault.name] = traceback.format_exc()
            place.heal()
            eventually(lambda: place.refresh()[0] == 0, 60)
    offences = place.offences(place.settled(60))
    place.door.close()
    return wrong, lines, offences


@pytest.fixture(scope="module")
def started(crew):
    return {type: crew.start(all_of, type) for type in TYPES}


@pytest.mark.parametrize("type,fault", [
    (type, fault.name) for type in TYPES for fault in faults_of(type)])
def test_a_fault_is_survived(started, type, fault):
    wrong = started[type].result()[0][fault]
    assert wrong is None, wrong


@pytest.mark.parametrize("type", TYPES)
def test_every_create_is_accounted_for(started, type):
    _, lines, offences = started[type].result()
    if LONG or ONLY:
        show("\n".join(lines))
    assert not offences


def test_the_table_is_large_enough():
    assert len({fault.name for fault in FAULTS}) == len(FAULTS) >= 40


def lost_answers(rig, flaws):
    """What the accounting says after some."""
    rig.guard.cancel()
    place = Place(rig, "dli", flaws)
    place.fault(drop=True, after=True)
    for _ in range(3):
        place.write(place.next_mark())
    place.heal()
    eventually(lambda: place.refresh()[0] == 0, 60)
    offences = place.offences(place.settled(60))
    place.door.close()
    return offences


def test_the_accounting_can_fail(crew):
    """With a daemon that sends again what may have been done."""
    flawed = crew.start(lost_answers, "resend")
    assert crew.start(lost_answers, "").result() == []
    assert any("that nobody answers for" in what for what in flawed.result())
