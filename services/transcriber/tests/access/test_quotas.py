"""What one identity may ask for."""

import pytest
from carabin.transcriber.access.errors import IdentityLimit
from carabin.transcriber.access.quotas import AudioBudget, SessionCount


def test_real_time_speech_never_waits():
    budget = AudioBudget(rate=2.0, burst_s=10.0)
    assert [budget.take(0.25, now * 0.25) for now in range(400)] == [0.0] * 400


def test_burst_is_free_and_more_waits_until_it_is_earned():
    budget = AudioBudget(rate=2.0, burst_s=10.0)
    assert budget.take(10.0, 0.0) == 0.0
    assert budget.take(4.0, 0.0) == 2.0
    assert budget.take(0.0, 2.0) == 0.0


def test_budget_does_not_grow_beyond_the_burst():
    budget = AudioBudget(rate=2.0, burst_s=10.0)
    budget.take(0.0, 0.0)
    assert budget.take(12.0, 1e6) == 1.0


def test_sessions_are_counted_by_identity_and_given_back():
    count = SessionCount(limit=2)
    count.enter("ward-1")
    count.enter("ward-1")
    count.enter("ward-2")
    with pytest.raises(IdentityLimit, match="ward-1 has 2"):
        count.enter("ward-1")
    count.leave("ward-1")
    count.enter("ward-1")
