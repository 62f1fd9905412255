"""Corrections become dictations to learn from and terms to expect; suspicious ones wait for somebody to look."""

import io
import json
import wave
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from carabin.registry.corrections import CorrectionRecord
from carabin.registry.testing.memory import MemoryStore
from carabin.trainer.data.dictations import SPLITS, load_split
from carabin.trainer.datasets.corrections import (
    build_from_corrections,
    judge,
    read_corrections,
    source_of,
    suggest_terms,
)
from carabin.trainer.quality.dataset import check_dataset

NOW = datetime(2026, 6, 1, tzinfo=UTC)
BUCKET = "corrections"


def record(number: int, raw: str, corrected: str, **changes: object) -> CorrectionRecord:
    values: dict[str, object] = {
        "schema_version": 1,
        "id": f"{number:04d}",
        "person": f"{number % 4:016x}",
        "session": f"session-{number}",
        "utterance": 0,
        "model_version": "v1",
        "raw": raw,
        "corrected": corrected,
        "created_at": NOW - timedelta(hours=1),
        "expires_at": NOW + timedelta(days=1),
        "audio": None,
    }
    return CorrectionRecord.model_validate(values | changes)


def put(store: MemoryStore, each: CorrectionRecord) -> None:
    store.ensure_bucket(BUCKET)
    store.put(BUCKET, f"{each.person}/{each.id}.json", each.model_dump_json().encode())


def test_expired_and_unreadable_records_are_left_out() -> None:
    store = MemoryStore()
    put(store, record(1, "a b", "a c"))
    put(store, record(2, "a b", "a c", expires_at=NOW))
    store.put(BUCKET, "x/broken.json", b"{")
    assert [found.id for found in read_corrections(store, BUCKET, NOW)] == ["0001"]


@pytest.mark.parametrize(
    ("raw", "corrected", "reason"),
    [
        ("le patient de cardiologie prend du bisoprolol chaque matine", "tout autre chose que cela ici", "differ"),
        ("le patient", "le patient est sorti hier avec une ordonnance de sortie", "as many words"),
        ("le patient de cardiologie prend du bisoprolol chaque matine chaque matin", "le patient", "as many words"),
        ("", "le patient", "nothing had been recognised"),
        ("le patient", "…", "no word"),
        ("lésion hypodense du foie", "lésion hypodense (?) du foie", "says '(?)'"),
        ("vu le douze en consultation", "vu le ___ en consultation", "in place of what was dictated"),
    ],
)
def test_edit_that_was_hardly_said_is_quarantined_with_its_reason(raw: str, corrected: str, reason: str) -> None:
    judged = judge([record(1, raw, corrected)])
    assert judged.accepted == []
    assert reason in judged.quarantined[0].reason


def test_last_correction_of_an_utterance_counts() -> None:
    first = record(1, "le bisoprolole", "le bisoprol")
    last = record(2, "le bisoprolole", "le bisoprolol", session="session-1", person=first.person)
    judged = judge([first, last])
    assert judged.accepted == [last]
    assert "later" in judged.quarantined[0].reason


def test_formatting_alone_is_no_suspicion() -> None:
    assert judge([record(1, "cinq milligrammes matin et soir", "5 mg matin et soir.")]).quarantined == []


def test_terms_are_suggested_by_how_often_they_were_corrected() -> None:
    records = [
        record(
            n,
            "le patient de cardiologie prend du bise au prolol chaque matin",
            "le patient de cardiologie prend du bisoprolol chaque matin",
        )
        for n in range(3)
    ]
    records += [record(9, "une échographie tracé ici", "une échographie transoesophagienne ici")]
    (term,) = suggest_terms(records)
    assert (term.text, term.corrections, term.persons, term.recognized) == ("bisoprolol", 3, 3, ("bise au prolol",))
    assert len(suggest_terms(records, min_corrections=1)) == 2
    assert suggest_terms(records, min_persons=4) == []


def test_numbers_and_short_words_are_no_terms() -> None:
    records = [record(n, "il prend trois mg de la", "il prend 5 mg de le") for n in range(3)]
    assert suggest_terms(records) == []


def test_dataset_holds_the_corrected_text_under_the_speakers_pseudonym(tmp_path: Path) -> None:
    store = MemoryStore()
    noise = np.random.default_rng(0)
    for number in range(24):
        each = record(number, f"phrase numéro {number} du bisoprolole", f"Phrase nume\u0301ro {number} du bisoprolol.")
        samples = (noise.normal(0, 3000, 32_000)).astype(np.int16)
        key = f"{each.person}/{each.id}.wav"
        put(store, each.model_copy(update={"audio": key}))
        store.put(BUCKET, key, wav(samples))
    unsure = record(98, "lésion hypodense du foie droit", "Lésion hypodense (?) du foie droit.", audio=key)
    put(store, unsure)
    put(store, record(99, "rien de commun ici", "tout autre texte là-bas"))
    built, judged, report = build_from_corrections(store, BUCKET, tmp_path / "dataset", NOW)
    assert report.refused == []
    dictations = [each for split in SPLITS for each in load_split(tmp_path / "dataset", split)]
    assert len(dictations) == sum(size.dictations for size in built.sizes.values()) == 24
    assert all("numéro" in each.sentence and "bisoprolol." in each.sentence for each in dictations)
    assert check_dataset(tmp_path / "dataset").refused == []
    source = source_of(judged)
    assert source["kind"] == "corrections"
    assert source["quarantined"] == "2"
    assert {each.speaker for each in dictations} == set(source["persons"].split(","))
    assert json.dumps(source)


def wav(samples: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(samples.tobytes())
    return buffer.getvalue()
