"""Whether a series grows: what the soak holds memory, threads and open files against; pure.

A server under load has levels, not one number: a second model while one is swapped, audio that waits, and fragments
that the allocator keeps and uses again. So of each minute the least counts, the first third of the run is warm-up, and
growth is the Theil-Sen slope (the median of the slopes between any two minutes) times the rest of the run: a level that
was reached and stays is none, and neither is a single high minute.
"""

import itertools
import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

WARM_UP = 1 / 3
"""Share of the run in which caches and pools fill, models come to be swapped, and the allocator reaches its size."""
MINUTE_S = 60.0
FEWEST_MINUTES = 12
"""Minutes behind the warm-up from which on growth under load is judged; at rest it is judged in every run."""


@dataclass(frozen=True, slots=True)
class Look:
    """How the server stood at one moment."""

    at_s: float
    heap_mb: float
    """In use, without what the allocator keeps free: what grows here is a leak. Not a number where the service did not
    answer in time."""
    resident_mb: float
    threads: int
    files: int


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a series may grow by over the judged part of a run."""

    name: str
    field: str
    share: float
    """Of its level."""
    spare: float
    """Beside that."""
    at_rest_share: float
    at_rest_spare: float

    def under_load(self, level: float) -> float:
        return level * self.share + self.spare

    def at_rest(self, before: float) -> float:
        return before * self.at_rest_share + self.at_rest_spare


POOL_THREADS = min(32, (os.cpu_count() or 1) + 4)
"""asyncio's own pool, which is filled as it is needed: uploads are decoded and memory is trimmed there."""
LOADING_THREADS = 3
"""Of a second model while it is loaded or freed: CTranslate2 starts one for each replica."""
ALLOWANCES = (
    Allowance("heap in use", "heap_mb", 0.10, 10.0, 0.05, 10.0),
    # Fragments: measured over 6 to 8 minutes with a swap a minute, 45 to 63 MB more at rest with the same heap in use.
    Allowance("resident memory", "resident_mb", 0.10, 30.0, 0.30, 60.0),
    Allowance("threads", "threads", 0.0, LOADING_THREADS, 0.0, POOL_THREADS),
    Allowance("open files", "files", 0.0, 10.0, 0.0, 10.0),
)


def by_minute(looks: Sequence[Look]) -> list[Look]:
    """Return of each minute behind the warm-up the least of everything; the time is the minute's first."""
    if not looks:
        return []
    judged = [each for each in looks if each.at_s >= looks[-1].at_s * WARM_UP]
    return [_least(list(group)) for _, group in itertools.groupby(judged, lambda each: int(each.at_s // MINUTE_S))]


def growth(minutes: Sequence[Look], field: str) -> float:
    """Return by how much a series grows from the first to the last of these minutes, by its Theil-Sen slope."""
    points = [(each.at_s, float(getattr(each, field))) for each in minutes if _known([each], field)]
    slopes = [(v2 - v1) / (t2 - t1) for (t1, v1), (t2, v2) in itertools.combinations(points, 2) if t2 > t1]
    return median(slopes) * (points[-1][0] - points[0][0]) if slopes else 0.0


Judgement = tuple[str, bool, str]
"""What was judged, whether it held, and the figures."""


def judged_under_load(looks: Sequence[Look]) -> list[Judgement]:
    """Judge the growth of each series behind the warm-up; nothing of a run that is too short to say."""
    minutes = by_minute(looks)
    if len(minutes) < FEWEST_MINUTES:
        return []
    span_min = (minutes[-1].at_s - minutes[0].at_s) / MINUTE_S
    found: list[Judgement] = []
    for each in ALLOWANCES:
        level = median(_known(minutes, each.field) or [0.0])
        more, allowed = growth(minutes, each.field), each.under_load(level)
        detail = f"{more:+.0f} in {span_min:.0f} minutes at a level of {level:.0f}; {allowed:.0f} more are allowed"
        found.append((f"{each.name} under load", more <= allowed, detail))
    return found


def judged_at_rest(before: Look, after: Look) -> list[Judgement]:
    """Judge whether each series came back to what it was before the load."""
    found: list[Judgement] = []
    for each in ALLOWANCES:
        was, now = float(getattr(before, each.field)), float(getattr(after, each.field))
        allowed = each.at_rest(was)
        found.append(
            (
                f"{each.name} at rest",
                not now - was > allowed,
                f"{was:.0f}, then {now:.0f}; {allowed:.0f} more are allowed",
            )
        )
    return found


def _known(minutes: Sequence[Look], field: str) -> list[float]:
    return [value for each in minutes if not math.isnan(value := float(getattr(each, field)))]


def _least(group: Sequence[Look]) -> Look:
    return Look(
        group[0].at_s,
        min((each.heap_mb for each in group if not math.isnan(each.heap_mb)), default=math.nan),
        min(each.resident_mb for each in group),
        min(each.threads for each in group),
        min(each.files for each in group),
    )
