"""`carabin evaluate`: the versions' figures side by side, and a dash where one was not measured."""

import io
import json
import weakref
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from carabin.cli.commands import evaluate as module
from carabin.cli.commands.evaluate import comparison, held_out
from carabin.cli.main import main
from carabin.lexicon import Lexicon
from carabin.registry.artifacts.datasets import publish_dataset
from carabin.registry.settings import StoreSettings
from carabin.registry.testing.memory import MemoryStore
from carabin.trainer.data import dictations
from carabin.trainer.data.dictations import Dictation
from carabin.trainer.datasets.parquet import DatasetRow, write_dataset
from pydantic import SecretStr
from rich.console import Console

from ..conftest import words

SETTINGS = StoreSettings(endpoint="memory", access_key="tests", secret_key=SecretStr("tests"))
AT = datetime(2026, 1, 1, tzinfo=UTC)
SPEAKERS = ("anne", "anne", "zoé", "zoé")


def row(place: int, sentence: str, speaker: str) -> DatasetRow:
    samples = np.random.default_rng(place).normal(0, 0.1, 16_000).astype(np.float32)
    return DatasetRow.of(samples, sentence, speaker, f"{place}.wav")


@pytest.fixture
def store(tmp_path: Path) -> MemoryStore:
    store = MemoryStore()
    store.ensure_bucket(SETTINGS.datasets_bucket)
    test = [row(place, f"Dictée {place}.", speaker) for place, speaker in enumerate(SPEAKERS)]
    splits = {"train": [row(7, "Apprise.", "max")], "validation": [row(8, "Validée.", "max")], "test": test}
    write_dataset(tmp_path / "made", splits)
    publish_dataset(store, SETTINGS.datasets_bucket, "cardio", tmp_path / "made", AT, source={}, counts={})
    return store


def printed(found: dict[str, dict[str, float]]) -> str:
    file = io.StringIO()
    Console(file=file, width=160).print(comparison(found))
    return words(file.getvalue())


def test_shares_are_percent_counts_are_whole_and_what_was_not_measured_is_a_dash() -> None:
    shown = printed({"v1": {"wer": 0.1234, "critical_errors": 3.0}, "v2": {"term_recall": 0.9, "general_wer": 0.2}})
    assert "v1 12.3 – 3 –" in shown
    assert "v2 – 90.0 – 20.0" in shown


@pytest.mark.usefixtures("s3_environment")
def test_a_dataset_that_is_not_there_is_said_before_any_model_is_fetched(
    s3_environment: StoreSettings, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["evaluate", "v1", "--model", "cardio", "--dataset", "nothing-of-this-name"]) == 1
    assert "there is no dataset nothing-of-this-name" in words(capsys.readouterr().err)


def test_a_limit_decodes_no_more_and_hears_every_speaker(
    store: MemoryStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded = []
    decode = dictations.decode
    monkeypatch.setattr(dictations, "decode", lambda data: decoded.append(1) or decode(data))
    assert [said.speaker for said in held_out(store, SETTINGS, "cardio", tmp_path / "one", 1).dictations] == ["anne"]
    assert len(decoded) == 1
    assert {said.speaker for said in held_out(store, SETTINGS, "cardio", tmp_path / "two", 2).dictations} == {
        "anne",
        "zoé",
    }
    assert len(decoded) == 3
    assert len(held_out(store, SETTINGS, "cardio", tmp_path / "all", None).dictations) == len(SPEAKERS)
    assert len(decoded) == 3


class Weighed(Sequence[Dictation]):
    """Dictations that are made anew at each look, and know how many of their sounds are still held."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._sounds: list[weakref.ref[npt.NDArray[np.float32]]] = []

    def __len__(self) -> int:
        return self._number

    def __getitem__(self, place: int) -> Dictation:  # type: ignore[override]
        if place >= self._number:
            raise IndexError(place)
        audio = np.zeros(16_000, np.float32)
        self._sounds.append(weakref.ref(audio))
        return Dictation(audio, f"Dictée {place}.", "anne", 1.0, f"{place}")

    @property
    def held(self) -> int:
        return sum(sound() is not None for sound in self._sounds)


def test_with_a_lexicon_no_more_sound_is_held_than_is_being_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    medical, general, held = Weighed(6), Weighed(3), list[int]()

    def compare(_: Any, __: Lexicon, sounds: Sequence[npt.NDArray[np.float32]]) -> Iterator[tuple[int, str, str]]:
        for place in reversed(range(len(sounds))):
            assert len(sounds[place]) == 16_000
            held.append(medical.held + general.held)
            yield place, "Dictée.", f"Dictée {place}."

    monkeypatch.setattr(module, "compare", compare)
    monkeypatch.setattr(module, "Ct2Engine", lambda *_, **__: SimpleNamespace(close=lambda: None))
    manifest: Any = SimpleNamespace(version="v1", window=None)
    without, with_it = module._without_and_with(Path(), manifest, medical, general, Lexicon(()), lambda *_: None)
    assert len(held) == 9
    assert max(held) <= 1
    assert (without["wer"], with_it["wer"]) == (0.5, 0.0)


@pytest.mark.parametrize(("lineage", "count"), [("cardio", 2.0), ("gone", None)])
def test_dictations_that_a_version_has_learnt_are_counted_in_a_warning_and_in_the_json(
    store: MemoryStore,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    lineage: str,
    count: float | None,
) -> None:
    bucket = SETTINGS.datasets_bucket
    test = [row(0, "Dictée relue.", "anne"), row(20, "apprise", "zoé"), row(21, "Neuve.", "zoé")]
    validation, train = [row(23, "Encore.", "max")], [row(0, "Dictée.", "anne"), row(7, "Apprise.", "max")]
    write_dataset(tmp_path / "old", {"train": train, "validation": validation, "test": [row(25, "Fin.", "max")]})
    learnt = publish_dataset(store, bucket, "cardio", tmp_path / "old", AT, source={}, counts={}).version
    write_dataset(tmp_path / "new", {"train": [row(24, "Suite.", "max")], "validation": validation, "test": test})
    publish_dataset(store, bucket, "newer", tmp_path / "new", AT, source={}, counts={})
    manifest = SimpleNamespace(version="v1", window=None, source={"dataset": lineage, "dataset_version": learnt})
    monkeypatch.setattr(module, "connect", lambda: store)
    monkeypatch.setattr(module, "store_settings", lambda: SETTINGS)
    monkeypatch.setattr(module, "read_manifest", lambda *_: manifest)
    monkeypatch.setattr(module, "fetch_model", lambda *_: tmp_path)
    monkeypatch.setattr(module, "_measure", lambda *_: {"v1": {"wer": 0.5}})
    assert main(["evaluate", "v1", "--model", "cardio", "--dataset", "newer", "--json"]) == 0
    shown = capsys.readouterr()
    assert json.loads(shown.out)["v1"].get("learnt_test_dictations") == count
    if count is None:
        assert f"learnt from gone@{learnt} could not be checked" in words(shown.err)
    else:
        assert "v1: 2 of the 3 test dictations of newer@" in words(shown.err)
