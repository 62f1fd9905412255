"""A good checkpoint becomes a folder that plain faster-whisper opens; a bad one leaves nothing behind."""

import filecmp
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from carabin.ct2whisper.quantize import FORMS
from carabin.exporter.__main__ import main
from carabin.exporter.conversion.checkpoint_gate import inspect_checkpoint
from carabin.exporter.conversion.convert import MODEL_FILES, convert, convert_all
from carabin.exporter.conversion.lora import merge_adapter
from carabin.exporter.errors import CheckpointRefused, ConversionFailed, ConversionRefused
from carabin.exporter.validation.load import verify
from carabin.exporter.validation.samples import shipped_sample
from ctranslate2.converters import TransformersConverter
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from transformers import WhisperForConditionalGeneration

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
    with pytest.raises(ConversionRefused, match=f"{name} is missing"):
        verify(tmp_path, SECOND_OF_NOISE)


def test_a_truncated_model_is_refused(model: Path, tmp_path: Path) -> None:
    for file in model.iterdir():
        content = file.read_bytes()
        (tmp_path / file.name).write_bytes(content[:1000] if file.name == "model.bin" else content)
    with pytest.raises(ConversionRefused, match="refused as a model"):
        verify(tmp_path, SECOND_OF_NOISE)


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
    assert verify(convert(checkpoint, tmp_path / "model"), sample.audio).text == sample.sentence


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


@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning")
def test_a_lora_adapter_is_merged_into_its_base(checkpoint: Path, tmp_path: Path) -> None:
    base = WhisperForConditionalGeneration.from_pretrained(checkpoint)
    adapted = get_peft_model(base, LoraConfig(r=2, target_modules=["q_proj"], init_lora_weights=False))
    adapter = tmp_path / "adapter"
    adapted.save_pretrained(adapter)
    shutil.copytree(checkpoint, adapter / "base")
    merged = merge_adapter(adapter, tmp_path / "merged")
    assert inspect_checkpoint(merged) == inspect_checkpoint(checkpoint)
    name = "model.decoder.layers.0.self_attn.q_proj.weight"
    before = load_file(checkpoint / "model.safetensors")[name]
    down, up = (
        tensor for key, tensor in sorted(load_file(adapter / "adapter_model.safetensors").items())
        if ".decoder.layers.0.self_attn.q_proj." in key
    )  # fmt: skip
    torch.testing.assert_close(load_file(merged / "model.safetensors")[name], before + 8 / 2 * up @ down)


def test_an_adapter_without_its_base_says_what_it_needs(checkpoint: Path, tmp_path: Path) -> None:
    (checkpoint / "adapter_config.json").write_text('{"base_model_name_or_path": "openai/whisper-base"}')
    with pytest.raises(CheckpointRefused, match=r"LoRA adapter of openai/whisper-base, .* put its files into base/"):
        merge_adapter(checkpoint, tmp_path / "merged")


def test_an_adapter_that_does_not_fit_is_refused(checkpoint: Path, tmp_path: Path) -> None:
    adapter = tmp_path / "adapter"
    shutil.copytree(checkpoint, adapter / "base")
    (adapter / "adapter_config.json").write_text('{"peft_type": "LORA", "target_modules": ["nothing"]}')
    (adapter / "adapter_model.safetensors").write_bytes(b"not tensors")
    with pytest.raises(CheckpointRefused, match="LoRA adapter cannot be merged into base"):
        merge_adapter(adapter, tmp_path / "merged")


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
