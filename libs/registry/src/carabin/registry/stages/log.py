"""The log of stages: who put which version on trial, when and why; promotions have a log of their own."""

import uuid
from collections.abc import Iterator
from contextlib import suppress
from typing import Final, Literal

from pydantic import AwareDatetime, Field

from ..artifacts.records import StoredRecord
from ..errors import ManifestInvalid, ObjectMissing, PreconditionFailed, StoreUnreachable
from ..layout import record_number, stage_key, stages_prefix
from ..store import ObjectStore
from .log_end import NumberedLog

Stage = Literal["candidate", "canary", "shadow", "archived"]

MAX_RACES: Final = 100
"""Numbers that others may take before us: stages are set by people, and a handful at once is a crowd."""


class StageRecord(StoredRecord):
    """One line of the log of stages, written before the tags that it speaks of."""

    number: int = Field(ge=1)
    version: str
    stage: Stage
    share: float | None = Field(default=None, gt=0, le=1, description="of new sessions, for a canary")
    before: str = Field(default="", description="the stage that the version had")
    displaced: tuple[str, ...] = Field(default=(), description="versions that lose this stage to it")
    by: str = Field(min_length=1)
    reason: str = Field(min_length=1)
    at: AwareDatetime
    token: str = Field(default_factory=lambda: uuid.uuid4().hex, description="distinguishes two equal records")


def read_stage_log(store: ObjectStore, bucket: str, name: str) -> list[StageRecord]:
    """Return every change of stage of `name`, oldest first."""
    return [
        StageRecord.from_bytes(store.get(bucket, key), store.where(bucket, key)) for key in _keys(store, bucket, name)
    ]


def last_stage_number(store: ObjectStore, bucket: str, name: str) -> int:
    """Return the newest record's number, 0 where there is none."""
    return NumberedLog(store, bucket, name, stages=True).last_number()


def newest_stages_first(store: ObjectStore, bucket: str, name: str) -> Iterator[StageRecord]:
    """Yield changes of stage from the newest backwards, one request each; what cannot be read is passed over."""
    for number in range(last_stage_number(store, bucket, name), 0, -1):
        with suppress(ObjectMissing, ManifestInvalid):
            yield read_stage(store, bucket, name, number)


def read_stage(store: ObjectStore, bucket: str, name: str, number: int) -> StageRecord:
    """Return one change of stage by its number."""
    key = stage_key(name, number)
    return StageRecord.from_bytes(store.get(bucket, key), store.where(bucket, key))


def append_stage(store: ObjectStore, bucket: str, name: str, record: StageRecord) -> StageRecord:
    """Write `record` under the first free number from its own on, and return it as written: no record is ever lost.

    Raises:
        StoreUnreachable: too many others write at this moment, or the store does not answer.
    """
    for number in range(record.number, record.number + MAX_RACES):
        written = record.model_copy(update={"number": number})
        try:
            store.create(bucket, stage_key(name, number), written.to_bytes())
        except PreconditionFailed:
            continue
        return written
    raise StoreUnreachable(f"{name}: {MAX_RACES} other changes of stage were written first; try again")


def _keys(store: ObjectStore, bucket: str, name: str) -> list[str]:
    return [key for key in store.list(bucket, stages_prefix(name)) if record_number(key) > 0]
