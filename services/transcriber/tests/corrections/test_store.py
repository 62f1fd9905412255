"""Corrections are kept only where the site says so, by consent, under pseudonyms, for a while; all can be deleted."""

import base64
import io
import wave
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from carabin.registry.corrections import SWEEP_KEY, CorrectionRecord, delete_expired
from carabin.registry.errors import StoreUnreachable
from carabin.registry.testing.memory import MemoryStore
from carabin.transcriber.corrections.errors import CorrectionRefused, CorrectionsOff
from carabin.transcriber.corrections.policy import CorrectionPolicy, correction_policy
from carabin.transcriber.corrections.store import Correction, CorrectionStore
from carabin.transcriber.settings.web import Retention, WebSettings

SALT = "a salt that is long enough"
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
SAMPLES = np.arange(1600, dtype=np.int16)
AUDIO = base64.b64encode(SAMPLES.tobytes()).decode()


class Clock:
    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


def correction(**changes: object) -> Correction:
    values: dict[str, object] = {
        "session": "session-1",
        "utterance": 3,
        "model_version": "20260101T000000Z-aaaaaaaaaaaa",
        "raw": " le bisoprolole",
        "corrected": "le bisoprolol",
        "consent": True,
        "audio_int16": AUDIO,
    }
    return Correction.model_validate(values | changes)


def make_store(retention: Retention, clock: Clock | None = None) -> tuple[CorrectionStore, MemoryStore]:
    clock = clock or Clock()
    store = MemoryStore(clock)
    return CorrectionStore(store, CorrectionPolicy(retention, days=30, salt=SALT), clock), store


def keys(store: MemoryStore) -> list[str]:
    store.ensure_bucket("corrections")
    return [key for key in store.list("corrections", "") if key != SWEEP_KEY]


def test_nothing_is_kept_by_default() -> None:
    assert correction_policy(WebSettings()).retention == "none"
    store = MemoryStore()
    with pytest.raises(CorrectionsOff):
        CorrectionStore(store, CorrectionPolicy()).keep("dr.martin", correction())
    assert keys(store) == []


def test_text_retention_leaves_the_audio_out() -> None:
    taking, store = make_store("text")
    kept = taking.keep("dr.martin", correction())
    assert keys(store) == [f"{kept.person}/{kept.id}.json"]
    assert kept.audio is None


def test_audio_is_kept_as_a_wav_beside_its_record() -> None:
    taking, store = make_store("audio+text")
    kept = taking.keep("dr.martin", correction())
    assert kept.audio is not None
    with wave.open(io.BytesIO(store.get("corrections", kept.audio))) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (16_000, 1, 2)
        assert file.readframes(9999) == SAMPLES.tobytes()
    assert CorrectionRecord.model_validate_json(store.get("corrections", f"{kept.person}/{kept.id}.json")) == kept


def test_neither_name_nor_session_stands_in_what_is_kept() -> None:
    taking, store = make_store("text")
    taking.keep("dr.martin", correction())
    (key,) = keys(store)
    content = key.encode() + store.get("corrections", key)
    assert b"martin" not in content
    assert b"session-1" not in content


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"consent": False}, "consent"),
        ({"corrected": " "}, "empty"),
        ({"audio_int16": "not base64!"}, "base64"),
        ({"audio_int16": base64.b64encode(b"odd").decode()}, "16-bit"),
    ],
)
def test_what_may_not_be_kept_is_refused_and_nothing_is_written(changes: dict[str, object], reason: str) -> None:
    taking, store = make_store("audio+text")
    with pytest.raises(CorrectionRefused, match=reason):
        taking.keep("dr.martin", correction(**changes))
    assert keys(store) == []


def test_expired_corrections_go_with_their_audio() -> None:
    clock = Clock()
    taking, store = make_store("audio+text", clock)
    taking.keep("dr.martin", correction())
    clock.now = NOON + timedelta(days=29)
    young = taking.keep("dr.durand", correction())
    clock.now = NOON + timedelta(days=31)
    assert delete_expired(store, "corrections").expired == 1
    assert keys(store) == [f"{young.person}/{young.id}.json", f"{young.person}/{young.id}.wav"]


def test_taking_a_correction_in_sweeps_the_expired_ones() -> None:
    clock = Clock()
    taking, store = make_store("text", clock)
    taking.keep("dr.martin", correction())
    clock.now = NOON + timedelta(days=31)
    taking.keep("dr.durand", correction())
    assert len(keys(store)) == 1


@pytest.mark.parametrize(("jump_days", "store_days", "left"), [(-1, 30.5, 2), (1, 29.9, 3)], ids=["back", "forth"])
def test_a_clock_that_jumps_a_day_neither_stops_the_sweep_nor_deletes_what_lives(
    jump_days: float, store_days: float, left: int
) -> None:
    replica, store_clock = Clock(), Clock()
    store = MemoryStore(store_clock)
    taking = CorrectionStore(store, CorrectionPolicy("text", days=30, salt=SALT), replica)
    taking.keep("dr.martin", correction())
    replica.now = store_clock.now = NOON + timedelta(days=29.5)
    taking.keep("dr.martin", correction(utterance=4))
    replica.now, store_clock.now = replica.now + timedelta(days=jump_days), NOON + timedelta(days=store_days)
    taking.keep("dr.martin", correction(utterance=5))
    assert len(keys(store)) == left


def test_a_record_is_dated_by_the_stores_clock_and_not_by_a_replicas() -> None:
    clock = Clock()
    store = MemoryStore(clock)
    kept = CorrectionStore(store, CorrectionPolicy("text", days=30, salt=SALT)).keep("dr.martin", correction())
    assert (kept.created_at, kept.expires_at) == (NOON, NOON + timedelta(days=30))
    clock.now = NOON + timedelta(days=29)
    assert delete_expired(store, "corrections").expired == 0


def test_deleting_one_person_leaves_the_others() -> None:
    taking, store = make_store("audio+text")
    taking.keep("dr.martin", correction())
    taking.keep("dr.martin", correction(utterance=4))
    other = taking.keep("dr.durand", correction())
    assert taking.forget("dr.martin") == 2
    assert all(key.startswith(f"{other.person}/") for key in keys(store))
    assert len(keys(store)) == 2


class _StoreThatCannotList(MemoryStore):
    def list(self, bucket: str, prefix: str, start_after: str = "") -> list[str]:
        raise StoreUnreachable("no answer")


def test_sweep_that_fails_loses_no_correction(caplog: pytest.LogCaptureFixture) -> None:
    store = _StoreThatCannotList()
    kept = CorrectionStore(store, CorrectionPolicy("text", salt=SALT)).keep("dr.martin", correction())
    assert store.exists("corrections", f"{kept.person}/{kept.id}.json")
    assert [line.event for line in caplog.records] == ["corrections_sweep_failed"]  # type: ignore[attr-defined]
