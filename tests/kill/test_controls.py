"""The accounting can fail: with a flaw planted in the daemon, the very cycles of
test_random.py find an offence."""
import pytest

from cycles import run_cycles
from harness import SLOW
from world import SECOND, TYPES

CYCLES = 10
LATE = ({"delay_ms": 1000 * SLOW},)
LOST = ({"drop": True, "after": True}, {"hang": True, "after": True},
        {"status": 500, "after": True})

# What is planted, and what is said of it.
CONTROLS = {
    # A power cut takes what was never synced.
    **{f"no-fsync-{type}": (type, {"flaws": "no-fsync", "power": 1})
       for type in TYPES},
    # Providers that know a token again do not mind.
    "resend-dli": ("dli", {"flaws": "resend", "power": 0, "again": 0,
                           "faults": LOST}),
    # What is on its way is taken for lost, for good.
    **{f"no-settle-{type}": (type, {"list_lag_ms": 10, "flaws": "final",
                                    "power": 0, "again": 0, "faults": LATE})
       for type in SECOND},
}
SAID = ("that nobody answers for", "a write that returned 0 made no session",
        "is no longer so")


@pytest.fixture(scope="module")
def started(crew):
    return {name: crew.start(run_cycles, type, 1, CYCLES, how)
            for name, (type, how) in CONTROLS.items()}


@pytest.mark.parametrize("name", CONTROLS)
def test_a_flaw_is_found(started, name):
    wrong = started[name].result()[1]
    assert any(said in what for what in wrong for said in SAID), wrong
