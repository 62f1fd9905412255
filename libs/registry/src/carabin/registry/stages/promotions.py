"""The promotion log: numbered records that are written once and never changed."""

import hashlib
import uuid
from collections.abc import Iterator
from contextlib import suppress
from typing import Literal

from pydantic import AwareDatetime, Field

from ..artifacts.records import Metrics, StoredRecord
from ..errors import (
    ConditionsIgnored,
    ManifestInvalid,
    ObjectMissing,
    PreconditionFailed,
    PromotionLost,
    PromotionRefused,
)
from ..layout import promotion_key, promotions_prefix, record_number
from ..store import ObjectStore
from .log_end import NumberedLog


class PromotionRecord(StoredRecord):
    """One line of the promotion log."""

    number: int = Field(ge=1)
    version: str
    previous: str | None
    by: str = Field(min_length=1)
    reason: str = Field(min_length=1)
    at: AwareDatetime
    kind: Literal["promote", "rollback"] = "promote"
    restores: int | None = Field(
        default=None,
        ge=1,
        description="of a rollback: the number of the promotion that it restores",
    )
    forced: bool = Field(default=False, description="a regression was seen and accepted, for `reason`")
    metrics: Metrics | None = Field(
        default=None, description="the promoted manifest's; none in records of old releases"
    )
    metrics_delta: Metrics = Field(default_factory=dict, description="new minus previous, by metric")
    manifest_sha256: str | None = Field(default=None, description="of the promoted manifest's bytes")
    token: str = Field(default_factory=lambda: uuid.uuid4().hex, description="distinguishes two equal promotions")


def read_log(store: ObjectStore, bucket: str, name: str) -> list[PromotionRecord]:
    """Return every promotion of `name`, oldest first."""
    return [_read(store, bucket, key) for key in _keys(store, bucket, name)]


def read_head(store: ObjectStore, bucket: str, name: str) -> PromotionRecord | None:
    """Return the newest promotion of `name`, or None where there was none: three requests, however long the log."""
    number = last_number(store, bucket, name)
    return read_promotion(store, bucket, name, number) if number else None


def read_promotion(store: ObjectStore, bucket: str, name: str, number: int) -> PromotionRecord:
    """Return one promotion by its number."""
    return _read(store, bucket, promotion_key(name, number))


def find_promotion(store: ObjectStore, bucket: str, name: str, number: int) -> PromotionRecord | None:
    """Return one promotion by its number, or None where it is not there or cannot be read."""
    with suppress(ObjectMissing, ManifestInvalid):
        return read_promotion(store, bucket, name, number)
    return None


def newest_first(store: ObjectStore, bucket: str, name: str) -> Iterator[PromotionRecord]:
    """Yield promotions from the newest backwards, one request each; what cannot be read is passed over."""
    for number in range(last_number(store, bucket, name), 0, -1):
        if record := find_promotion(store, bucket, name, number):
            yield record


def last_number(store: ObjectStore, bucket: str, name: str) -> int:
    """Return the newest promotion's number, 0 where there was none; whether its record can be read is no matter."""
    return NumberedLog(store, bucket, name).last_number()


def require_unchanged(name: str, record: PromotionRecord, document: bytes) -> None:
    """Hold the bytes that a promotion put into use, a version's manifest or a lexicon's file, against its record.

    Records of old releases do not say what the bytes were, and hold whatever there is.

    Raises:
        ManifestInvalid: somebody wrote over them since.
    """
    if record.manifest_sha256 not in (None, hashlib.sha256(document).hexdigest()):
        raise ManifestInvalid(
            f"{name}: {record.version} is not as it was when promotion {record.number} put it into use, its SHA-256"
            " differs: put another version into use, and look who wrote over this one"
        )


def require_as_promoted(store: ObjectStore, bucket: str, name: str, version: str, document: bytes) -> None:
    """Do as `require_unchanged` with the newest promotion, where it is of this version and can be read."""
    number = last_number(store, bucket, name)
    newest = find_promotion(store, bucket, name, number) if number else None
    if newest is not None and newest.version == version:
        require_unchanged(name, newest, document)


def require_account(by: str, reason: str) -> None:
    """Check that a change of what serves says who made it and why, in text that can be kept.

    Raises:
        PromotionRefused: one of them is empty, or not text.
    """
    for what, text in (("who promotes", by), ("the reason", reason)):
        if not text.strip():
            raise PromotionRefused(f"{what} is empty: every promotion is logged with who made it and why")
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise PromotionRefused(
                f"{what} holds bytes that are no text in this terminal's encoding: use a UTF-8 locale"
            ) from error


def append(store: ObjectStore, bucket: str, name: str, record: PromotionRecord, previous: bytes | None = None) -> None:
    """Write `record` under its number, which nobody else may have taken.

    Args:
        previous: the bytes of the promotion before it, where they were read already.

    Raises:
        PromotionLost: somebody took the number first; the message names the winner.
        ConditionsIgnored: the store overwrites what must not be overwritten; promotions on it are not safe.
    """
    key = promotion_key(name, record.number)
    if record.number > 1:
        require_immutable(store, bucket, promotion_key(name, record.number - 1), previous)
    try:
        store.create(bucket, key, record.to_bytes())
    except PreconditionFailed as error:
        winner = _read(store, bucket, key)
        raise PromotionLost(
            f"{name}: promotion {record.number} went to {winner.version}, by {winner.by}: {winner.reason}"
        ) from error


def require_immutable(store: ObjectStore, bucket: str, key: str, data: bytes | None = None) -> None:
    """Verify with an object of the log that the store refuses a second `create`, at worst adding a line feed to it.

    The line feed distinguishes what was there from what the probe would write, should its answer be lost. Several
    stores accept the condition and ignore it; a probe with an object of its own would need rights that a promoter does
    not have.

    Args:
        data: the object's bytes, where they were read already.

    Raises:
        ConditionsIgnored: it did not refuse.
    """
    try:
        store.create(bucket, key, (store.get(bucket, key) if data is None else data) + b"\n")
    except PreconditionFailed:
        return
    raise ConditionsIgnored(f"the store behind bucket {bucket!r} ignores If-None-Match: use one that honours it")


def _keys(store: ObjectStore, bucket: str, name: str) -> list[str]:
    return [key for key in store.list(bucket, promotions_prefix(name)) if record_number(key) > 0]


def _read(store: ObjectStore, bucket: str, key: str) -> PromotionRecord:
    return PromotionRecord.from_bytes(store.get(bucket, key), store.where(bucket, key))
