"""Which versions should be canary and shadow by the log of stages, for tags that were lost."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import takewhile

from .log import Stage, StageRecord
from .promotions import PromotionRecord
from .resolve import STAGE, Tags

TRIALS: tuple[Stage, ...] = ("canary", "shadow")


def logged_trials(newest_first: Iterable[StageRecord]) -> list[StageRecord]:
    """Return the newest record of each trial that no newer record ended.

    Args:
        newest_first: the log backwards; it is read until both trials are found.
    """
    found: dict[Stage, StageRecord | None] = {}
    moved: set[str] = set()
    for record in newest_first:
        if record.stage in TRIALS and record.stage not in found:
            found[record.stage] = None if record.version in moved else record
        moved |= {record.version, *record.displaced}
        if len(found) == len(TRIALS):
            break
    return [record for record in found.values() if record]


def lost_trials(
    newest_first: Iterable[StageRecord], promotions: Iterable[PromotionRecord], tags_by_version: Mapping[str, Tags]
) -> list[StageRecord]:
    """Return the trials whose versions have no stage at all, as a restore without tags leaves them.

    Args:
        newest_first: the log of stages backwards.
        promotions: their log backwards; it is read as far back as a trial that may be lost.
    """
    return not_promoted(
        [
            record
            for record in logged_trials(newest_first)
            if record.version in tags_by_version and not tags_by_version[record.version].get(STAGE)
        ],
        promotions,
    )


def not_promoted(trials: Sequence[StageRecord], promotions: Iterable[PromotionRecord]) -> list[StageRecord]:
    """Return the trials that no promotion ended: one of a version on trial writes no record of a stage.

    Args:
        promotions: the log backwards.
    """
    if not trials:
        return []
    oldest = min(trial.at for trial in trials)
    since = list(takewhile(lambda promotion: promotion.at >= oldest, promotions))
    return [
        trial
        for trial in trials
        if not any(trial.version in (each.version, each.previous) and each.at >= trial.at for each in since)
    ]
