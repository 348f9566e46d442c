"""Each rule of the accounting has something that offends it."""
import errno

import pytest

from world import Account, Request, Wrote


def w(failed=0, **more):
    return Wrote("kill-1", failed, **more)


def r(state="done", session=None, rid="r"):
    return Request(rid, "w-1", state, "", session, "")


A, B = r(session="a"), r(session="b", rid="s")
LOST, DIED = w(errno.ETIMEDOUT), w(errno.ECONNABORTED)
ANSWER = {"request": "r", "session": "a"}

GOOD = {
    "nothing": ([], [], []),
    "made": ([w(answer=ANSWER)], [A], ["a"]),
    "made twice": ([w(), w()], [A, B], ["b", "a"]),
    "lost and found": ([LOST], [A], ["a"]),
    "lost and absent": ([LOST], [r("failed")], []),
    "died before it was written": ([DIED], [], []),
    "unknown that ran": ([LOST], [r("unknown")], ["a"]),
    "unknown that did not": ([LOST], [r("unknown")], []),
    "abandoned that ran": ([w(errno.EINTR)], [r("abandoned")], ["a"]),
    "refused": ([w(errno.EINVAL)], [r("failed")], []),
    "never whole": ([w(whole=False)], [], []),
    "a token twice": ([w(token="t"), w(token="t")], [A], ["a"]),
}
BAD = {
    "a request is done without a session": ([w()], [A], ["b"]),
    "two requests claim one session":
        ([w(), w()], [A, r(session="a", rid="s")], ["a", "b"]),
    "fewer sessions than requests": ([w(), w()], [A, B], ["a"]),
    "sessions that nobody answers for": ([w(), LOST], [A], ["a", "b"]),
    "a token made more than one session":
        ([w(token="t"), w(token="t")], [A, B], ["a", "b"]),
    "a write that returned 0 made no": ([w()], [r("unknown")], ["a"]),
    "behind an error that says there is none":
        ([w(errno.EUSERS)], [A], ["a"]),
    "a refusal that no request tells of": ([w(errno.EINVAL)], [], []),
    "a request that nobody wrote": ([], [r("failed")], []),
    "what was answered is no longer so": ([w(answer=ANSWER)], [B], ["b"]),
}


@pytest.mark.parametrize("name", GOOD)
def test_no_offence(name):
    assert list(Account(*GOOD[name]).offences()) == []


@pytest.mark.parametrize("said", BAD)
def test_offence(said):
    assert any(said in what for what in Account(*BAD[said]).offences())
