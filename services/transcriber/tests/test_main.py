"""The command line goes before variables in what is served, and what cannot be is refused in one sentence."""

from pathlib import Path

import pytest
from carabin.transcriber.__main__ import main, read_arguments
from carabin.transcriber.settings.model import TranscriberSettings

SEVERAL = "cardiologie,radiologie"


def settings_of(*argv: str) -> TranscriberSettings:
    return TranscriberSettings.load(**read_arguments(list(argv))[1])


def test_a_model_named_on_the_command_line_is_served_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CARABIN_TRANSCRIBER_MODELS", SEVERAL)
    assert settings_of("--model-name", "urgences").model_names == ("urgences",)
    assert settings_of("--port", "9090").model_names == ("cardiologie", "radiologie")


def test_a_folder_on_the_command_line_is_served_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CARABIN_TRANSCRIBER_MODELS", SEVERAL)
    settings = settings_of("--model-dir", "/models/one")
    assert settings.model_dir == Path("/models/one")
    assert len(settings.model_names) == 1


def test_several_models_go_before_the_one_of_the_other_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CARABIN_TRANSCRIBER_MODEL_NAME", "carabin")
    monkeypatch.setenv("CARABIN_TRANSCRIBER_MODELS", SEVERAL)
    assert settings_of().model_names == ("cardiologie", "radiologie")


def test_variables_for_several_models_and_for_a_folder_are_refused_at_the_start(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CARABIN_TRANSCRIBER_MODELS", SEVERAL)
    monkeypatch.setenv("CARABIN_TRANSCRIBER_MODEL_DIR", "/models/one")
    assert main(["--port", "0", "--grpc-port", "0"]) == 1
    said = capsys.readouterr().err
    assert len(said.splitlines()) == 1
    assert said.startswith("carabin-transcriber: ")
    assert "models and model_dir exclude each other: a folder is one model, without a name" in said
