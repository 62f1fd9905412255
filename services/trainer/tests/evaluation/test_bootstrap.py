"""The confidence interval of a rate, where it is known without drawing or from the normal approximation."""

import pytest
from carabin.trainer.evaluation.bootstrap import interval
from carabin.trainer.evaluation.error_rates import Counts, corpus_rate


def test_an_interval_holds_the_rate_and_narrows_with_more_dictations() -> None:
    few = [Counts(number % 3, 10) for number in range(12)]
    low, high = interval(few)
    assert low < corpus_rate(few) < high
    narrow_low, narrow_high = interval(few * 20)
    assert narrow_high - narrow_low < (high - low) / 3
    assert interval(few) == (low, high)
    assert interval([]) == (0.0, 0.0)


def test_dictations_of_one_rate_leave_no_doubt() -> None:
    assert interval([Counts(3, 10)]) == (0.3, 0.3)
    assert interval([Counts(1, 4)] * 5) == (0.25, 0.25)


def test_a_dictation_is_drawn_whole_and_weighs_its_length() -> None:
    # One draw in four takes the first twice, one in four the second twice: both lie outside of the tails of 2.5 %.
    assert interval([Counts(10, 10), Counts(0, 90)]) == (0.0, 1.0)
    # Of a hundred dictations the two bounds lie within what is between them.
    low, high = interval([Counts(10, 10), *[Counts(0, 90)] * 99])
    assert 0.0 == low < high < 10 * 5 / (90 * 95)


def test_the_bounds_are_those_of_95_percent() -> None:
    # 400 words, half of them wrong, each a dictation: 1.96 standard errors of sqrt(0.25 / 400) = 0.025.
    low, high = interval([Counts(number % 2, 1) for number in range(400)])
    assert low == pytest.approx(0.5 - 0.049, abs=0.005)
    assert high == pytest.approx(0.5 + 0.049, abs=0.005)


def test_words_written_where_none_were_said_are_counted_against_one() -> None:
    assert interval([Counts(2, 0)]) == (2.0, 2.0)
