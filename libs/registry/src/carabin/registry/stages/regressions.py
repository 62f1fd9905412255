"""How one version's figures stand against another's: which way is better, and what is noise."""

from collections.abc import Mapping
from dataclasses import dataclass

HIGHER_IS_BETTER = frozenset({"term_recall"})
"""All other figures of ours count errors."""

TOLERANCE: Mapping[str, float] = {
    "wer": 0.005,
    "wer_raw": 0.005,
    "cer": 0.005,
    "term_recall": 0.005,
    "critical_errors": 0.0,
    "general_wer": 0.02,
}
"""The figures that can refuse a promotion, and how much worse each may be before it does.

Half a point is the margin that quantisation is allowed; a dose or a negation lost is never noise; general French may
pay a little for medical French.
"""


@dataclass(frozen=True, slots=True)
class Change:
    """One figure before and after."""

    metric: str
    old: float | None
    new: float | None

    @property
    def delta(self) -> float | None:
        """New minus old, or None where one is missing."""
        return None if self.old is None or self.new is None else self.new - self.old

    @property
    def worsening(self) -> float:
        """By how much it got worse; negative where it got better, 0 where it cannot be compared."""
        return (self.delta or 0.0) * (-1 if self.metric in HIGHER_IS_BETTER else 1)

    @property
    def is_regression(self) -> bool:
        """Whether this change alone refuses a promotion."""
        return self.metric in TOLERANCE and self.worsening > TOLERANCE[self.metric] + 1e-9


def compare(old: Mapping[str, float], new: Mapping[str, float]) -> list[Change]:
    """Return every figure that either has: those that can refuse first, then the others by name."""
    either = old.keys() | new.keys()
    gating = [name for name in TOLERANCE if name in either]
    names = [*gating, *sorted(either - TOLERANCE.keys())]
    return [Change(name, old.get(name), new.get(name)) for name in names]


def describe_regressions(changes: list[Change]) -> str:
    """Return the regressions in words, such as `wer 0.080 -> 0.100`; empty where there is none."""
    worse = [change for change in changes if change.is_regression]
    return ", ".join(f"{change.metric} {change.old:.3f} -> {change.new:.3f}" for change in worse)
