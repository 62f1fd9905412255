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
from carabin.trainer.data.dictations import SPLITS
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


def dataset(store: MemoryStore, folder: Path, name: str) -> str:
    """Publish a dataset of three sentences; return its version."""
    rows = [
        DatasetRow.of(np.full(16_000, 0.001 * place, np.float32), f"Numéro {place}.", "pico", "") for place in (1, 2, 3)
    ]
    write_dataset(folder / name, {split: [row] for split, row in zip(SPLITS, rows, strict=True)})
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


@pytest.mark.parametrize("switches", [True, False])
def test_a_dictation_during_which_the_model_never_changed_ends_the_demo(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, switches: bool
) -> None:
    clips = [DemoClip(np.zeros(1, np.float32), "Examen normal.")]

    async def dictate(url: str, given: object, before: int, after: int, promotions: Any, show: Any) -> Outcome:
        assert (url, given, before, after) == ("ws://127.0.0.1:9191", clips, 2, 3)
        outcome = Outcome()
        for promote in promotions:
            await promote()
        if switches:
            outcome.switches.append(ModelSwitched(version="v2", previous="v1"))
            show(outcome.switches[0])
        show(FinalText(0, 0.0, 1.0, " Examen normal. ", None, None, "v2", lexicon=("examen",)))
        return outcome

    @contextmanager
    def served(arguments: tuple[str, ...], port: int, log: Path, environment: dict[str, str]) -> Iterator[None]:
        assert arguments[-2:] == ("--model-name", MODEL)
        assert environment == {"CARABIN_TRANSCRIBER_POLL_S": "2.0"}
        yield

    monkeypatch.setattr(loop, "held_out", lambda _: clips)
    monkeypatch.setattr(loop, "dictate", dictate)
    monkeypatch.setattr(loop, "served", served)
    monkeypatch.setattr(loop, "data_dir", lambda: tmp_path)
    steps, console = RecordedSteps(), Console(file=io.StringIO(), width=200)
    if switches:
        assert len(loop._dictate(steps, console, PLAN, 9191, Path("words.tsv"), "v2").switches) == 1
    else:
        with pytest.raises(DemoFailed, match=f"never changed to v2; its log is {tmp_path}/demo-transcriber.log"):
            loop._dictate(steps, console, PLAN, 9191, Path("words.tsv"), "v2")
    shown = console.file.getvalue()  # type: ignore[attr-defined]
    assert ("from here on the text is written by v2" in shown) is switches
    assert "v2 Examen normal. (from the lexicon: examen)" in shown
    assert [typed[:3] for typed in steps.typed] == [("lexicon", "promote", "words.tsv"), ("models", "promote", "v2")]
    assert not [typed for typed in steps.typed if "--force" in typed]


@pytest.mark.parametrize(
    ("production", "typed"),
    [(None, ("models", "promote", "v1")), ("v2", ("models", "rollback", "--to", "v1")), ("v1", None)],
)
def test_the_stock_model_is_promoted_the_first_time_and_taken_back_to_later(
    store: MemoryStore, monkeypatch: pytest.MonkeyPatch, production: str | None, typed: tuple[str, ...] | None
) -> None:
    monkeypatch.setattr(loop, "install_base_model", lambda folder: folder)
    monkeypatch.setattr(loop, "read_production", lambda *_: production)
    steps = RecordedSteps(export=[{"version": "v1"}])
    assert loop._publish_stock(steps) == "v1"
    assert [each[: len(typed or ())] for each in steps.typed[1:]] == ([typed] if typed else [])


@pytest.mark.parametrize("used", [True, False])
def test_the_lexicon_is_of_the_dataset_and_that_of_an_earlier_run_is_withdrawn(
    store: MemoryStore, monkeypatch: pytest.MonkeyPatch, used: bool
) -> None:
    monkeypatch.setattr(loop, "production_lexicons", lambda *_: {loop.LEXICON: ("v", "key")} if used else {})
    steps = RecordedSteps(lexicon={"entries": 3, "reports": 2})
    file = loop._lexicon(steps, PLAN, "v7")
    assert steps.typed[0][:4] == ("lexicon", "build", "--dataset", "medical@v7")
    assert str(file) in steps.typed[0]
    assert [each[:2] for each in steps.typed[1:]] == ([("lexicon", "withdraw")] if used else [])


def test_columns_are_each_version_without_the_lexicon_and_with_it() -> None:
    figures = {
        "v1": {"wer": 0.5},
        "v1 with the lexicon": {"wer": 0.4},
        "v2": {"wer": 0.3},
        "v2 with the lexicon": {"wer": 0.2},
    }
    steps = RecordedSteps(evaluate=figures)
    columns = loop._compare(steps, PLAN, "v7", Path("words.tsv"), {"stock": "v1", "fine-tuned": "v2"})
    assert {title: column["wer"] for title, column in columns.items()} == {
        "stock": 0.5, "stock with lexicon": 0.4, "fine-tuned": 0.3, "fine-tuned with lexicon": 0.2,
    }  # fmt: skip
