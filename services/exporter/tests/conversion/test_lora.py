"""LoRA adapters: merged into their base, or refused with what they need."""

import shutil
from pathlib import Path

import pytest
import torch
from carabin.exporter.conversion.checkpoint_gate import inspect_checkpoint
from carabin.exporter.conversion.lora import merge_adapter
from carabin.exporter.errors import CheckpointRefused
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file
from transformers import WhisperForConditionalGeneration


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
