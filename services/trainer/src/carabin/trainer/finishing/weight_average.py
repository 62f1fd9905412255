"""How much of what was learnt to keep: the average with the base that costs no more general French than allowed."""

from collections.abc import Sequence
from dataclasses import dataclass

WER, GENERAL_WER = "wer", "general_wer"

Metrics = dict[str, float]


@dataclass(frozen=True, slots=True)
class AveragedWeights:
    """The interpolation weight of the tuned model (1 keeps all that was learnt) and its scores on validation."""

    weight: float
    metrics: Metrics


@dataclass(frozen=True, slots=True)
class Choice:
    """What was chosen, among what, and whether it keeps within the budget."""

    candidate: AveragedWeights
    tried: Sequence[AveragedWeights]
    within_budget: bool


def choose(candidates: Sequence[AveragedWeights], stock: Metrics, budget: float) -> Choice:
    """Return the candidate with the fewest medical errors among those within the budget.

    Where none is, the one that costs least general French is taken, and the choice says so. Without a general set, the
    fewest medical errors decide.
    """

    def general(candidate: AveragedWeights) -> float:
        return candidate.metrics.get(GENERAL_WER, 0.0)

    limit = stock.get(GENERAL_WER, 0.0) + budget
    allowed = [candidate for candidate in candidates if general(candidate) <= limit]
    if allowed:
        return Choice(min(allowed, key=lambda candidate: (candidate.metrics[WER], -candidate.weight)), candidates, True)
    return Choice(
        min(candidates, key=lambda candidate: (general(candidate), candidate.metrics[WER])), candidates, False
    )
