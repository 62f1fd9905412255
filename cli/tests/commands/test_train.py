"""Tests of `carabin train` as it is typed."""

import json
from pathlib import Path

import pytest
from carabin.cli.main import main
from carabin.registry.settings import StoreSettings
from carabin.service.access.settings import AccessSettings
from carabin.trainer.runtime.progress import Progress
from carabin.trainer.runtime.watch_server import WatchRun, serve

from ..conftest import words


def test_it_explains_itself_with_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "--help"]) == 0
    shown = words(capsys.readouterr().out)
    assert "Example: carabin train demo" in shown
    assert "--follow" in shown


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ([], "name a dataset"),
        (["demo", "--preset", "recipe"], "there is no preset 'recipe'"),
        (["demo", "--set", "nonsense=1"], "'nonsense' is no NAME=VALUE"),
    ],
)
def test_wrong_usage_is_named(arguments: list[str], reason: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", *arguments]) == 2
    assert reason in words(capsys.readouterr().err)


@pytest.mark.usefixtures("s3_environment")
def test_a_dataset_that_is_not_there_and_a_setting_out_of_range_are_one_sentence(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(["train", "nowhere", "--set", f"work_dir={tmp_path}"]) == 1
    said = capsys.readouterr()
    sentence = "carabin: there is no dataset nowhere: make one with `carabin dataset build` or `synthesize`"
    assert words(said.err) == sentence
    assert said.out == ""
    assert main(["train", "nowhere", "--set", "replay_share=2"]) == 1
    assert "CARABIN_TRAINER_REPLAY_SHARE=2" in words(capsys.readouterr().err)


def test_a_run_elsewhere_is_followed_to_its_end(capsys: pytest.CaptureFixture[str]) -> None:
    watch = WatchRun()
    server = serve(watch, 0, AccessSettings())
    try:
        Progress("r", (watch.publish,)).end("run r is finished", {"wer": 0.25})
        assert main(["train", "--follow", "r", "--address", f"127.0.0.1:{server.port}", "--json"]) == 0
    finally:
        server.stop(0.0)
    assert json.loads(capsys.readouterr().out) == {"run": "r", "text": "run r is finished", "metrics": {"wer": 0.25}}


def test_wrong_credentials_are_one_sentence(
    s3_environment: StoreSettings, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CARABIN_STORE_SECRET_KEY", "not-the-secret")
    assert main(["train", "demo", "--set", f"work_dir={tmp_path}"]) == 1
    printed = words(capsys.readouterr().err)
    assert s3_environment.endpoint in printed
    assert "SignatureDoesNotMatch" in printed
    assert "Traceback" not in printed


@pytest.mark.usefixtures("s3_environment")
def test_what_became_of_each_row_of_a_csv_is_said(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    table = tmp_path / "train.csv"
    table.write_text("audio,sentence\nnowhere.wav,Pas de fièvre.\n", encoding="utf-8")
    assert main(["train", str(table), "--set", f"work_dir={tmp_path}"]) == 1
    said = words(capsys.readouterr().err)
    assert "rows: 1 seen, 0 taken, 1 left out" in said
    assert "train.csv:2: names nowhere.wav, which does not exist" in said
