"""What the bucket of corrections promises: nothing lost to a sweep, nothing kept beyond its time."""

from datetime import UTC, datetime, timedelta

import pytest
from carabin.registry.corrections import (
    SWEEP_KEY,
    CorrectionRecord,
    delete_expired,
    delete_person,
    read_correction,
    write_correction,
)
from carabin.registry.errors import PreconditionFailed
from carabin.registry.testing.memory import MemoryStore

BUCKET = "corrections"
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
DAYS = timedelta(days=30)


class StoreClock:
    """The store's own clock; a replica's may differ."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> StoreClock:
    return StoreClock()


@pytest.fixture
def store(clock: StoreClock) -> MemoryStore:
    store = MemoryStore(clock)
    store.ensure_bucket(BUCKET)
    return store


def record(identifier: str, *, audio: bool = True, created_at: datetime = NOON) -> CorrectionRecord:
    return CorrectionRecord(
        id=identifier, person="p1", session="s", utterance=0, model_version="v", raw="a", corrected="b",
        created_at=created_at, expires_at=created_at + DAYS, audio=f"p1/{identifier}.wav" if audio else None,
    )  # fmt: skip


def keys(store: MemoryStore) -> list[str]:
    return [key for key in store.list(BUCKET, "") if key != SWEEP_KEY]


def test_record_is_read_as_it_was_written(store: MemoryStore) -> None:
    write_correction(store, BUCKET, record("a"), b"wav")
    assert read_correction(store, BUCKET, "p1/a.json") == record("a")
    assert store.get(BUCKET, "p1/a.wav") == b"wav"


def test_correction_never_overwrites_another(store: MemoryStore) -> None:
    write_correction(store, BUCKET, record("a"), b"wav")
    with pytest.raises(PreconditionFailed):
        write_correction(store, BUCKET, record("a"), b"other")
    assert store.get(BUCKET, "p1/a.wav") == b"wav"


def test_record_that_cannot_be_read_stops_no_sweep_and_is_reported(
    store: MemoryStore, clock: StoreClock, caplog: pytest.LogCaptureFixture
) -> None:
    store.put(BUCKET, "p0/broken.json", b'{"raw": "le patient"')
    write_correction(store, BUCKET, record("a"), b"wav")
    clock.now = NOON + DAYS * 2
    swept = delete_expired(store, BUCKET)
    assert (swept.expired, swept.unreadable) == (1, ("p0/broken.json",))
    assert keys(store) == ["p0/broken.json"]
    assert "le patient" not in caplog.text


def test_sweep_goes_by_the_stores_clock_and_not_by_its_own(store: MemoryStore) -> None:
    store.put(BUCKET, "p1/a.wav", b"waiting for its record")
    write_correction(store, BUCKET, record("b"), b"wav")
    # This process runs years after NOON, as a replica whose clock is wrong would.
    assert datetime.now(UTC) > NOON + DAYS
    assert delete_expired(store, BUCKET).expired == 0
    assert keys(store) == ["p1/a.wav", "p1/b.json", "p1/b.wav"]


def test_audio_without_a_record_goes_after_an_hour(store: MemoryStore, clock: StoreClock) -> None:
    store.put(BUCKET, "p1/a.wav", b"orphan")
    clock.now = NOON + timedelta(minutes=59)
    delete_expired(store, BUCKET)
    assert keys(store) == ["p1/a.wav"]
    clock.now = NOON + timedelta(minutes=61)
    delete_expired(store, BUCKET)
    assert keys(store) == []


class _RecordComesAmidSweep(MemoryStore):
    """A store on which another replica writes a record after this sweep has listed the keys."""

    def list(self, bucket: str, prefix: str, start_after: str = "") -> list[str]:
        listed = super().list(bucket, prefix, start_after)
        self.put(bucket, "p1/a.json", record("a").model_dump_json().encode())
        return listed


def test_audio_whose_record_comes_amid_a_sweep_is_kept(clock: StoreClock) -> None:
    store = _RecordComesAmidSweep(clock)
    store.ensure_bucket(BUCKET)
    store.put(BUCKET, "p1/a.wav", b"wav")
    clock.now = NOON + timedelta(hours=2)
    delete_expired(store, BUCKET)
    assert store.get(BUCKET, "p1/a.wav") == b"wav"


class _RecordComesBeforeDeletion(MemoryStore):
    """A store on which another replica writes a record after this sweep has looked for it, before the deletion."""

    def delete(self, bucket: str, key: str) -> None:
        if key.endswith(".wav"):
            self.put(bucket, key.removesuffix(".wav") + ".json", record("a").model_dump_json().encode())
        super().delete(bucket, key)


def test_audio_whose_record_comes_just_before_its_deletion_is_put_back(clock: StoreClock) -> None:
    store = _RecordComesBeforeDeletion(clock)
    store.ensure_bucket(BUCKET)
    store.put(BUCKET, "p1/a.wav", b"wav")
    clock.now = NOON + timedelta(hours=2)
    delete_expired(store, BUCKET)
    assert store.get(BUCKET, "p1/a.wav") == b"wav"


class _SweepTakesAudio(MemoryStore):
    """A store on which another replica's sweep takes the audio just before its record is written."""

    def create(self, bucket: str, key: str, data: bytes, tags: object = None) -> None:
        if key.endswith(".json"):
            self.delete(bucket, key.removesuffix(".json") + ".wav")
        super().create(bucket, key, data)


def test_audio_that_a_sweep_took_amid_writing_is_written_again() -> None:
    store = _SweepTakesAudio()
    write_correction(store, BUCKET, record("a"), b"wav")
    assert store.get(BUCKET, "p1/a.wav") == b"wav"


def test_deleting_a_person_takes_what_cannot_be_read_too(store: MemoryStore) -> None:
    store.put(BUCKET, "p1/broken.json", b"{")
    write_correction(store, BUCKET, record("a"), b"wav")
    assert delete_person(store, BUCKET, "p1") == 2
    assert keys(store) == []
