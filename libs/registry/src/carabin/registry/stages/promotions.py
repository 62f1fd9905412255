"""The promotion log: numbered records that are written once and never changed."""

import uuid
from collections.abc import Sequence
from typing import Literal

from pydantic import AwareDatetime, Field

from ..artifacts.records import Metrics, StoredRecord
from ..errors import ConditionsIgnored, PreconditionFailed, PromotionLost
from ..layout import promotion_key, promotions_prefix, record_number
from ..store import ObjectStore


class PromotionRecord(StoredRecord):
    """One line of the promotion log."""

    number: int = Field(ge=1)
    version: str
    previous: str | None
    by: str = Field(min_length=1)
    reason: str = Field(min_length=1)
    at: AwareDatetime
    kind: Literal["promote", "rollback"] = "promote"
    forced: bool = Field(default=False, description="a regression was seen and accepted, for `reason`")
    metrics_delta: Metrics = Field(default_factory=dict, description="new minus previous, by metric")
    manifest_sha256: str | None = Field(default=None, description="of the promoted manifest's bytes")
    token: str = Field(default_factory=lambda: uuid.uuid4().hex, description="distinguishes two equal promotions")


def read_log(store: ObjectStore, bucket: str, name: str) -> list[PromotionRecord]:
    """Return every promotion of `name`, oldest first."""
    return [_read(store, bucket, key) for key in _keys(store, bucket, name)]


def read_head(store: ObjectStore, bucket: str, name: str) -> PromotionRecord | None:
    """Return the newest promotion of `name`, or None where there was none."""
    keys = _keys(store, bucket, name)
    return _read(store, bucket, keys[-1]) if keys else None


def last_number(store: ObjectStore, bucket: str, name: str) -> int:
    """Return the newest promotion's number, 0 where there was none; whether its record can be read is no matter."""
    keys = _keys(store, bucket, name)
    return record_number(keys[-1]) if keys else 0


def previous_holder(log: Sequence[PromotionRecord], current: str | None) -> str | None:
    """Return the version that a rollback from `current` goes to, or None where there is none.

    A rollback takes its promotion back: after A, B, C and a rollback to B, the next one goes to A and not to C.
    """
    held: list[str] = []
    for record in log:
        if record.kind == "rollback" and record.version in held:
            del held[_last(held, record.version) + 1 :]
        elif not held or held[-1] != record.version:
            held.append(record.version)
    if current is not None and current in held:
        del held[_last(held, current) :]
    return next((version for version in reversed(held) if version != current), None)


def append(store: ObjectStore, bucket: str, name: str, record: PromotionRecord) -> None:
    """Write `record` under its number, which nobody else may have taken.

    Raises:
        PromotionLost: somebody took the number first; the message names the winner.
        ConditionsIgnored: the store overwrites what must not be overwritten; promotions on it are not safe.
    """
    key = promotion_key(name, record.number)
    if record.number > 1:
        require_immutable(store, bucket, promotion_key(name, record.number - 1))
    try:
        store.create(bucket, key, record.to_bytes())
    except PreconditionFailed as error:
        winner = _read(store, bucket, key)
        raise PromotionLost(
            f"{name}: promotion {record.number} went to {winner.version}, by {winner.by}: {winner.reason}"
        ) from error


def require_immutable(store: ObjectStore, bucket: str, key: str) -> None:
    """Verify with an object of the log that the store refuses a second `create`, at worst adding a line feed to it.

    The line feed distinguishes what was there from what the probe would write, should its answer be lost. Several
    stores accept the condition and ignore it; a probe with an object of its own would need rights that a promoter does
    not have.

    Raises:
        ConditionsIgnored: it did not refuse.
    """
    try:
        store.create(bucket, key, store.get(bucket, key) + b"\n")
    except PreconditionFailed:
        return
    raise ConditionsIgnored(f"the store behind bucket {bucket!r} ignores If-None-Match: use one that honours it")


def _last(held: list[str], version: str) -> int:
    return len(held) - 1 - held[::-1].index(version)


def _keys(store: ObjectStore, bucket: str, name: str) -> list[str]:
    return [key for key in store.list(bucket, promotions_prefix(name)) if record_number(key) > 0]


def _read(store: ObjectStore, bucket: str, key: str) -> PromotionRecord:
    return PromotionRecord.from_bytes(store.get(bucket, key), f"{bucket}/{key}")
