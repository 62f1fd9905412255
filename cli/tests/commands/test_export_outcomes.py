"""`carabin export` says how its version stands, and ends as every interrupted command does."""

import signal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from carabin.cli.commands import export
from carabin.cli.main import main
from carabin.exporter.errors import ExportCancelled
from carabin.exporter.jobs.pipeline import Exporter
from carabin.registry.layout import manifest_key
from carabin.registry.settings import StoreSettings
from carabin.registry.testing.memory import MemoryStore
from pydantic import SecretStr

STORE = StoreSettings(endpoint="memory", access_key="x", secret_key=SecretStr("x"), models_bucket="models")


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> MemoryStore:
    memory = MemoryStore()
    monkeypatch.setattr(export, "_store", lambda: (STORE, memory))
    return memory


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_export_that_is_interrupted_ends_with_the_signals_code(
    store: MemoryStore, tmp_path: Path, number: signal.Signals, monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    def interrupted(_self: Exporter, _request: object, _report: object, stop: Any) -> None:
        signal.raise_signal(number)
        assert stop.is_set()
        raise ExportCancelled("this exporter is stopping")

    monkeypatch.setattr(Exporter, "export", interrupted)
    assert main(["export", "--folder", str(tmp_path), "--model", "cardio"]) == 128 + number
    assert "carabin: this exporter is stopping" in capfd.readouterr().err


def test_an_export_that_is_cancelled_elsewhere_ends_with_1(
    store: MemoryStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cancelled(*_: object) -> None:
        raise ExportCancelled("it was cancelled")

    monkeypatch.setattr(Exporter, "export", cancelled)
    assert main(["export", "--folder", str(tmp_path), "--model", "cardio"]) == 1


@pytest.mark.parametrize(
    ("tags", "said"),
    [({"stage": "candidate"}, "is a candidate"), ({}, "is a candidate"), ({"stage": "production"}, "as production")],
)
def test_a_version_that_is_there_already_is_said_to_be_what_it_is(
    store: MemoryStore, tmp_path: Path, tags: dict[str, str], said: str, monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    version = "20261124T101500Z-0123456789ab"
    store.ensure_bucket("models")
    store.put("models", manifest_key("cardio", version), b"{}")
    store.set_tags("models", manifest_key("cardio", version), tags)
    manifest = SimpleNamespace(
        name="cardio", version=version, signatures=(), format=SimpleNamespace(quantization="float16")
    )
    monkeypatch.setattr(Exporter, "export", lambda *_: [manifest])
    assert main(["export", "--folder", str(tmp_path), "--model", "cardio"]) == 0
    assert said in capfd.readouterr().out
