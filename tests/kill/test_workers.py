"""Workers of a mount with a keeper, killed at random moments and at named points.
KILL_COUNT says how many, KILL_SESSIONS how many other sessions there are, and
KILL_SEED brings back those of a run that printed it."""
import collections
import os
import time

import pytest

from shift import run_shift, run_step, table
from test_random import show

COUNT = int(os.environ.get("KILL_COUNT") or 200)
KILLS = 25  # of one mount
DEATHS = 3
# Where a worker dies, and the how manieth time that it comes there.
STEPS = ("request.read:150", "reply.before:150", "reply.after:150",
         "change.stored:3", "content.told:200", "event.made:60",
         "request.named:2", "sent.write:2", "sent.synced:2", "create.send:2",
         "create.answer:2", "done.write:2", "done.synced:2")


def test_random_kills_of_workers(crew):
    seed = int(os.environ.get("KILL_SEED") or time.time())
    show(f"KILL_SEED={seed} KILL_COUNT={COUNT}")
    jobs = [crew.start(run_shift, seed + n, KILLS)
            for n in range((COUNT + KILLS - 1) // KILLS)]
    tally, pauses, wrong = collections.Counter(), [], []
    for job in jobs:
        some, more, offences = job.result()
        tally += some
        pauses += more
        wrong += offences
    show(table(tally, pauses, seed))
    assert not wrong, "\n".join(wrong)
    assert tally["kills"] >= COUNT
    assert not tally["failed"]
    assert tally["write 0"] and tally["events"] and tally["polls"]
    assert tally["upgrades"]


@pytest.fixture(scope="module")
def stepped(crew):
    return {step: crew.start(run_step, 1, step, DEATHS) for step in STEPS}


@pytest.mark.parametrize("step", STEPS)
def test_a_worker_that_dies_at_a_step(stepped, step):
    tally, _, wrong = stepped[step].result()
    assert not wrong, "\n".join(wrong)
    assert tally["reads"]


# What a worker that takes over does not do, where the one before it died, and what is
# said of it.
CONTROLS = {
    "unresent": ("request.read:150", "waits for ever"),
    "unmasked": ("create.answer:2", "errno"),
    "unremembered": ("create.answer:2", "errno"),
}


@pytest.fixture(scope="module")
def flawed(crew):
    return {flaw: crew.start(run_step, 1, step, 3, flaw)
            for flaw, (step, _) in CONTROLS.items()}


@pytest.mark.parametrize("flaw", CONTROLS)
def test_a_flaw_of_a_worker_is_found(flawed, flaw):
    wrong = flawed[flaw].result()[2]
    assert any(CONTROLS[flaw][1] in what for what in wrong), wrong
