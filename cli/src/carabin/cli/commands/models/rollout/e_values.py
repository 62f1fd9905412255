"""A test that may be looked at after every final: is the canary's share of bad finals above production's and a budget?

The null hypothesis for one figure is p_canary <= p_production + budget, where p is the probability that a final is bad
(retried, empty, slow...). For each look's counts the test multiplies an e-variable, the likelihood of the counts under
what the looks before it lead to expect, over their likelihood at the nearest point of the null hypothesis. Under the
null hypothesis the product exceeds 1 / alpha with a probability of at most alpha, however often it is looked at and
whenever one stops (Ville's inequality): no look costs anything, and none has to be planned.

Sources: Turner, Ly, Grünwald, "Generic E-variables for exact sequential k-sample tests that allow for optional
stopping" (2021, arXiv 2106.02693); Turner, Grünwald, "Exact anytime-valid confidence intervals for contingency tables
and beyond" (2022, arXiv 2203.09785), which has null hypotheses like ours. Why `log_e_value` is of an e-variable: with
q the nearest point, the expectation for any (p_production, p_canary) of the null hypothesis is prod_i E_i ** n_i, where
E_i = p_i a_i / q_i + (1 - p_i) (1 - a_i) / (1 - q_i). By the means' inequality it is at most (sum_i n_i E_i / n) ** n.
The sum is linear in p and equals n at p = q, and because q minimises sum_i n_i KL(a_i, q_i) over a convex set, it rises
in no direction of that set.

It takes finals for independent of each other. Those of one session are not quite: docs/operations.md says so.
"""

import math
from dataclasses import dataclass
from typing import Final

PRIOR_FINALS: Final = 1.0
"""How many finals the share weighs that is expected before the first: no expected share is 0 or 1."""
UNKNOWN_SHARE: Final = 0.5
"""Of production before its first final (the estimator of Krichevsky and Trofimov, 1981)."""
BISECTIONS: Final = 60
"""Halvings of [0, 1]: to the last bit of a double."""


@dataclass(frozen=True, slots=True)
class FinalCounts:
    """Finals of one arm, and how many of them are bad in one respect."""

    finals: int = 0
    bad: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.bad <= self.finals:
            raise ValueError(f"{self.bad} bad ones among {self.finals} finals")

    def __add__(self, other: "FinalCounts") -> "FinalCounts":
        return FinalCounts(self.finals + other.finals, self.bad + other.bad)

    @property
    def share(self) -> float:
        """Share of bad ones, 0 where there is no final."""
        return self.bad / self.finals if self.finals else 0.0

    def expected(self, beforehand: float) -> float:
        """Return the share to be expected of the next ones, within (0, 1) as `beforehand` is: that of no final."""
        return (self.bad + PRIOR_FINALS * beforehand) / (self.finals + PRIOR_FINALS)


def log_e_value(
    canary: FinalCounts,
    production: FinalCounts,
    canary_before: FinalCounts,
    production_before: FinalCounts,
    budget: float,
) -> float:
    """Return the natural logarithm of one look's e-value: above 0 speaks against the canary, below 0 for it.

    Args:
        canary: the canary's finals since the look before.
        production: production's of the same time.
        canary_before: the canary's finals of all earlier looks; what is expected comes from them alone.
        production_before: production's of all earlier looks.
        budget: by how much the canary's share may exceed production's, in [0, 1).
    """
    production_share = production_before.expected(UNKNOWN_SHARE)
    expected = production_share, canary_before.expected(production_share)
    if expected[1] <= expected[0] + budget:
        return 0.0  # what is expected lies within the null hypothesis: nothing is bet
    weights = production.finals, canary.finals
    if not all(weights):
        return 0.0  # one arm alone says nothing of a difference
    # From here on every share lies within (0, 1): between the two that are expected.
    nearest = _nearest(expected, weights, budget)
    null = nearest, nearest + budget
    arms = zip((production, canary), expected, null, strict=True)
    return sum(_log_ratio(counts, a, q) for counts, a, q in arms)


def log_e_value_of_one(counts: FinalCounts, before: FinalCounts, budget: float) -> float:
    """Return the same for a share that is held against the budget alone, as a shadow's difference is.

    Args:
        counts: the finals since the look before.
        before: those of all earlier looks.
        budget: the greatest share that is accepted, in (0, 1).
    """
    expected = before.expected(budget)
    return _log_ratio(counts, expected, budget) if expected > budget else 0.0


def _nearest(expected: tuple[float, float], weights: tuple[int, int], budget: float) -> float:
    """Return production's share at the point of the line p_canary = p_production + budget nearest to `expected`.

    Nearest in the weighted Kullback-Leibler divergence, which is convex along the line: bisection on its derivative,
    between what is expected of production and what is expected of the canary, less the budget.
    """
    low, high = expected[0], expected[1] - budget
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        points = (middle, middle + budget)
        slope = sum(n * _slope(a, q) for n, a, q in zip(weights, expected, points, strict=True))
        low, high = (middle, high) if slope < 0 else (low, middle)
    return (low + high) / 2


def _slope(a: float, q: float) -> float:
    """Return the derivative of KL(a, q) by q, both within (0, 1)."""
    return (1 - a) / (1 - q) - a / q


def _log_ratio(counts: FinalCounts, a: float, q: float) -> float:
    good = counts.finals - counts.bad
    return counts.bad * math.log(a / q) + good * math.log((1 - a) / (1 - q))
