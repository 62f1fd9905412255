"""The bucket of corrections: what a clinician corrected, under a pseudonym, for a while; written, read and deleted.

Layout, the whole contract between the transcriber that writes and the trainer that reads:

    <person>/<id>.json     a `CorrectionRecord`; its existence makes the correction visible
    <person>/<id>.wav      the utterance, 16 kHz mono 16 bits, where the site keeps audio
    .carabin/swept         written by each sweep, so that the store's clock measures its age and not a replica's
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from .errors import ObjectMissing
from .store import ObjectStore

log = logging.getLogger(__name__)

SWEEP_KEY: Final = ".carabin/swept"
ORPHAN_AGE: Final = timedelta(hours=1)
"""A recording is written before its record; one without a record after so long was left by a crash."""


class CorrectionRecord(BaseModel):
    """One correction, as the bucket holds it; fields of later releases are ignored."""

    model_config = ConfigDict(frozen=True)

    schema_version: int = 1
    id: str
    person: str = Field(description="pseudonym of the speaker")
    session: str = Field(description="pseudonym of the session: the audit log must not lead back from here")
    utterance: int
    model_version: str
    raw: str = Field(description="what was recognised")
    formatted: str = Field(default="", description="what was shown")
    corrected: str = Field(description="what it should have been")
    created_at: datetime
    expires_at: datetime
    audio: str | None = Field(default=None, description="key of the utterance's wav in the same bucket")


@dataclass(frozen=True, slots=True)
class SweepResult:
    """What a sweep did."""

    expired: int
    """Corrections whose time was over, deleted with their audio."""
    unreadable: tuple[str, ...]
    """Keys of records that this release cannot read: they are left, and somebody should look."""


def write_correction(store: ObjectStore, bucket: str, record: CorrectionRecord, audio: bytes | None) -> None:
    """Write a new correction, its audio before its record.

    Args:
        audio: a whole wav file, to be found at `record.audio`.

    Raises:
        StoreError: it was not written; what lies there without a record is swept later.
    """
    store.ensure_bucket(bucket)
    if audio is not None and record.audio is not None:
        store.create(bucket, record.audio, audio)
    store.create(bucket, f"{record.person}/{record.id}.json", record.model_dump_json(indent=1).encode())
    # A sweep takes audio for an orphan that waited long for its record, as behind a store that hung.
    if audio is not None and record.audio is not None and not store.exists(bucket, record.audio):
        store.create(bucket, record.audio, audio)


def read_correction(store: ObjectStore, bucket: str, key: str) -> CorrectionRecord | None:
    """Return the record at `key`, or None, with a line in the log, where it is gone or cannot be read."""
    try:
        return CorrectionRecord.model_validate_json(store.get(bucket, key))
    except ObjectMissing:
        return None
    except ValidationError as error:
        # The error's own text repeats the record: only its count goes into the log.
        log.warning(
            "a correction cannot be read and is skipped",
            extra={"event": "correction_unreadable", "bucket": bucket, "key": key, "faults": error.error_count()},
        )
        return None


def delete_person(store: ObjectStore, bucket: str, person: str) -> int:
    """Delete everything under a pseudonym, records first so that nothing half-deleted is visible; may be repeated.

    Returns:
        How many corrections there were.

    Raises:
        BucketMissing: there is no such bucket: a mistyped name must not pass for one without corrections.
    """
    keys = store.list(bucket, f"{person}/")
    records = [key for key in keys if key.endswith(".json")]
    for key in [*records, *(key for key in keys if key not in records)]:
        store.delete(bucket, key)
    return len(records)


def delete_expired(store: ObjectStore, bucket: str, now: datetime | None = None) -> SweepResult:
    """Delete the corrections whose time is over, and audio without a record.

    Several replicas may sweep at once. What cannot be read is left and reported.

    Args:
        now: by default the store's own clock, so that a replica whose clock is wrong deletes nothing too early.

    Raises:
        BucketMissing: there is no such bucket.
    """
    keys = [key for key in store.list(bucket, "") if key != SWEEP_KEY]
    now = now or store_now(store, bucket)
    record_keys = [key for key in keys if key.endswith(".json")]
    expired, unreadable = 0, list[str]()
    for key in record_keys:
        record = read_correction(store, bucket, key)
        if record is None:
            unreadable += [key] if store.exists(bucket, key) else []
        elif record.expires_at <= now:
            store.delete(bucket, key)
            expired += 1
            if record.audio is not None:
                store.delete(bucket, record.audio)
    _delete_orphans(store, bucket, keys, record_keys, now)
    return SweepResult(expired, tuple(unreadable))


def _delete_orphans(
    store: ObjectStore, bucket: str, keys: Sequence[str], record_keys: Sequence[str], now: datetime
) -> None:
    """Delete old audio that no record names, having looked again whether one came since the keys were listed."""
    for key in keys:
        record_key = key.removesuffix(".wav") + ".json"
        if not key.endswith(".wav") or record_key in record_keys:
            continue
        try:
            if store.stat(bucket, key).modified >= now - ORPHAN_AGE or store.exists(bucket, record_key):
                continue
            audio = store.get(bucket, key)
        except ObjectMissing:
            continue
        store.delete(bucket, key)
        # S3 has no deletion on condition: a record that came between the look and the deletion gets its audio back,
        # and whoever writes one after this look finds its audio gone and writes it again.
        if store.exists(bucket, record_key):
            store.put(bucket, key, audio)


def store_now(store: ObjectStore, bucket: str) -> datetime:
    """Return the time by the store's clock, which dates its objects; the bucket is made where there is none."""
    store.ensure_bucket(bucket)
    store.put(bucket, SWEEP_KEY, b"")
    return store.stat(bucket, SWEEP_KEY).modified
