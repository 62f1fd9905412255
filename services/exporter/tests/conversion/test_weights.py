"""What is converted fits together, whatever type it lies in, and needs neither torch nor transformers."""

import filecmp
import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from carabin.exporter.conversion.convert import convert
from carabin.exporter.conversion.safetensors import BLOCK_BYTES, read_tensors
from carabin.exporter.conversion.whisper_layout import EMBEDDING
from carabin.exporter.errors import ConversionFailed
from ctranslate2.converters import TransformersConverter
from safetensors.torch import load_file, save_file
from transformers import WhisperForConditionalGeneration

BIAS = "model.encoder.conv1.bias"


def edit(folder: Path, **tensors: torch.Tensor | None) -> None:
    weights = load_file(folder / "model.safetensors")
    for name, tensor in tensors.items():
        weights.pop(name)
        if tensor is not None:
            weights[name] = tensor
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})


def is_the_converters_own(checkpoint: Path, tmp_path: Path, form: str) -> bool:
    ours = convert(checkpoint, tmp_path / "ours", form)
    TransformersConverter(str(checkpoint)).convert(str(tmp_path / "plain"), quantization=form)
    names = ("model.bin", "config.json", "vocabulary.json")
    return all(filecmp.cmp(ours / name, tmp_path / "plain" / name, shallow=False) for name in names)


def test_a_tensor_that_is_missing_is_named_and_not_made_up(checkpoint: Path, tmp_path: Path) -> None:
    edit(checkpoint, **{BIAS: None})
    with pytest.raises(ConversionFailed, match=r"no model\.encoder\.conv1\.bias in its weights"):
        convert(checkpoint, tmp_path / "model")


def test_a_tensor_of_another_shape_than_the_config_says_is_named(checkpoint: Path, tmp_path: Path) -> None:
    edit(checkpoint, **{BIAS: torch.zeros(32)})
    with pytest.raises(ConversionFailed, match=r"conv1\.bias has shape \(32,\), \(64,\) by config\.json"):
        convert(checkpoint, tmp_path / "model")


def test_a_config_without_a_size_is_named(checkpoint: Path, tmp_path: Path) -> None:
    config = json.loads((checkpoint / "config.json").read_text())
    del config["encoder_ffn_dim"]
    (checkpoint / "config.json").write_text(json.dumps(config))
    with pytest.raises(ConversionFailed, match=r"config\.json says nothing of 'encoder_ffn_dim'"):
        convert(checkpoint, tmp_path / "model")


def test_a_value_beyond_a_form_is_refused_rather_than_infinite(checkpoint: Path, tmp_path: Path) -> None:
    edit(checkpoint, **{BIAS: torch.full((64,), 70_000.0)})
    with pytest.raises(ConversionFailed, match=r"conv1/bias cannot be stored as float16: .* beyond float16's 65504"):
        convert(checkpoint, tmp_path / "float16")
    assert not (tmp_path / "float16").exists()
    assert convert(checkpoint, tmp_path / "bfloat16", "bfloat16").is_dir()


@pytest.mark.parametrize("form", ["float16", "int8"])
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_weights_that_lie_in_another_type_than_the_config_names_are_read_as_the_converter_reads_them(
    checkpoint: Path, tmp_path: Path, dtype: str, form: str
) -> None:
    weights = {
        name: tensor.to(getattr(torch, dtype)) for name, tensor in load_file(checkpoint / "model.safetensors").items()
    }
    save_file(weights, checkpoint / "model.safetensors", metadata={"format": "pt"})
    assert json.loads((checkpoint / "config.json").read_text())["dtype"] == "float32"
    assert is_the_converters_own(checkpoint, tmp_path, form)


def test_a_projection_of_its_own_is_kept(checkpoint: Path, tmp_path: Path) -> None:
    model = WhisperForConditionalGeneration.from_pretrained(checkpoint, tie_word_embeddings=False)
    with torch.no_grad():
        model.proj_out.weight = torch.nn.Parameter(model.model.decoder.embed_tokens.weight.flip(0))
    model.save_pretrained(checkpoint)
    assert is_the_converters_own(checkpoint, tmp_path, "int8_float16")


def test_no_tensor_is_read_whole(pristine_checkpoint: Path) -> None:
    blocks = list(read_tensors(pristine_checkpoint)[EMBEDDING].blocks())
    assert len(blocks) > 1
    assert max(block.nbytes for block in blocks) <= BLOCK_BYTES
    assert torch.equal(
        torch.cat([torch.from_numpy(block) for block in blocks]),
        load_file(pristine_checkpoint / "model.safetensors")[EMBEDDING],
    )


def test_converting_imports_no_library_that_is_larger_than_a_model() -> None:
    heavy = "{'torch', 'transformers', 'ctranslate2', 'faster_whisper', 'minio'}"
    loaded = f"{heavy} & set(sys.modules)"
    code = f"import sys, carabin.exporter.conversion.convert; assert not {loaded}, {loaded}"
    subprocess.run([sys.executable, "-c", code], check=True)
