"""Which versions should be canary and shadow by the log of stages, for tags that were lost."""

from collections.abc import Iterable, Mapping

from .log import Stage, StageRecord
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
    newest_first: Iterable[StageRecord], tags_by_version: Mapping[str, Tags]
) -> list[tuple[StageRecord, str]]:
    """Return the trials whose versions have no stage at all, as a restore without tags leaves them."""
    return [
        (record, record.version)
        for record in logged_trials(newest_first)
        if record.version in tags_by_version and not tags_by_version[record.version].get(STAGE)
    ]
