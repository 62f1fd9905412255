"""How much of what was learnt to keep: the average with the base that costs no more general French than allowed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from carabin.registry.checkpoints import WindowPolicy

WER, GENERAL_WER = "wer", "general_wer"

Metrics = dict[str, float]

SAFE_WINDOW: Final = WindowPolicy()
"""What serving uses when nothing smaller is proven (research: 0 loops of 32 on the published base)."""
WINDOWS: Final = (WindowPolicy(min_frames=300, margin_frames=100), WindowPolicy(min_frames=500, margin_frames=200))
"""Tried in this order: the smallest that costs no words is the cheapest to serve."""
WINDOW_TOLERANCE: Final = 0.005
"""Half a point of word error rate is what batches of a different shape already change."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A share of what was learnt and its scores on validation."""

    alpha: float
    metrics: Metrics


@dataclass(frozen=True, slots=True)
class Choice:
    """What was chosen, among what, and whether it keeps within the budget."""

    candidate: Candidate
    tried: Sequence[Candidate]
    within_budget: bool


def choose(candidates: Sequence[Candidate], stock: Metrics, budget: float) -> Choice:
    """Return the candidate with the fewest medical errors among those within the budget.

    Where none is, the one that costs least general French is taken, and the choice says so. Without a general set, the
    fewest medical errors decide.
    """

    def general(candidate: Candidate) -> float:
        return candidate.metrics.get(GENERAL_WER, 0.0)

    limit = stock.get(GENERAL_WER, 0.0) + budget
    allowed = [candidate for candidate in candidates if general(candidate) <= limit]
    if allowed:
        return Choice(min(allowed, key=lambda candidate: (candidate.metrics[WER], -candidate.alpha)), candidates, True)
    return Choice(
        min(candidates, key=lambda candidate: (general(candidate), candidate.metrics[WER])), candidates, False
    )


def prove_window(measure: Callable[[WindowPolicy], Metrics], reference: Metrics) -> WindowPolicy:
    """Return the smallest window whose validation errors are those of `reference`, which SAFE_WINDOW gave."""
    for window in WINDOWS:
        found = measure(window)
        if all(found.get(name, 0.0) <= reference.get(name, 0.0) + WINDOW_TOLERANCE for name in (WER, GENERAL_WER)):
            return window
    return SAFE_WINDOW
