"""How sure a rate is: percentile bootstrap over dictations (Bisani and Ney, ICASSP 2004)."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from .error_rates import Counts

RESAMPLES: Final = 2_000
"""Enough for the second digit of a 95 % bound to stay put."""

CONFIDENCE: Final = 0.95


def interval(counts: Sequence[Counts], *, resamples: int = RESAMPLES, seed: int = 0) -> tuple[float, float]:
    """Return the bounds of the corpus rate, dictations drawn with replacement; (0, 0) without any.

    Dictations are the unit drawn because errors inside one depend on each other.
    """
    if not counts:
        return 0.0, 0.0
    errors = np.array([count.errors for count in counts], np.float64)
    totals = np.array([count.total for count in counts], np.float64)
    drawn = np.random.default_rng(seed).integers(0, len(counts), (resamples, len(counts)))
    rates = errors[drawn].sum(axis=1) / np.maximum(1, totals[drawn].sum(axis=1))
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(rates, (tail, 1 - tail))
    return float(low), float(high)
