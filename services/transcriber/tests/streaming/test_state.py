"""A session goes only the ways that are drawn."""

import itertools

import pytest
from carabin.transcriber.core.errors import IllegalTransition
from carabin.transcriber.streaming.state import TRANSITIONS, SessionState, next_state

from ..helpers.pipeline import Bench, loudness_vad, silence, speech

__all__ = ["loudness_vad"]


def test_each_pair_of_states_is_a_way_or_is_refused_by_name() -> None:
    assert set(TRANSITIONS) == set(SessionState)
    for now, to in itertools.product(SessionState, repeat=2):
        if to in TRANSITIONS[now]:
            assert next_state(now, to) is to
        else:
            with pytest.raises(IllegalTransition, match=f"from {now.value} to {to.value}"):
                next_state(now, to)


def test_nothing_follows_the_end_and_nothing_leads_back_to_the_beginning() -> None:
    assert not TRANSITIONS[SessionState.CLOSED]
    assert all(SessionState.CONFIGURED not in following for following in TRANSITIONS.values())


@pytest.mark.usefixtures("loudness_vad")
def test_a_session_goes_through_its_states() -> None:
    bench = Bench()
    seen = [bench.session.state]

    def note() -> None:
        if seen[-1] is not bench.session.state:
            seen.append(bench.session.state)

    bench.push(speech(1), silence(0.1), decode=False)
    note()
    bench.session.flush()
    note()
    bench.decode()
    note()
    bench.session.close()
    note()
    assert seen == [
        SessionState.CONFIGURED,
        SessionState.STREAMING,
        SessionState.FLUSHING,
        SessionState.STREAMING,
        SessionState.CLOSED,
    ]
    with pytest.raises(IllegalTransition, match="from closed to flushing"):
        bench.session.flush()
    bench.session.close()
