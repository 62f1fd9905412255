"""Where a rollback goes: which version was in production before, read from the log by few reads."""

from collections.abc import Callable
from dataclasses import dataclass

from ..store import ObjectStore
from .promotions import PromotionRecord, find_promotion

Visible = Callable[[str], bool]
ReadPromotion = Callable[[int], PromotionRecord | None]
"""Return a promotion by its number; None where it is not there or cannot be read."""


@dataclass(frozen=True, slots=True)
class Former:
    """A version that was in production before."""

    version: str
    until: int | None
    """The number of the last promotion before another one replaced it, where the log says that."""


def former_holder(read: ReadPromotion, newest: int, current: str | None, visible: Visible) -> Former | None:
    """Return the version that a rollback from `current` goes to, or None where there is none.

    A rollback takes its promotion back: after A, B, C and a rollback to B, the next one goes to A and not to C. Read
    backwards: the last promotion of `current` that was no rollback says what it replaced; where that is gone, what that
    one had replaced is looked for in the same way. A rollback that knows which promotion it restores is not read past
    record by record: the search goes on there.

    Args:
        read: the log; it is read as far as needed.
        newest: the number of its newest promotion.
        visible: says whether a version is still there.
    """
    sought, replaced = current, None
    seen: list[str] = []
    number = newest
    while number > 0:
        record = read(number)
        number -= 1
        if record is None:
            continue
        seen.append(record.version)
        if sought is None:
            sought = record.version
            if visible(sought):
                return Former(sought, record.number)
        if record.version != sought or record.previous == sought:
            # A version promoted onto itself replaced nothing.
            continue
        if record.kind == "rollback":
            replaced = record.previous
            number = min(number, record.restores or number)
            continue
        sought, replaced = record.previous, None
        if sought is None:
            return None
        if visible(sought):
            return Former(sought, record.number - 1 or None)
    # Promoted by a rollback alone, or by hand: what it replaced, or else the newest that the log knows.
    by_hand = sought == current and current not in seen
    rest = [replaced] if replaced else seen if by_hand else []
    return next((Former(version, None) for version in rest if version != current and visible(version)), None)


def restored_promotion(read: ReadPromotion, former: Former) -> int | None:
    """Return the number of the promotion that a rollback to `former` restores; where that is a rollback, of its own."""
    record = read(former.until) if former.until else None
    if record and record.kind == "rollback" and record.version == former.version and record.restores:
        return record.restores
    return former.until


def promotion_reader(store: ObjectStore, bucket: str, name: str, newest: PromotionRecord | None) -> ReadPromotion:
    """Return what reads the promotions of `name`; `newest` was read already."""

    def read(number: int) -> PromotionRecord | None:
        known = newest is not None and number == newest.number
        return newest if known else find_promotion(store, bucket, name, number)

    return read
