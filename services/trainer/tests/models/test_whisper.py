"""Tests of the seam into transformers' Whisper."""

from pathlib import Path

import pytest
import torch
from carabin.trainer.errors import BaseModelRefused, ResumeRefused
from carabin.trainer.models.whisper import (
    average,
    encode,
    load_whisper,
    logits_of,
    merged_state,
    prepare,
    read_weights,
    write_weights,
)
from torch import Tensor
from transformers import WhisperForConditionalGeneration

from ..helpers.training import tiny_whisper

TOKENS = torch.tensor([[50258, 50265, 50359, 50363, 2000, 3000]])


def mel(window: int) -> Tensor:
    return torch.randn(1, 80, window, generator=torch.Generator().manual_seed(1))


def test_the_whole_window_gives_what_transformers_gives(tiny: Path) -> None:
    theirs = WhisperForConditionalGeneration.from_pretrained(tiny).eval()
    ours = load_whisper(tiny).eval()
    with torch.no_grad():
        expected = theirs(input_features=mel(3000), decoder_input_ids=TOKENS).logits
        assert torch.equal(logits_of(ours, {"mel": mel(3000), "decoder_input_ids": TOKENS}), expected)


def test_a_short_window_is_computed_alone_and_its_cached_states_give_the_same_answer(tiny: Path) -> None:
    model = load_whisper(tiny).eval()
    with torch.no_grad():
        states = encode(model, mel(400))
        assert states.shape == (1, 200, 32)
        direct = logits_of(model, {"mel": mel(400), "decoder_input_ids": TOKENS})
        assert torch.equal(logits_of(model, {"states": states, "decoder_input_ids": TOKENS}), direct)


@pytest.mark.parametrize(
    ("mode", "encoder", "embeddings", "learns_encoder", "learns_embeddings"),
    [
        ("full", "layers.0.fc1", True, True, True),
        ("full", "layers.0.fc1", False, True, False),
        ("decoder", "layers.0.fc1", False, False, False),
        ("frozen-encoder", "layers.0.fc1", True, False, True),
    ],
)
def test_a_mode_trains_its_part(
    tiny: Path, mode: str, encoder: str, embeddings: bool, learns_encoder: bool, learns_embeddings: bool
) -> None:
    model = prepare(load_whisper(tiny), mode, train_embeddings=embeddings, lora_rank=4)  # type: ignore[arg-type]
    learning = {name for name, parameter in model.named_parameters() if parameter.requires_grad}
    assert any(name.startswith(f"model.encoder.{encoder}") for name in learning) is learns_encoder
    assert ("model.decoder.embed_tokens.weight" in learning) is learns_embeddings
    assert "model.decoder.layers.0.fc1.weight" in learning


def test_adapters_are_merged_into_a_plain_whisper_that_answers_the_same(tiny: Path, tmp_path: Path) -> None:
    model = prepare(load_whisper(tiny), "lora", train_embeddings=False, lora_rank=4).eval()
    adapters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    assert 0 < sum(parameter.numel() for parameter in adapters) < 10_000
    for parameter in adapters:
        torch.nn.init.normal_(parameter, std=0.1)
    batch = {"mel": mel(200), "decoder_input_ids": TOKENS}
    write_weights(model, tmp_path / "saved")
    with torch.no_grad():
        adapted = logits_of(model, batch)
        plain = load_whisper(tmp_path / "saved").eval()
        torch.testing.assert_close(logits_of(plain, batch), adapted, rtol=1e-4, atol=1e-4)
        assert not torch.allclose(logits_of(load_whisper(tiny).eval(), batch), adapted, atol=1e-2)
        again = prepare(load_whisper(tiny), "lora", train_embeddings=False, lora_rank=4).eval()
        read_weights(again, tmp_path / "saved")
        assert torch.equal(logits_of(again, batch), adapted)


def test_averaging_goes_from_the_base_to_what_was_learnt(tiny: Path) -> None:
    base = merged_state(load_whisper(tiny))
    tuned = {name: value + 1 for name, value in base.items()}
    for alpha in (0.0, 0.25, 1.0):
        mixed = average(base, tuned, alpha)
        assert all(torch.allclose(mixed[name], base[name] + alpha, atol=1e-6) for name in base)


def test_a_folder_that_is_no_whisper_and_weights_of_another_size_are_refused(
    tiny: Path, rebuilt: Path, tmp_path: Path
) -> None:
    with pytest.raises(BaseModelRefused, match="not a Hugging Face Whisper"):
        load_whisper(tmp_path)
    other = tiny_whisper(rebuilt, tmp_path / "other", width=16)
    with pytest.raises(ResumeRefused, match="its weights are not of this model"):
        read_weights(load_whisper(tiny), other)
