"""A good checkpoint becomes a folder that plain faster-whisper opens; a bad one leaves nothing behind."""

import json
from pathlib import Path

import numpy as np
import pytest
from carabin.exporter.__main__ import main
from carabin.exporter.convert import MODEL_FILES, convert
from carabin.exporter.errors import CheckpointRefused, ConversionFailed, ModelRefused
from carabin.exporter.verify import verify

SECOND_OF_NOISE = np.random.default_rng(7).normal(0, 0.1, 16_000).astype(np.float32)


def test_the_folder_holds_what_faster_whisper_reads_and_others_may_read_it(model: Path) -> None:
    assert {file.name for file in model.iterdir()} == set(MODEL_FILES)
    assert all(file.stat().st_mode & 0o044 == 0o044 for file in model.iterdir())


def test_the_languages_and_alignment_heads_are_carried(model: Path) -> None:
    config = json.loads((model / "config.json").read_text())
    assert len(config["lang_ids"]) == 99
    assert config["alignment_heads"] == [[0, 0]]


def test_it_decodes_offline_in_both_timestamp_modes(model: Path) -> None:
    result = verify(model, SECOND_OF_NOISE)
    assert isinstance(result.text, str)
    assert isinstance(result.text_without_timestamps, str)


@pytest.mark.parametrize("name", MODEL_FILES)
def test_a_model_with_a_missing_file_is_refused(model: Path, tmp_path: Path, name: str) -> None:
    for file in model.iterdir():
        if file.name != name:
            (tmp_path / file.name).symlink_to(file)
    with pytest.raises(ModelRefused, match=f"{name} is missing"):
        verify(tmp_path, SECOND_OF_NOISE)


def test_a_truncated_model_is_refused(model: Path, tmp_path: Path) -> None:
    for file in model.iterdir():
        content = file.read_bytes()
        (tmp_path / file.name).write_bytes(content[:1000] if file.name == "model.bin" else content)
    with pytest.raises(ModelRefused, match="refused as a model"):
        verify(tmp_path, SECOND_OF_NOISE)


def test_int8_is_smaller_and_int16_warns(pristine_checkpoint: Path, model: Path, tmp_path: Path) -> None:
    int8 = convert(pristine_checkpoint, tmp_path / "int8", "int8")
    assert (int8 / "model.bin").stat().st_size < 0.7 * (model / "model.bin").stat().st_size
    with pytest.warns(UserWarning, match="int8 or float16 serves better"):
        convert(pristine_checkpoint, tmp_path / "int16", "int16")


def test_an_existing_target_is_never_overwritten(pristine_checkpoint: Path, model: Path) -> None:
    with pytest.raises(ConversionFailed, match="never overwritten"):
        convert(pristine_checkpoint, model)


def test_a_refused_checkpoint_leaves_nothing_behind(checkpoint: Path, tmp_path: Path) -> None:
    (checkpoint / "tokenizer.json").unlink()
    target = tmp_path / "models" / "refused"
    with pytest.raises(CheckpointRefused, match=r"tokenizer\.json is missing"):
        convert(checkpoint, target)
    assert not target.parent.exists()


def test_the_command_reports_sizes_as_json_and_failure_by_its_exit_code(
    checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["convert", str(checkpoint), str(tmp_path / "model"), "--json"]) == 0
    assert set(json.loads(capsys.readouterr().out)["bytes"]) == set(MODEL_FILES)
    assert main(["convert", str(checkpoint), str(tmp_path / "model")]) == 1
    assert "exists already" in capsys.readouterr().err
