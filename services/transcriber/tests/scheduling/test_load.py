"""Load slows partials first, then shrinks the beam, then refuses sessions; rest undoes it."""

from math import inf

import pytest
from carabin.transcriber.scheduling.load import (
    LATE_SPECULATE_AFTER_S,
    MAX_CADENCE_S,
    MIN_CADENCE_S,
    SPECULATE_AFTER_S,
    LoadController,
)


def loaded(final_wait_s: float = 0.0, turnaround_s: float = 0.0) -> LoadController:
    load = LoadController()
    for _ in range(50):
        load.final_started(final_wait_s, now=0.0)
        load.partial_done(turnaround_s, now=0.0)
    return load


def test_at_ease_partials_come_fast_and_finals_use_the_full_beam() -> None:
    load = loaded(final_wait_s=0.01, turnaround_s=0.15)
    assert load.cadence_s() == MIN_CADENCE_S
    assert load.beam_size(0.0) == 5
    assert load.level(0.0) == 0


@pytest.mark.parametrize(
    ("final_wait_s", "turnaround_s", "level", "beam"),
    [(0.1, 0.8, 1, 5), (0.8, 0.8, 2, 2), (1.5, 2.0, 3, 1), (3.0, 2.0, 4, 1)],
)
def test_each_step_of_load_has_its_level(final_wait_s: float, turnaround_s: float, level: int, beam: int) -> None:
    load = loaded(final_wait_s, turnaround_s)
    assert load.level(0.0) == level
    assert load.beam_size(0.0) == beam


def test_partials_slow_down_with_their_turnaround_and_never_stop() -> None:
    assert loaded(turnaround_s=0.5).cadence_s() == pytest.approx(1.0, rel=0.01)
    assert loaded(turnaround_s=60).cadence_s() == MAX_CADENCE_S


def test_guesses_are_given_up_under_load() -> None:
    assert loaded(0.1).speculate_after_s(0.0) == SPECULATE_AFTER_S
    assert loaded(0.1, turnaround_s=0.8).speculate_after_s(0.0) == LATE_SPECULATE_AFTER_S
    assert loaded(1.0).speculate_after_s(0.0) == inf


def test_load_is_forgotten_in_silence() -> None:
    load = loaded(final_wait_s=3.0)
    assert load.level(0.0) == 4
    assert load.level(30.0) == 0
    assert load.retry_after_s(0.0) > load.retry_after_s(30.0) == 5.0
