"""From the transcribers' series to counts of finals that are bad in one respect, by pod and version."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import inf
from types import MappingProxyType
from typing import Final

from .e_values import FinalCounts

PREFIX: Final = "carabin_transcriber_"
FINALS: Final = PREFIX + "version_finals_total"
RETRIED: Final = PREFIX + "version_retried_finals_total"
LATENCY: Final = PREFIX + "version_final_latency_seconds"
CONFIDENCE: Final = PREFIX + "version_confidence"
CORRECTIONS: Final = PREFIX + "version_corrections_total"
SHADOW: Final = PREFIX + "shadow_difference"

SHADOW_FIGURE: Final = "differs"
BUDGETS: Final[Mapping[str, float]] = MappingProxyType(
    {
        "retried": 0.05,
        "rejected": 0.03,
        "empty": 0.03,
        "slow": 0.10,
        "unsure": 0.10,
        "corrected": 0.05,
        SHADOW_FIGURE: 0.30,
    }
)
"""By how much the canary's share of each kind of final may exceed production's; of `differs`, the share itself."""

DIFFERS: Final = 0.3
"""Word error rate between shadow and production beyond which a final counts as another: a bound of that histogram."""
SLOW_SHARE: Final = 0.1
"""Of production's finals, at most, are slow or unsure by the bounds that are drawn from them."""


@dataclass(frozen=True, slots=True)
class SeriesSample:
    """One series of one pod at the time of the look."""

    pod: str
    name: str
    labels: Mapping[str, str]
    value: float


@dataclass(frozen=True, slots=True)
class Bounds:
    """What counts as slow and as unsure; both are bounds of the histograms' buckets."""

    slow_s: float
    unsure: float


Totals = dict[str, FinalCounts]
"""FinalCounts by figure since a pod's start."""


def draw_bounds(samples: Iterable[SeriesSample], version: str, at_least: int) -> Bounds | None:
    """Return the bounds beyond which a tenth of production's finals lie, or None where it wrote too few to say.

    Args:
        at_least: finals of `version` that are enough.
    """
    ours = [sample for sample in samples if sample.labels.get("version") == version]
    latency, confidence = _buckets(ours, LATENCY), _buckets(ours, CONFIDENCE)
    if latency.get(inf, 0) < at_least or confidence.get(inf, 0) < at_least:
        return None
    n_latency, n_confidence = latency[inf], confidence[inf]
    slow = [bound for bound, n in latency.items() if n >= (1 - SLOW_SHARE) * n_latency and bound < inf]
    unsure = [bound for bound, n in confidence.items() if n <= SLOW_SHARE * n_confidence and bound < inf]
    finite = [bound for bound in latency if bound < inf]
    return Bounds(min(slow, default=max(finite, default=inf)), max(unsure, default=min(confidence)))


def totals_by_pod(
    samples: Iterable[SeriesSample], versions: Iterable[str], bounds: Bounds
) -> dict[tuple[str, str], Totals]:
    """Return what each pod counted of each version since its start."""
    wanted = set(versions)
    by_pod: dict[tuple[str, str], list[SeriesSample]] = {}
    for sample in samples:
        version = sample.labels.get("version")
        if version in wanted:
            by_pod.setdefault((sample.pod, version), []).append(sample)
    return {key: _totals(found, bounds) for key, found in by_pod.items()}


def since(now: FinalCounts, before: FinalCounts | None) -> FinalCounts:
    """Return what was counted between two looks; a pod that began anew, or was not seen before, counts from 0."""
    if before is None or now.finals < before.finals or now.bad < before.bad:
        return now
    finals = now.finals - before.finals
    return FinalCounts(finals, min(now.bad - before.bad, finals))


def _totals(samples: list[SeriesSample], bounds: Bounds) -> Totals:
    outcomes = {sample.labels.get("outcome", ""): int(sample.value) for sample in samples if sample.name == FINALS}
    finals = sum(outcomes.values())
    latency, confidence, shadow = (_buckets(samples, name) for name in (LATENCY, CONFIDENCE, SHADOW))
    later = latency.get(inf, 0) - latency.get(bounds.slow_s, latency.get(inf, 0))
    differs = shadow.get(inf, 0) - shadow.get(DIFFERS, shadow.get(inf, 0))
    return {
        "retried": _counts(finals, _sum(samples, RETRIED)),
        "rejected": _counts(finals, outcomes.get("rejected", 0) + outcomes.get("failed", 0)),
        "empty": _counts(finals, outcomes.get("empty", 0)),
        "slow": _counts(latency.get(inf, 0), later),
        "unsure": _counts(confidence.get(inf, 0), confidence.get(bounds.unsure, 0)),
        "corrected": _counts(outcomes.get("text", 0), _sum(samples, CORRECTIONS)),
        SHADOW_FIGURE: _counts(shadow.get(inf, 0), differs),
    }


def _counts(finals: int, bad: int) -> FinalCounts:
    """A scrape is not one instant: of what is counted apart, the part may be ahead of the whole."""
    return FinalCounts(finals, max(0, min(bad, finals)))


def _sum(samples: Iterable[SeriesSample], name: str) -> int:
    return int(sum(sample.value for sample in samples if sample.name == name))


def _buckets(samples: Iterable[SeriesSample], name: str) -> dict[float, int]:
    """Return a histogram's cumulative counts by upper bound, over all pods, in the order of the bounds."""
    found: dict[float, float] = {}
    for sample in samples:
        if sample.name == f"{name}_bucket":
            bound = float(sample.labels["le"])
            found[bound] = found.get(bound, 0.0) + sample.value
    return {bound: int(found[bound]) for bound in sorted(found)}
