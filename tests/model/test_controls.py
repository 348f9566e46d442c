"""The model can be contradicted: each flaw that is planted turns it red."""
import urllib.request

import pytest

from harness import eventually
from model import Deviation
from play import Play

ROUNDS = 6


def rounds(play):
    try:
        for _ in range(ROUNDS):
            play.round()
    finally:
        play.end()


@pytest.fixture
def play(rig):
    plays = []

    def make(type, **how):
        plays.append(Play(rig, type, 1, patience_s=3, **how))
        return plays[-1]
    yield make
    for made in plays:
        made.end()


def test_a_change_that_the_model_was_not_told_of(play):
    p = play("alibaba", deaths=False)
    p.provider.emu.session(p.provider.room, {
        "sessionClusterId": p.living(), "state": "Surprising"})
    p.refresh()
    with pytest.raises(Deviation):
        p.checker.everything()


def test_a_session_that_the_model_was_not_told_of(play):
    p = play("alibaba", deaths=False)
    p.provider.emu.session(p.provider.room, p.provider.planted("sc-nobody"))
    p.refresh()
    p.checker.everything()
    with pytest.raises(Deviation, match="sc-nobody"):
        p.model.no_strangers()


def test_a_provider_that_goes_back(play):
    """It answers with the bytes of an older listing."""
    p = play("livy", deaths=False)
    url = p.provider.emu.url + "/livy/sessions?from=0&size=100"
    with urllib.request.urlopen(url, timeout=10) as answer:
        old = answer.read().decode()
    for _ in range(3):
        for id in p.model.there():
            p.provider.set(id)
    p.settle()
    p.provider.emu.fault(provider="livy", action="ListSessions", body=old,
                         times=-1)

    def contradicted():
        try:
            p.checker.everything()
        except Deviation:
            return True
    eventually(contradicted)


def test_a_daemon_that_does_not_tell_the_kernel(play):
    with pytest.raises((Deviation, AssertionError)):
        rounds(play("alibaba", deaths=False, flaws="untold"))


def test_a_daemon_that_does_not_keep_what_it_shows(play):
    with pytest.raises((Deviation, AssertionError)):
        rounds(play("alibaba", flaws="unkept"))
