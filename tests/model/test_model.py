"""Random operations on real mounts, against the model.

MODEL_SEED brings back the acts of a run that printed it; MODEL_COUNT says how many
operations there are to be at least, over all providers.
"""
import collections
import os
import time
import traceback

from harness import LONG, LONG_S
from play import Play
from test_random import show, table
from world import TYPES

COUNT = int(os.environ.get("MODEL_COUNT") or 0)
ROUNDS = 12
# Each provider is played with a daemon that dies, and with one that lives on, whose
# memory and descriptors are looked at, and whose listings have several pages.
WORLDS = [(type, dies, 100 if dies else 5)
          for type in TYPES for dies in (True, False)]
SECONDS = LONG_S * 4 / len(WORLDS) if LONG else 0
# What may come on top of what a daemon had after a third of its life.
RSS_KIB, RSS_SHARE, FDS = 8192, 1.1, 16


def grown(usage):
    """What a daemon has more of than it had: a sentence, or None."""
    early, late = usage[:len(usage) // 3 + 1], usage[-1]
    rss, fds = (max(column) for column in zip(*early))
    if late[0] > rss * RSS_SHARE + RSS_KIB or late[1] > fds + FDS:
        return f"(KiB, descriptors) have grown: {usage}"
    return None


def play_one(rig, type, seed, dies, page_max, count):
    """(figures, what is wrong)"""
    play = Play(rig, type, seed, dies, page_max)
    end = time.monotonic() + SECONDS
    wrong = None
    try:
        rounds = 0
        while rounds < ROUNDS or play.count() < count or \
                time.monotonic() < end:
            play.round()
            rounds += 1
        play.close()
        wrong = None if dies else grown(play.usage)
    except Exception:
        wrong = traceback.format_exc()
    play.end()
    return play.figures(), wrong and f"{type}, seed {seed}: {wrong}"


def test_the_mount_shows_what_the_model_allows(crew):
    seed = int(os.environ.get("MODEL_SEED") or time.time())
    show(f"MODEL_SEED={seed}")
    began = time.monotonic()
    jobs = [crew.start(play_one, type, seed + n, dies, page_max,
                       COUNT // len(WORLDS))
            for n, (type, dies, page_max) in enumerate(WORLDS)]
    figures, wrong = collections.Counter(), []
    for job in jobs:
        some, what = job.result()
        figures += some
        wrong += [what] if what else []
    show(table(figures, time.monotonic() - began, seed))
    assert not wrong, "\n".join(wrong)
    assert figures["kills"] and figures["operations"] >= COUNT
