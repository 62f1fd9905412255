"""Tests of what the demo's steps decide: what is there already is not done again, and what is missing ends it."""

import io
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from carabin.cli.demo import loop
from carabin.cli.demo.dictation import DemoClip, Outcome
from carabin.cli.demo.plan import MODEL, Plan
from carabin.cli.demo.steps import DemoFailed, Steps
from carabin.client import FinalText, ModelSwitched
from carabin.registry.artifacts.checkpoints import publish_checkpoint
from carabin.registry.artifacts.datasets import SplitCount, publish_dataset
from carabin.registry.settings import StoreSettings
from carabin.registry.testing.memory import MemoryStore
from carabin.trainer.datasets.parquet import DatasetRow, write_dataset
from pydantic import SecretStr
from rich.console import Console

SETTINGS = StoreSettings(endpoint="memory", access_key="tests", secret_key=SecretStr("tests"))
AT = datetime(2026, 1, 1, tzinfo=UTC)
PLAN = Plan("medical", "general", synthesis=("--limit", "4"), training=("--epochs", "1"), before=2, after=3)


class RecordedSteps(Steps):
    """Steps whose commands are written down in place of being run."""

    def __init__(self, **answers: Any) -> None:
        super().__init__(Console(file=io.StringIO(), width=200))
        self.typed: list[tuple[str, ...]] = []
        self.notes: list[str] = []
        self._answers = answers

    def note(self, text: str) -> None:
        self.notes.append(text)

    def carabin(self, *arguments: str) -> Any:
        self.typed.append(arguments)
        return self._answers.get(arguments[0])


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> MemoryStore:
    store = MemoryStore()
    for bucket in (SETTINGS.datasets_bucket, SETTINGS.checkpoints_bucket, SETTINGS.models_bucket):
        store.ensure_bucket(bucket)
    monkeypatch.setattr(loop, "connect", lambda: store)
    monkeypatch.setattr(loop, "store_settings", lambda: SETTINGS)
    monkeypatch.setattr(loop, "data_dir", lambda: tmp_path / "data")
    return store


def dataset(store: MemoryStore, folder: Path, name: str, *test: tuple[str, float]) -> str:
    """Publish a dataset whose test split holds the sentences of the given lengths; return its version."""

    def row(place: int, sentence: str, length_s: float) -> DatasetRow:
        samples = np.full(round(16_000 * length_s), 0.001 * (place + 1), np.float32)
        return DatasetRow.of(samples, sentence, "pico:posee", f"{place}")

    rows = [row(place, *its) for place, its in enumerate(test or [("Examen normal.", 1.0)])]
    write_dataset(folder / name, {"train": [row(9, "Un.", 1.0)], "validation": [row(8, "Deux.", 1.0)], "test": rows})
    counts = {"train": SplitCount(dictations=1, duration_s=120.0)}
    made = publish_dataset(store, SETTINGS.datasets_bucket, name, folder / name, AT, source={}, counts=counts)
    return made.version


@pytest.mark.parametrize("runs_already", [False, True])
def test_a_store_that_runs_already_is_not_stopped_at_the_end(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, runs_already: bool
) -> None:
    stopped: list[bool] = []

    class Store:
        folder = tmp_path

        def status(self) -> object:
            return object() if runs_already else None

        def stop(self) -> None:
            stopped.append(True)

    monkeypatch.setattr(loop, "EmbeddedStore", Store)
    steps = RecordedSteps(store={"endpoint": "127.0.0.1:9000"})
    with ExitStack() as stack:
        loop._start_store(steps, stack)
        assert stopped == []
    assert stopped == ([] if runs_already else [True])
    assert steps.typed == [("store", "start", "--port", "0")]


