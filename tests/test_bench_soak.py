"""The soak's judgement: a level that is reached and stays is no growth, and what grows slowly for an hour is."""

import math
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "bench"))

from soak_judge import FEWEST_MINUTES, Look, by_minute, judged_at_rest, judged_under_load

EVERY_S = 5.0


def looks(
    minutes: int = 60,
    heap: Callable[[float], float] = lambda _: 160.0,
    resident: Callable[[float], float] = lambda _: 550.0,
    threads: Callable[[float], float] = lambda _: 21.0,
    files: Callable[[float], float] = lambda _: 35.0,
) -> list[Look]:
    """A run whose series are functions of the minute, under what a soak always has: a second model for some seconds of
    each minute, audio that waits, connections that come and go."""
    rng = np.random.default_rng(3)
    found = []
    for i in range(int(minutes * 60 / EVERY_S)):
        minute = (i + 1) * EVERY_S / 60
        swapping = (i % 12) < 4
        found.append(
            Look(
                minute * 60,
                heap(minute) + 110 * swapping + rng.gamma(2, 15),
                resident(minute) + 120 * swapping + rng.gamma(2, 20),
                round(threads(minute)) + 2 * swapping,
                round(files(minute) + rng.integers(0, 8)),
            )
        )
    return found


def failed(series: list[Look]) -> set[str]:
    return {what for what, held, _ in judged_under_load(series) if not held}


def test_a_level_with_its_noise_is_no_growth() -> None:
    assert len(judged_under_load(looks())) == 4
    assert failed(looks()) == set()
    assert failed(looks(minutes=20)) == set()


def test_what_is_reached_in_the_warm_up_and_stays_is_no_growth() -> None:
    """As an hour on a loaded machine showed it: 447 MB at first, 777 MB from minute 20 on."""
    reached = looks(resident=lambda minute: 777 - 330 * math.exp(-minute / 6), threads=lambda m: 20 + 4 * (m > 15))
    assert failed(reached) == set()


def test_one_high_minute_or_a_busy_end_is_no_growth() -> None:
    assert failed(looks(heap=lambda minute: 160 + 400 * (30 <= minute < 32))) == set()
    assert failed(looks(heap=lambda minute: 160 + 100 * (minute > 55))) == set()


@pytest.mark.parametrize(
    ("grows", "what"),
    [
        ({"heap": lambda minute: 160 + 1.0 * minute}, "heap in use under load"),
        ({"resident": lambda minute: 550 + 3.0 * minute}, "resident memory under load"),
        ({"threads": lambda minute: 20 + minute / 8}, "threads under load"),
        ({"files": lambda minute: 35 + minute / 3}, "open files under load"),
    ],
)
def test_what_grows_with_every_minute_fails(grows: dict[str, Callable[[float], float]], what: str) -> None:
    assert failed(looks(**grows)) == {what}


def test_a_leak_that_begins_behind_the_warm_up_fails() -> None:
    assert failed(looks(heap=lambda minute: 160 + 2.0 * max(0.0, minute - 25))) == {"heap in use under load"}


def test_a_sentence_has_the_figures() -> None:
    [detail] = [detail for _, held, detail in judged_under_load(looks(heap=lambda minute: 160 + minute)) if not held]
    assert detail.startswith("+3")
    assert detail.endswith("more are allowed")
    assert " in 39 minutes " in detail or " in 40 minutes " in detail


def test_a_short_run_judges_nothing_under_load() -> None:
    assert judged_under_load(looks(minutes=6)) == []
    assert judged_under_load([]) == []
    assert len(by_minute(looks(minutes=20))) >= FEWEST_MINUTES


def test_minutes_in_which_the_service_did_not_answer_do_not_count() -> None:
    series = looks(heap=lambda minute: math.nan if 30 <= minute <= 34 else 160 + 1.0 * minute)
    assert failed(series) == {"heap in use under load"}


def test_at_rest_fragments_are_no_growth_and_what_is_in_use_is() -> None:
    before = Look(0, 110, 300, 20, 19)
    assert {held for _, held, _ in judged_at_rest(before, Look(1, 113, 390, 24, 20))} == {True}
    assert [what for what, held, _ in judged_at_rest(before, Look(1, 130, 460, 40, 40)) if not held] == [
        "heap in use at rest", "resident memory at rest", "threads at rest", "open files at rest",
    ]  # fmt: skip
