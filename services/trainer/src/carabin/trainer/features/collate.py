"""Dictations into batches: mel or encoder states cut to the batch's window, labels padded to the longest."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from .labels import IGNORED, Labels

Array = npt.NDArray[np.floating]

Batch = dict[str, Tensor]
"""`mel` (B, n_mels, T) or `states` (B, T / 2, d) float; `decoder_input_ids`, `labels` (B, L), `indices` (B,) int64."""

STATES: Final = "states"
MEL: Final = "mel"


@dataclass(frozen=True, slots=True)
class Example:
    """One dictation as a batch takes it; `features` already have the batch's length."""

    index: int
    features: Array
    labels: Labels


class Collator:
    """Stacks examples.

    Args:
        name: `mel` or `states`.
        pad_id: the token that fills the decoder's input; its places carry no loss.
    """

    def __init__(self, name: str, pad_id: int) -> None:
        self._name = name
        self._pad_id = pad_id

    def __call__(self, examples: Sequence[Example]) -> Batch:
        length = max(len(example.labels.inputs) for example in examples)
        inputs = torch.full((len(examples), length), self._pad_id, dtype=torch.int64)
        targets = torch.full((len(examples), length), IGNORED, dtype=torch.int64)
        for row, example in enumerate(examples):
            inputs[row, : len(example.labels.inputs)] = torch.tensor(example.labels.inputs)
            targets[row, : len(example.labels.targets)] = torch.tensor(example.labels.targets)
        features = np.stack([np.asarray(example.features, np.float32) for example in examples])
        return {
            self._name: torch.from_numpy(features),
            "decoder_input_ids": inputs,
            "labels": targets,
            "indices": torch.tensor([example.index for example in examples]),
        }