def test_only_datasets_that_are_not_there_are_spoken(
    store: MemoryStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset(store, tmp_path, "general")
    steps = RecordedSteps()

    def speak(*arguments: str) -> None:
        steps.typed.append(arguments)
        dataset(store, tmp_path, "medical")

    monkeypatch.setattr(steps, "carabin", speak)
    version = loop._datasets(steps, PLAN)
    assert steps.typed == [
        ("dataset", "synthesize", "--corpus", "medical", "--name", "medical", "--limit", "4"),
    ]
    assert steps.notes == ["dataset general is there already", "train: 1 dictations, 2 min"]
    assert loop._datasets(steps, PLAN) == version
    assert len(steps.typed) == 1


@pytest.mark.parametrize("final", [True, False])
def test_a_finished_run_of_this_very_dataset_is_taken_and_another_goes_on(
    store: MemoryStore, tmp_path: Path, final: bool
) -> None:
    (tmp_path / "checkpoint").mkdir()
    (tmp_path / "checkpoint" / "model.bin").write_text("weights")
    publish_checkpoint(
        store, SETTINGS.checkpoints_bucket, "medical-abc", 7, tmp_path / "checkpoint", AT,
        source={}, metrics={"wer": 0.25}, final=final,
    )  # fmt: skip
    steps = RecordedSteps(train={"state": "finished", "checkpoint": "medical-abc/9", "metrics": {"wer": 0.125}})
    found = loop._train(steps, PLAN, "20260101T000000Z-abc")
    trained = ("train", "medical@20260101T000000Z-abc", "--replay", "general", "--run", "medical-abc", "--epochs", "1")
    assert found == ("medical-abc", {"wer": 0.25 if final else 0.125})
    assert steps.typed == ([] if final else [trained])


def test_a_run_that_ends_without_a_checkpoint_ends_the_demo(store: MemoryStore) -> None:
    steps = RecordedSteps(train={"state": "stopped", "checkpoint": None, "metrics": {}})
    with pytest.raises(DemoFailed, match="run medical-abc ended as stopped, without a checkpoint"):
        loop._train(steps, PLAN, "20260101T000000Z-abc")


def test_short_held_out_sentences_are_dictated_once_those_with_most_terms_first(
    store: MemoryStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "load_terms", lambda: ["bisoprolol", "fibrillation atriale"])
    sentences = [
        ("Examen normal.", 1.0),
        ("Bisoprolol pour fibrillation atriale.", 7.0),
        ("Bisoprolol et fibrillation atriale, trop long.", 7.1),
        ("Sous bisoprolol.", 2.0),
        ("Examen normal.", 1.5),
    ]
    dataset(store, tmp_path, "medical", *sentences)
    clips = loop._held_out(PLAN)
    assert [(clip.sentence, len(clip.audio) / 16_000) for clip in clips] == [
        ("Bisoprolol pour fibrillation atriale.", 7.0),
        ("Sous bisoprolol.", 2.0),
        ("Examen normal.", 1.5),
    ]
    monkeypatch.setattr(loop, "fetch_dataset", lambda *_: pytest.fail("it was fetched the first time"))
    assert [clip.sentence for clip in loop._held_out(PLAN)] == [clip.sentence for clip in clips]


@pytest.mark.parametrize("switches", [True, False])
def test_a_dictation_during_which_the_model_never_changed_ends_the_demo(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, switches: bool
) -> None:
    clips = [DemoClip(np.zeros(1, np.float32), "Examen normal.")]

    async def dictate(url: str, given: object, before: int, after: int, promote: Any, show: Any) -> Outcome:
        assert (url, given, before, after) == ("ws://127.0.0.1:9191", clips, 2, 3)
        outcome = Outcome()
        await promote()
        if switches:
            outcome.switches.append(ModelSwitched(version="v2", previous="v1"))
            show(outcome.switches[0])
        show(FinalText(0, 0.0, 1.0, " Examen normal. ", None, None, "v2"))
        return outcome

    @contextmanager
    def served(arguments: tuple[str, ...], port: int, log: Path, environment: dict[str, str]) -> Iterator[None]:
        assert arguments[-2:] == ("--model-name", MODEL)
        assert environment == {"CARABIN_TRANSCRIBER_POLL_S": "2.0"}
        yield

    monkeypatch.setattr(loop, "_held_out", lambda _: clips)
    monkeypatch.setattr(loop, "dictate", dictate)
    monkeypatch.setattr(loop, "served", served)
    monkeypatch.setattr(loop, "data_dir", lambda: tmp_path)
    steps, console = RecordedSteps(), Console(file=io.StringIO(), width=200)
    if switches:
        assert len(loop._dictate(steps, console, PLAN, 9191, "v2").switches) == 1
    else:
        with pytest.raises(DemoFailed, match=f"never changed to v2; its log is {tmp_path}/demo-transcriber.log"):
            loop._dictate(steps, console, PLAN, 9191, "v2")
    shown = console.file.getvalue()  # type: ignore[attr-defined]
    assert ("from here on the text is written by v2" in shown) is switches
    assert "v2 Examen normal." in shown
    assert steps.typed[0][:3] == ("models", "promote", "v2")
    assert "--force" in steps.typed[0]
