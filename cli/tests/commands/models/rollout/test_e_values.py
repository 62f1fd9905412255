"""The sequential test keeps its stated error rate however often it is looked at, and finds what is worse."""

import itertools
import math
import random
from math import comb

import pytest
from carabin.cli.commands.models.rollout.e_values import FinalCounts, log_e_value, log_e_value_of_one


@pytest.mark.parametrize(
    ("canary_before", "production_before"),
    [
        (FinalCounts(10, 5), FinalCounts(100, 8)),
        (FinalCounts(3, 3), FinalCounts(4, 0)),
        (FinalCounts(40, 12), FinalCounts(900, 100)),
    ],
)
@pytest.mark.parametrize("finals", [(1, 1), (2, 5), (6, 3)])
def test_no_expectation_exceeds_one_while_the_canary_keeps_its_budget(
    canary_before: FinalCounts, production_before: FinalCounts, finals: tuple[int, int]
) -> None:
    budget, (n_canary, n_production) = 0.05, finals
    e_values = {
        (k_canary, k_production): math.exp(
            log_e_value(
                FinalCounts(n_canary, k_canary),
                FinalCounts(n_production, k_production),
                canary_before,
                production_before,
                budget,
            )
        )
        for k_canary, k_production in itertools.product(range(n_canary + 1), range(n_production + 1))
    }
    assert max(e_values.values()) > 1.2, "something was bet"
    shares = [i / 20 for i in range(21)]
    for production, canary in itertools.product(shares, shares):
        if canary <= production + budget:
            expected = sum(
                probability(n_canary, k, canary) * probability(n_production, j, production) * e
                for (k, j), e in e_values.items()
            )
            assert expected <= 1 + 1e-9, (production, canary)


def probability(n: int, k: int, share: float) -> float:
    return comb(n, k) * share**k * (1 - share) ** (n - k)


def log_e_over_looks(
    random_: random.Random, canary: float, production: float, budget: float, looks: int
) -> list[float]:
    """Return the evidence after each look, of few finals of the canary beside many of production."""
    seen_canary, seen_production, log_e, found = FinalCounts(), FinalCounts(), 0.0, []
    for _ in range(looks):
        n = random_.randint(0, 4)
        new_canary = FinalCounts(n, sum(random_.random() < canary for _ in range(n)))
        new_production = FinalCounts(20, sum(random_.random() < production for _ in range(20)))
        log_e += log_e_value(new_canary, new_production, seen_canary, seen_production, budget)
        seen_canary, seen_production = seen_canary + new_canary, seen_production + new_production
        found.append(log_e)
    return found


def test_a_version_at_its_very_budget_is_ended_no_more_often_than_stated() -> None:
    alpha, runs = 0.05, 400
    random_ = random.Random(20261128)
    ended = sum(
        max(log_e_over_looks(random_, canary=0.15, production=0.10, budget=0.05, looks=120)) >= math.log(1 / alpha)
        for _ in range(runs)
    )
    assert ended / runs <= alpha


def test_a_much_worse_version_is_found_within_thirty_finals() -> None:
    random_ = random.Random(20261128)
    runs = [log_e_over_looks(random_, canary=0.9, production=0.10, budget=0.10, looks=15) for _ in range(100)]
    assert all(max(run) >= math.log(7 / 0.05) for run in runs), "15 looks are 30 finals on average"


def test_one_arm_alone_says_nothing() -> None:
    before = FinalCounts(50, 40), FinalCounts(500, 20)
    assert log_e_value(FinalCounts(10, 10), FinalCounts(), *before, 0.05) == 0
    assert log_e_value(FinalCounts(), FinalCounts(10, 0), *before, 0.05) == 0


def test_nothing_is_bet_before_the_first_finals() -> None:
    assert log_e_value(FinalCounts(5, 5), FinalCounts(50, 1), FinalCounts(), FinalCounts(), 0.05) == 0


def test_a_share_held_against_its_budget_alone() -> None:
    expected = sum(
        probability(6, k, share) * math.exp(log_e_value_of_one(FinalCounts(6, k), FinalCounts(10, 8), 0.3))
        for share in (0.3,)
        for k in range(7)
    )
    assert expected == pytest.approx(1)
    assert log_e_value_of_one(FinalCounts(6, 6), FinalCounts(10, 8), 0.3) > 3
    assert log_e_value_of_one(FinalCounts(6, 6), FinalCounts(10, 2), 0.3) == 0


def test_more_bad_ones_than_finals_are_refused() -> None:
    with pytest.raises(ValueError, match="3 bad ones among 2 finals"):
        FinalCounts(2, 3)
