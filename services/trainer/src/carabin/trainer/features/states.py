"""Encoder states on disk, for the mode that computes them once in place of once an epoch."""

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import WhisperForConditionalGeneration

from ..errors import Stopped
from ..models.whisper import encode, encoder_digest
from .mel import ArrayFile, digest_of, find_arrays, pad, write_arrays

ENCODE_BATCH = 8
"""Dictations encoded at once; memory, not speed, decides on a CPU."""


class Reordered(Sequence[Any]):
    """An array file seen in the dictations' own order."""

    def __init__(self, arrays: ArrayFile, order: Sequence[int]) -> None:
        self._arrays = arrays
        self._places = {place: number for number, place in enumerate(order)}

    def __len__(self) -> int:
        return len(self._arrays)

    def __getitem__(self, index: Any) -> Any:
        return self._arrays[self._places[index]]


def encoder_states(
    file: Path,
    mels: ArrayFile,
    windows: Sequence[int],
    model: WhisperForConditionalGeneration,
    *,
    bf16: bool,
    progress: Callable[[int, int], None],
    stopped: Callable[[], bool],
) -> Reordered:
    """Return the states of each mel in its window; those that an earlier start made of the same are reused.

    Raises:
        Stopped: `stopped` said so; what is cached so far is discarded.
    """
    order = sorted(range(len(windows)), key=lambda place: windows[place])
    made_of = digest_of(mels.made_of, windows, bf16, encoder_digest(model))

    def encoded() -> Iterator[Any]:
        done = len(order)
        for window, group in groupby(order, key=lambda place: windows[place]):
            places = list(group)
            for start in range(0, len(places), ENCODE_BATCH):
                if stopped():
                    raise Stopped("stopped while encoder states were cached; nothing was learnt yet")
                batch = np.stack([pad(mels[place], window) for place in places[start : start + ENCODE_BATCH]])
                yield from _encode(model, batch, bf16=bf16)
                done += len(batch)
                progress(done, 2 * len(order))

    states = find_arrays(file)
    if states is None or states.made_of != made_of:
        states = write_arrays(file, encoded(), "float16", lambda: made_of)
    return Reordered(states, order)


@torch.no_grad()
def _encode(model: WhisperForConditionalGeneration, mel: Any, *, bf16: bool) -> Iterator[Any]:
    model.train(False)
    device = next(model.parameters()).device
    with torch.autocast(device.type, torch.bfloat16, enabled=bf16):
        states = encode(model, torch.from_numpy(mel).to(device))
    yield from states.to(torch.float16).cpu().numpy()
