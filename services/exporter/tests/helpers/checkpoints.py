"""Checkpoints with one thing changed."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from carabin.exporter.conversion.convert import convert_all
from safetensors.torch import load_file, save_file


def edit(folder: Path, name: str, change: Callable[[dict[str, Any]], object]) -> None:
    """Change the JSON object in a file of the checkpoint."""
    content = json.loads((folder / name).read_text())
    change(content)
    (folder / name).write_text(json.dumps(content))


def edit_weights(folder: Path, change: Callable[[dict[str, torch.Tensor]], object]) -> None:
    """Change the tensors of the checkpoint."""
    weights = load_file(folder / "model.safetensors")
    change(weights)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})


def convert(checkpoint: Path, target: Path, form: str = "float16") -> Path:
    """Convert `checkpoint` into the new folder `target`, in one form."""
    convert_all(checkpoint, {form: target})
    return target
