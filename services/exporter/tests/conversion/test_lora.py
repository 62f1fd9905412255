"""LoRA adapters: merged into their base, or refused with what they need."""

import shutil
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from carabin.exporter.conversion.checkpoint_gate import inspect_checkpoint
from carabin.exporter.conversion.lora import merge_adapter
from carabin.exporter.errors import CheckpointRefused
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import WhisperForConditionalGeneration

Tensors = dict[str, torch.Tensor]


pytestmark = pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning")
WEIGHTS = "adapter_model.safetensors"


@pytest.fixture
def adapter(checkpoint: Path, tmp_path: Path) -> Path:
    """An adapter that brings its base along."""
    return adapt(checkpoint, tmp_path / "adapter", LoraConfig(target_modules=["q_proj"]))


def adapt(checkpoint: Path, folder: Path, config: LoraConfig) -> Path:
    config.r, config.init_lora_weights = 2, False
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # peft says that it saves the table of tokens
        get_peft_model(WhisperForConditionalGeneration.from_pretrained(checkpoint), config).save_pretrained(folder)
    shutil.copytree(checkpoint, folder / "base")
    return folder


def edit_tensors(file: Path, change: Callable[[Tensors], Tensors]) -> None:
    save_file(change(load_file(file)), file, metadata={"format": "pt"})


def test_a_lora_adapter_is_merged_into_its_base(checkpoint: Path, adapter: Path, tmp_path: Path) -> None:
    merged = merge_adapter(adapter, tmp_path / "merged")
    assert inspect_checkpoint(merged) == inspect_checkpoint(checkpoint)
    name = "model.decoder.layers.0.self_attn.q_proj.weight"
    before = load_file(checkpoint / "model.safetensors")[name]
    down, up = (
        tensor for key, tensor in sorted(load_file(adapter / WEIGHTS).items())
        if ".decoder.layers.0.self_attn.q_proj." in key
    )  # fmt: skip
    torch.testing.assert_close(load_file(merged / "model.safetensors")[name], before + 8 / 2 * up @ down)


@pytest.mark.parametrize(
    "config",
    [
        LoraConfig(target_modules=["q_proj", "embed_tokens"]),
        LoraConfig(target_modules=["q_proj"], modules_to_save=["layer_norm"]),
        LoraConfig(target_modules=["v_proj"], use_dora=True),
    ],
    ids=["with the table of tokens", "with whole modules", "with magnitudes"],
)
def test_an_adapter_of_more_than_two_matrices_a_layer_is_merged(
    config: LoraConfig, checkpoint: Path, tmp_path: Path
) -> None:
    merged = merge_adapter(adapt(checkpoint, tmp_path / "adapter", config), tmp_path / "merged")
    assert inspect_checkpoint(merged) == inspect_checkpoint(checkpoint)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (
            lambda found: {name.replace("model.model.model.", "model.model."): found[name] for name in found},
            r"its LoRA adapter lacks base_model\.model\.model\.decoder.* and 5 more",
        ),
        (
            lambda found: {name: found[name] for name in found if ".encoder." not in name},
            r"its LoRA adapter lacks base_model\.model\.model\.encoder.*q_proj\.lora_A\.weight and 1 more",
        ),
        (lambda _: {}, "its LoRA adapter lacks .* and 5 more"),
        (
            lambda found: {**found, "base_model.model.proj_up.weight": torch.zeros(1)},
            r"without a place in base: base_model\.model\.proj_up\.weight$",
        ),
    ],
    ids=["names of another wrapper", "half of it", "nothing", "more than there is"],
)
def test_an_adapter_with_other_tensors_than_its_base_has_places_is_refused(
    change: Callable[[Tensors], Tensors], reason: str, adapter: Path, tmp_path: Path
) -> None:
    edit_tensors(adapter / WEIGHTS, change)
    with pytest.raises(CheckpointRefused, match=reason):
        merge_adapter(adapter, tmp_path / "merged")
    assert not (tmp_path / "merged").exists()


def test_a_base_that_lacks_a_tensor_is_refused_and_none_is_made_up(adapter: Path, tmp_path: Path) -> None:
    lost = "model.encoder.conv1.weight"
    edit_tensors(
        adapter / "base" / "model.safetensors", lambda found: {name: found[name] for name in found if name != lost}
    )
    with pytest.raises(CheckpointRefused, match=rf"base lacks {lost}$"):
        merge_adapter(adapter, tmp_path / "merged")


def test_an_adapter_without_its_base_says_what_it_needs(checkpoint: Path, tmp_path: Path) -> None:
    (checkpoint / "adapter_config.json").write_text('{"base_model_name_or_path": "openai/whisper-base"}')
    with pytest.raises(CheckpointRefused, match=r"LoRA adapter of openai/whisper-base, .* put its files into base/"):
        merge_adapter(checkpoint, tmp_path / "merged")


def test_an_adapter_that_does_not_fit_is_refused(adapter: Path, tmp_path: Path) -> None:
    (adapter / "adapter_config.json").write_text('{"peft_type": "LORA", "target_modules": ["nothing"]}')
    (adapter / WEIGHTS).write_bytes(b"not tensors")
    with pytest.raises(CheckpointRefused, match="LoRA adapter cannot be merged into base"):
        merge_adapter(adapter, tmp_path / "merged")
