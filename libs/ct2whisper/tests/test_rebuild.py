"""What was converted comes back as the checkpoint's own tensors and sizes."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from carabin.ct2whisper.binary import read_binary
from carabin.ct2whisper.errors import BinaryInvalid
from carabin.ct2whisper.rebuild import quantised_weight, rebuild_tensors, whisper_sizes
from ctranslate2.converters import TransformersConverter
from safetensors.torch import load_file
from transformers import WhisperForConditionalGeneration

from .conftest import write_form


@pytest.mark.parametrize("form", ["float32", "float16", "bfloat16"])
def test_every_tensor_comes_back_from_the_official_converters_file(pristine: Path, tmp_path: Path, form: str) -> None:
    TransformersConverter(str(pristine)).convert(str(tmp_path / "ct2"), quantization=form)
    binary = read_binary(tmp_path / "ct2" / "model.bin")
    rebuilt = dict(rebuild_tensors(binary, whisper_sizes(binary)))
    stored = load_file(pristine / "model.safetensors")
    assert set(rebuilt) == set(stored) | {"proj_out.weight"}
    for name, tensor in stored.items():
        rounded = tensor.to(getattr(torch, form)).to(torch.float32)
        assert torch.equal(torch.from_numpy(rebuilt[name]), rounded), name


def test_the_sizes_are_those_of_the_checkpoints_config(pristine: Path, tmp_path: Path) -> None:
    config = json.loads((pristine / "config.json").read_text())
    sizes = whisper_sizes(read_binary(write_form(pristine, tmp_path / "ct2", "float16") / "model.bin"))
    assert sizes == {name: config.get(name, True) for name in sizes}


def test_a_projection_of_its_own_comes_back(checkpoint: Path, tmp_path: Path) -> None:
    model = WhisperForConditionalGeneration.from_pretrained(checkpoint, tie_word_embeddings=False)
    with torch.no_grad():
        model.proj_out.weight = torch.nn.Parameter(model.model.decoder.embed_tokens.weight.flip(0))
    model.save_pretrained(checkpoint)
    binary = read_binary(write_form(checkpoint, tmp_path / "ct2", "float32") / "model.bin")
    sizes = whisper_sizes(binary)
    assert sizes["tie_word_embeddings"] is False
    rebuilt = dict(rebuild_tensors(binary, sizes))
    np.testing.assert_array_equal(rebuilt["proj_out.weight"], model.proj_out.weight.detach().numpy())


def test_a_bias_where_whisper_has_none_is_refused(pristine: Path, tmp_path: Path) -> None:
    path = write_form(pristine, tmp_path / "ct2", "float32") / "model.bin"
    fused = read_binary(path).variables["encoder/layer_0/self_attention/linear_0/bias"]
    content = bytearray(path.read_bytes())
    key_share = fused.offset + 4 * fused.shape[0] // 3
    content[key_share : key_share + 4] = np.float32(1).tobytes()
    path.write_bytes(content)
    binary = read_binary(path)
    with pytest.raises(BinaryInvalid, match="its key projection has a bias"):
        dict(rebuild_tensors(binary, whisper_sizes(binary)))


def test_a_quantised_weight_is_named(pristine: Path, tmp_path: Path) -> None:
    int8 = read_binary(write_form(pristine, tmp_path / "int8", "int8") / "model.bin")
    assert str(quantised_weight(int8)).endswith("/weight")
    assert quantised_weight(read_binary(write_form(pristine, tmp_path / "f32", "float32") / "model.bin")) is None
