"""What an operator asks inside the exporter's container: the same environment, the same ledger, true exit codes."""

import json
from pathlib import Path
from typing import Any

import pytest
from carabin.exporter import operation
from carabin.exporter.__main__ import main
from carabin.exporter.errors import ExportCancelled
from carabin.exporter.jobs.pipeline import Exporter
from carabin.registry.artifacts.publish import list_versions
from carabin.registry.settings import StoreSettings
from carabin.registry.testing.memory import MemoryStore
from pydantic import SecretStr

from .helpers.service import publish

STORE = StoreSettings(
    endpoint="memory", access_key="x", secret_key=SecretStr("x"), models_bucket="models",
    checkpoints_bucket="checkpoints",
)  # fmt: skip


@pytest.fixture(autouse=True)
def environment(store: MemoryStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.setenv("CARABIN_EXPORTER_MODEL_NAME", "cardio")
    monkeypatch.setenv("CARABIN_EXPORTER_WORK", str(work))
    monkeypatch.setattr(operation, "store_settings", lambda: STORE)
    monkeypatch.setattr(operation, "connect", lambda _: store)
    monkeypatch.setattr(operation, "install", lambda _: None)


def test_a_checkpoint_that_failed_is_listed_with_its_reason_and_exported_when_it_is_tried_again(
    store: MemoryStore, checkpoint: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    publish(store, checkpoint)
    with monkeypatch.context() as patch:
        patch.setattr(Exporter, "_convert", lambda *_: (_ for _ in ()).throw(RuntimeError("a bug")))
        for _ in range(3):
            with pytest.raises(RuntimeError):
                main(["retry", "run-1"])
    capsys.readouterr()
    assert main(["list"]) == 0
    assert "run-1@1  interrupted  a bug" in capsys.readouterr().out
    assert main(["retry", "run-1@1", "--json"]) == 0
    out, err = capsys.readouterr()
    assert [each["version"] for each in json.loads(out)] == list_versions(store, "models", "cardio")
    assert "publish" in err
    assert main(["list", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["state"] == "done"
    assert main(["list", "--model", "other"]) == 0
    assert capsys.readouterr().out == ""


def test_what_cannot_be_is_one_sentence_and_exit_code_1(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["retry", "run-9"]) == 1
    assert "carabin-exporter: run run-9 has no complete checkpoint" in capsys.readouterr().err
    with pytest.raises(SystemExit, match="2"):
        main(["retry"])


def test_a_retry_that_is_interrupted_ends_with_130(
    store: MemoryStore, checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(store, checkpoint)

    def interrupted(_self: Exporter, _request: object, _show: object, stop: Any) -> None:
        stop.set()
        raise ExportCancelled("this exporter is stopping")

    monkeypatch.setattr(Exporter, "export", interrupted)
    assert main(["retry", "run-1"]) == 130
