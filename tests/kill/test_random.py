"""Kills at random moments.  KILL_COUNT says how many, KILL_SEED brings back those
of a run that printed it."""
import collections
import os
import time

from cycles import run_cycles
from world import TYPES

COUNT = int(os.environ.get("KILL_COUNT") or 200)
CYCLES = 10  # over one state


def table(figures, seconds, seed):
    """Lines of figures, each with its name."""
    rows = [("seed", seed), ("seconds", round(seconds))]
    rows += sorted(figures.items())
    return "\n".join(f"  {name:22} {value:>8}" for name, value in rows)


def show(text):
    """To the screen, which tests/run hands on as 3."""
    if "REPORT_LABEL" in os.environ:
        os.write(3, text.encode() + b"\n")
    print(text)


def test_random_kills(crew):
    seed = int(os.environ.get("KILL_SEED") or time.time())
    show(f"KILL_SEED={seed} KILL_COUNT={COUNT}")
    began = time.monotonic()
    jobs = []
    for at in range(0, COUNT, CYCLES):
        n = len(jobs)
        jobs.append(crew.start(
            run_cycles, TYPES[n % len(TYPES)], seed + n,
            min(CYCLES, COUNT - at), {"patient": n // len(TYPES) % 3 == 2}))
    figures, wrong = collections.Counter(), []
    for job in jobs:
        some, offences = job.result()
        figures += some
        wrong += offences
    show(table(figures, time.monotonic() - began, seed))
    assert not wrong, "\n".join(wrong)
    assert figures["kills"] >= COUNT
    assert figures["request done"] and figures["request failed"]
