"""A converted folder opened offline: it transcribes in both timestamp modes, or is refused by name."""

from pathlib import Path

import numpy as np
import pytest
from carabin.exporter.conversion.convert import MODEL_FILES
from carabin.exporter.errors import ConversionRefused
from carabin.exporter.validation.load import LoadedModel
from carabin.service.errors import ResourcesExhausted
from faster_whisper import WhisperModel

SECOND_OF_NOISE = np.random.default_rng(7).normal(0, 0.1, 16_000).astype(np.float32)


def test_it_decodes_offline_in_both_timestamp_modes(model: Path) -> None:
    result = LoadedModel(model).write_both(SECOND_OF_NOISE, "fr")
    assert isinstance(result.text, str)
    assert isinstance(result.text_without_timestamps, str)


@pytest.mark.parametrize("name", MODEL_FILES)
def test_a_model_with_a_missing_file_is_refused(model: Path, tmp_path: Path, name: str) -> None:
    for file in model.iterdir():
        if file.name != name:
            (tmp_path / file.name).symlink_to(file)
    with pytest.raises(ConversionRefused, match=f"{name} is missing"):
        LoadedModel(tmp_path).write_both(SECOND_OF_NOISE, "fr")


def test_a_truncated_model_is_refused(model: Path, tmp_path: Path) -> None:
    for file in model.iterdir():
        content = file.read_bytes()
        (tmp_path / file.name).write_bytes(content[:1000] if file.name == "model.bin" else content)
    with pytest.raises(ConversionRefused, match="refused as a model"):
        LoadedModel(tmp_path).write_both(SECOND_OF_NOISE, "fr")


def test_a_tokenizer_that_cannot_be_read_is_one_error(model: Path, tmp_path: Path) -> None:
    for file in model.iterdir():
        if file.name != "tokenizer.json":
            (tmp_path / file.name).symlink_to(file)
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(ConversionRefused, match="refused as a model"):
        LoadedModel(tmp_path)


def test_a_machine_that_is_short_of_threads_refuses_no_model(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("Resource temporarily unavailable")

    monkeypatch.setattr(WhisperModel, "__init__", fail)
    with pytest.raises(ResourcesExhausted, match="Resource temporarily unavailable"):
        LoadedModel(model)
