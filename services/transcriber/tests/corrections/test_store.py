"""Corrections are kept only where the site says so, by consent, under pseudonyms, for a while; all can be deleted."""

import base64
import io
import wave
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from carabin.registry.testing.memory import MemoryStore
from carabin.transcriber.access.identity import StaticKeys
from carabin.transcriber.corrections.store import (
    Correction,
    CorrectionPolicy,
    CorrectionRefused,
    CorrectionsMisconfigured,
    CorrectionsOff,
    CorrectionStore,
    Kept,
    Retention,
    correction_policy,
    delete_expired,
)
from carabin.transcriber.settings.web import WebSettings
from carabin.transcriber.web import mount_web
from fastapi import FastAPI
from fastapi.testclient import TestClient
from pydantic import SecretStr

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


def desk(retention: Retention, clock: Clock | None = None) -> tuple[CorrectionStore, MemoryStore]:
    clock = clock or Clock()
    store = MemoryStore(clock)
    return CorrectionStore(store, CorrectionPolicy(retention, days=30, salt=SALT), clock), store


def keys(store: MemoryStore) -> list[str]:
    store.ensure_bucket("corrections")
    return store.list("corrections", "")


def test_nothing_is_kept_by_default() -> None:
    assert correction_policy(WebSettings()).retention == "none"
    store = MemoryStore()
    with pytest.raises(CorrectionsOff):
        CorrectionStore(store, CorrectionPolicy()).keep("dr.martin", correction())
    assert keys(store) == []


def test_text_retention_leaves_the_audio_out() -> None:
    taking, store = desk("text")
    kept = taking.keep("dr.martin", correction())
    assert keys(store) == [f"{kept.person}/{kept.id}.json"]
    assert kept.audio is None


def test_audio_is_kept_as_a_wav_beside_its_record() -> None:
    taking, store = desk("audio+text")
    kept = taking.keep("dr.martin", correction())
    assert kept.audio is not None
    with wave.open(io.BytesIO(store.get("corrections", kept.audio))) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (16_000, 1, 2)
        assert file.readframes(9999) == SAMPLES.tobytes()
    assert Kept.model_validate_json(store.get("corrections", f"{kept.person}/{kept.id}.json")) == kept


def test_neither_name_nor_session_stands_in_what_is_kept() -> None:
    taking, store = desk("text")
    taking.keep("dr.martin", correction())
    (key,) = keys(store)
    content = key.encode() + store.get("corrections", key)
    assert b"martin" not in content
    assert b"session-1" not in content


def test_pseudonym_is_the_same_for_one_person_and_another_under_another_salt() -> None:
    one = CorrectionPolicy("text", salt=SALT)
    assert one.pseudonym("a") == one.pseudonym("a") != one.pseudonym("b")
    assert one.pseudonym("a") != CorrectionPolicy("text", salt=SALT + "!").pseudonym("a")


def test_retention_without_a_salt_is_refused() -> None:
    with pytest.raises(CorrectionsMisconfigured, match="CORRECTIONS_SALT"):
        CorrectionPolicy("text", salt="short")


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
    taking, store = desk("audio+text")
    with pytest.raises(CorrectionRefused, match=reason):
        taking.keep("dr.martin", correction(**changes))
    assert keys(store) == []


def test_expired_corrections_go_with_their_audio() -> None:
    clock = Clock()
    taking, store = desk("audio+text", clock)
    taking.keep("dr.martin", correction())
    clock.now = NOON + timedelta(days=29)
    young = taking.keep("dr.durand", correction())
    clock.now = NOON + timedelta(days=31)
    assert delete_expired(store, "corrections", clock.now) == 1
    assert keys(store) == [f"{young.person}/{young.id}.json", f"{young.person}/{young.id}.wav"]


def test_taking_a_correction_in_sweeps_the_expired_ones() -> None:
    clock = Clock()
    taking, store = desk("text", clock)
    taking.keep("dr.martin", correction())
    clock.now = NOON + timedelta(days=31)
    taking.keep("dr.durand", correction())
    assert len(keys(store)) == 1


def test_deleting_one_person_leaves_the_others() -> None:
    taking, store = desk("audio+text")
    taking.keep("dr.martin", correction())
    taking.keep("dr.martin", correction(utterance=4))
    other = taking.keep("dr.durand", correction())
    assert taking.forget("dr.martin") == 2
    assert all(key.startswith(f"{other.person}/") for key in keys(store))
    assert len(keys(store)) == 2


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def client(store: MemoryStore) -> TestClient:
    app = FastAPI()
    settings = WebSettings(corrections="text", corrections_salt=SecretStr(SALT))
    keys = StaticKeys({"dr.martin": "k" * 20})
    mount_web(app, settings=settings, authenticator=keys, store=store)
    return TestClient(app)


MARTIN = {"Authorization": f"Bearer {'k' * 20}"}


def test_endpoint_keeps_a_correction_and_deletes_the_callers_own(client: TestClient, store: MemoryStore) -> None:
    answer = client.post("/v1/corrections", json=correction().model_dump(), headers=MARTIN)
    assert answer.status_code == 201
    assert len(keys(store)) == 1
    assert client.delete("/v1/corrections", headers=MARTIN).json() == {"deleted": 1}
    assert keys(store) == []


def test_endpoint_refuses_strangers_missing_consent_and_foreign_pages(client: TestClient, store: MemoryStore) -> None:
    body = correction().model_dump()
    assert client.post("/v1/corrections", json=body).status_code == 401
    assert client.post("/v1/corrections", json=body | {"consent": False}, headers=MARTIN).status_code == 400
    assert client.post("/v1/corrections", json={"raw": 1}, headers=MARTIN).status_code == 422
    foreign = MARTIN | {"Origin": "https://elsewhere.example"}
    assert client.post("/v1/corrections", json=body, headers=foreign).status_code == 403
    assert keys(store) == []


def test_site_that_keeps_nothing_has_no_endpoint_and_asks_for_no_consent() -> None:
    app = FastAPI()
    mount_web(app, settings=WebSettings())
    client = TestClient(app)
    assert client.post("/v1/corrections", json=correction().model_dump()).status_code == 404
    assert client.get("/web/settings.json").json()["retention"] == "none"


def test_keeping_corrections_without_knowing_whose_is_refused_at_start() -> None:
    settings = WebSettings(corrections="text", corrections_salt=SecretStr(SALT))
    with pytest.raises(CorrectionsMisconfigured, match="whose"):
        mount_web(FastAPI(), settings=settings, store=MemoryStore())
