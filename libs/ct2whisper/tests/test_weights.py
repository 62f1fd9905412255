"""What is written equals the official converter's files, whatever type the weights lie in; what is unfit is named."""

import filecmp
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from carabin.ct2whisper.errors import WeightsUnfit
from carabin.ct2whisper.quantize import FORMS
from carabin.ct2whisper.weights import Weights
from ctranslate2.converters import TransformersConverter
from safetensors.torch import load_file, save_file
from transformers import WhisperForConditionalGeneration

from .conftest import WRITTEN, edit_tensors, is_the_converters_own, write_form

BIAS = "model.encoder.conv1.bias"


@pytest.fixture(scope="module", params=["float32", "float16", "bfloat16"])
def trained_in(request: pytest.FixtureRequest, pristine: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The checkpoint in each type that people train in."""
    folder = Path(shutil.copytree(pristine, tmp_path_factory.mktemp("trained") / request.param))
    tensors = load_file(folder / "model.safetensors")
    dtype = getattr(torch, request.param)
    save_file({name: tensor.to(dtype) for name, tensor in tensors.items()}, folder / "model.safetensors", {})
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "dtype": request.param}))
    return folder


def test_every_form_from_one_reading_is_the_converters_own_byte_for_byte(trained_in: Path, tmp_path: Path) -> None:
    folders = {form: tmp_path / form for form in FORMS}
    for folder in folders.values():
        folder.mkdir()
    Weights(trained_in).write(folders)
    for form, folder in folders.items():
        TransformersConverter(str(trained_in)).convert(str(tmp_path / "plain"), quantization=form, force=True)
        for name in WRITTEN:
            assert filecmp.cmp(folder / name, tmp_path / "plain" / name, shallow=False), (form, name)


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


def test_a_tensor_that_is_missing_is_named_and_not_made_up(checkpoint: Path) -> None:
    edit_tensors(checkpoint, **{BIAS: None})
    with pytest.raises(WeightsUnfit, match=r"no model\.encoder\.conv1\.bias in its weights"):
        Weights(checkpoint)


def test_a_tensor_of_another_shape_than_the_config_says_is_named(checkpoint: Path) -> None:
    edit_tensors(checkpoint, **{BIAS: torch.zeros(32)})
    with pytest.raises(WeightsUnfit, match=r"conv1\.bias has shape \(32,\), \(16,\) by config\.json"):
        Weights(checkpoint)


def test_a_config_without_a_size_is_named(checkpoint: Path) -> None:
    config = json.loads((checkpoint / "config.json").read_text())
    del config["encoder_ffn_dim"]
    (checkpoint / "config.json").write_text(json.dumps(config))
    with pytest.raises(WeightsUnfit, match=r"config\.json says nothing of 'encoder_ffn_dim'"):
        Weights(checkpoint)


def test_a_value_beyond_a_form_is_refused_rather_than_infinite(checkpoint: Path, tmp_path: Path) -> None:
    edit_tensors(checkpoint, **{BIAS: torch.full((16,), 70_000.0)})
    with pytest.raises(WeightsUnfit, match=r"conv1/bias cannot be stored as float16: .* beyond float16's 65504"):
        write_form(checkpoint, tmp_path / "float16", "float16")
    assert list((tmp_path / "float16").iterdir()) == []
    assert write_form(checkpoint, tmp_path / "bfloat16", "bfloat16").is_dir()


def test_the_check_between_two_variables_ends_the_work_and_leaves_no_model(checkpoint: Path, tmp_path: Path) -> None:
    calls = iter(range(10))

    def check() -> None:
        if next(calls, None) is None:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Weights(checkpoint).write({"float16": tmp_path}, check)
    assert not (tmp_path / "model.bin").exists()


def test_no_library_that_is_larger_than_a_model_is_imported() -> None:
    heavy = "{'torch', 'transformers', 'ctranslate2', 'faster_whisper', 'minio'}"
    loaded = f"{heavy} & set(sys.modules)"
    code = f"import sys, carabin.ct2whisper.weights, carabin.ct2whisper.rebuild; assert not {loaded}, {loaded}"
    subprocess.run([sys.executable, "-c", code], check=True)
