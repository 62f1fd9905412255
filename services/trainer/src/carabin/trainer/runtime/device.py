"""What this machine can compute with: said before training starts, never ignored."""

from pathlib import Path
from typing import Final, Literal

import torch

from ..errors import SettingsRefused
from ..settings import Precision

Computed = Literal["fp32", "bf16", "fp16"]

_CPU_BF16: Final = "avx512_bf16"
_BF16_CAPABILITY: Final = (8, 0)
"""Ampere: the first CUDA devices with bfloat16 tensor cores."""


def choose_precision(wanted: Precision, *, cuda: bool, bf16: bool) -> Computed:
    """Return what to compute in.

    Args:
        cuda: training runs on a CUDA device.
        bf16: the device computes bfloat16 in hardware.

    Raises:
        SettingsRefused: the device cannot do what was asked; transformers would ignore it without a word.
    """
    if wanted == "auto":
        return "bf16" if bf16 else "fp32"
    if wanted == "fp16" and not cuda:
        raise SettingsRefused("precision fp16 needs a CUDA device, and this run has none: choose bf16, fp32 or auto")
    if wanted == "bf16" and not bf16:
        device = "CUDA device" if cuda else "processor"
        raise SettingsRefused(f"precision bf16 is not supported by this {device}: choose fp32 or auto")
    return wanted


def has_bf16(*, cuda: bool) -> bool:
    """Say whether the device computes bfloat16 in hardware."""
    if cuda:
        return torch.cuda.get_device_capability() >= _BF16_CAPABILITY
    cpu = Path("/proc/cpuinfo")
    return cpu.exists() and _CPU_BF16 in cpu.read_text(encoding="ascii", errors="replace")
