"""A good checkpoint becomes a folder that plain faster-whisper opens; a bad one leaves nothing behind."""

import filecmp
import json
import shutil
from pathlib import Path

import pytest
from carabin.ct2whisper.quantize import FORMS
from carabin.exporter.__main__ import main
from carabin.exporter.conversion.convert import MODEL_FILES, convert_all
from carabin.exporter.errors import CheckpointRefused, ConversionFailed
from carabin.exporter.validation.load import LoadedModel
from carabin.exporter.validation.samples import shipped_sample
from ctranslate2.converters import TransformersConverter
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from transformers import WhisperForConditionalGeneration

from ..helpers.checkpoints import convert


def test_the_folder_holds_what_faster_whisper_reads_and_others_may_read_it(model: Path) -> None:
    assert {file.name for file in model.iterdir()} == set(MODEL_FILES)
    assert all(file.stat().st_mode & 0o044 == 0o044 for file in model.iterdir())


def test_the_languages_and_alignment_heads_are_carried(model: Path) -> None:
    config = json.loads((model / "config.json").read_text())
    assert len(config["lang_ids"]) == 99
    assert config["alignment_heads"] == [[0, 0]]


@pytest.mark.filterwarnings("ignore:int16 is twice")
def test_every_form_from_one_load_is_the_converters_own_byte_for_byte(
    pristine_checkpoint: Path, tmp_path: Path
) -> None:
    convert_all(pristine_checkpoint, {form: tmp_path / form for form in FORMS})
    for form in FORMS:
        TransformersConverter(str(pristine_checkpoint)).convert(str(tmp_path / "plain"), quantization=form, force=True)
        for name in ("model.bin", "config.json", "vocabulary.json"):
            assert filecmp.cmp(tmp_path / form / name, tmp_path / "plain" / name, shallow=False), (form, name)


def test_a_tokenizer_saved_again_by_a_newer_library_still_serves(checkpoint: Path, tmp_path: Path) -> None:
    """Newer tokenizers write merges as pairs rather than as text."""
    path = checkpoint / "tokenizer.json"
    Tokenizer.from_file(str(path)).save(str(path))
    assert isinstance(json.loads(path.read_text())["model"]["merges"][0], list)
    sample = shipped_sample()
    model = LoadedModel(convert(checkpoint, tmp_path / "model"))
    assert model.write_both(sample.audio, "fr").text == sample.sentence


def test_sharded_safetensors_give_the_same_model(pristine_checkpoint: Path, model: Path, tmp_path: Path) -> None:
    sharded = Path(shutil.copytree(pristine_checkpoint, tmp_path / "sharded"))
    (sharded / "model.safetensors").unlink()
    WhisperForConditionalGeneration.from_pretrained(pristine_checkpoint).save_pretrained(
        tmp_path / "shards", max_shard_size="5MB"
    )
    shards = list((tmp_path / "shards").glob("model*"))
    assert len(shards) > 2
    for shard in shards:
        shutil.copyfile(shard, sharded / shard.name)
    converted = convert(sharded, tmp_path / "converted")
    assert filecmp.cmp(converted / "model.bin", model / "model.bin", shallow=False)


def test_int8_is_smaller_and_int16_warns(pristine_checkpoint: Path, model: Path, tmp_path: Path) -> None:
    int8 = convert(pristine_checkpoint, tmp_path / "int8", "int8")
    assert (int8 / "model.bin").stat().st_size < 0.7 * (model / "model.bin").stat().st_size
    with pytest.warns(UserWarning, match="int8 or float16 serves better"):
        convert(pristine_checkpoint, tmp_path / "int16", "int16")


def test_a_value_beyond_a_form_is_refused_and_leaves_nothing_behind(checkpoint: Path, tmp_path: Path) -> None:
    weights = load_file(checkpoint / "model.safetensors")
    weights["model.encoder.conv1.bias"].fill_(70_000.0)
    save_file(weights, checkpoint / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ConversionFailed, match=r"conv1/bias cannot be stored as float16: .* beyond float16's 65504"):
        convert(checkpoint, tmp_path / "float16")
    assert not (tmp_path / "float16").exists()


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
