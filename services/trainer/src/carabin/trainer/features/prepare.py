"""From dictations to what the loop reads: mel spectrograms, encoder states for the mode that caches them, labels."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import WhisperForConditionalGeneration

from ..data.dictations import Dictation
from ..errors import Stopped
from ..models.whisper import encode
from .augment import SPEEDS, augment
from .collate import MEL, STATES, Collator
from .examples import Examples, Text
from .labels import LabelMaker
from .mel import ArrayFile, Mel, MelMaker, pad, write_arrays
from .spec_augment import SpecAugment
from .windows import BucketSampler, EpochLoader, TrainingWindow

ENCODE_BATCH = 8
"""Dictations encoded at once when states are cached; memory, not speed, decides on a CPU."""


@dataclass(frozen=True)
class FeatureConfig:
    """How dictations become examples."""

    make_mel: MelMaker
    make_labels: LabelMaker
    window: TrainingWindow
    cached: bool
    """Encoder states are computed once, in place of once an epoch."""
    seed: int
    timestamps: float
    prompt_share: float
    spec_augment: SpecAugment | None
    augment: bool
    """Speed, noise and room are drawn anew each epoch."""
    bf16: bool
    cache: Path


@dataclass(frozen=True)
class PreparedSplit:
    """Examples of one split, each with the window that it needs at least."""

    examples: Examples
    windows: Sequence[int]
    fixed: bool
    trailing: int

    def sampler(self, batch_size: int, *, seed: int, rank: int = 0, world: int = 1) -> BucketSampler:
        """Return batches for process `rank` of `world`."""
        return BucketSampler(
            self.windows, batch_size, seed=seed, fixed=self.fixed, trailing=self.trailing, rank=rank, world=world
        )

    def loader(self, batch_size: int, collate: Collator, *, rank: int = 0, world: int = 1) -> EpochLoader:
        """Return batches that are the same every time, to measure on."""
        sampler = self.sampler(batch_size, seed=0, rank=rank, world=world)
        return EpochLoader(self.examples, batch_sampler=sampler, collate_fn=collate)


def prepare_split(
    name: str,
    dictations: Sequence[Dictation],
    config: FeatureConfig,
    model: WhisperForConditionalGeneration,
    *,
    training: bool,
    progress: Callable[[int, int], None],
    stopped: Callable[[], bool] = lambda: False,
) -> PreparedSplit:
    """Compute and cache the features of one split.

    Raises:
        DatasetInvalid: a recording cannot be decoded, or a sentence does not fit; it is named.
        Stopped: `stopped` said so; what is cached so far is discarded.
    """
    texts, mels = _heard(name, dictations, config, progress, stopped)
    if training and config.augment:  # the slowest speed lasts longest
        texts = [replace(text, n_frames=round(text.n_frames / min(SPEEDS))) for text in texts]
    windows = _windows(texts, config, training=training)
    features = _states(name, mels, windows, config, model, progress, stopped) if config.cached else mels

    def altered(place: int, draw: np.random.Generator) -> Mel:
        return config.make_mel(augment(dictations[place].audio, draw))

    examples = Examples(
        texts,
        features,
        config.make_labels,
        states=config.cached,
        seed=config.seed,
        timestamps=config.timestamps if training else 0.0,
        prompt_share=config.prompt_share if training else 0.0,
        spec_augment=config.spec_augment if training else None,
        sound=altered if training and config.augment else None,
    )
    return PreparedSplit(examples, windows, fixed=config.cached, trailing=config.window.trailing if training else 0)


def _heard(
    name: str,
    dictations: Sequence[Dictation],
    config: FeatureConfig,
    progress: Callable[[int, int], None],
    stopped: Callable[[], bool],
) -> tuple[list[Text], ArrayFile]:
    """Return what is said in each dictation, and its cached mel spectrogram; those from before a restart are reused."""
    steps = len(dictations) * (2 if config.cached else 1)
    texts: list[Text] = []

    def mels() -> Iterator[Any]:
        for place in range(len(dictations)):
            if stopped():
                raise Stopped("stopped while features were computed; nothing was learnt yet")
            dictation = dictations[place]
            mel = config.make_mel(dictation.audio)
            texts.append(Text(dictation.sentence, mel.shape[1], dictation.sha256))
            progress(place + 1, steps)
            yield mel

    cached = write_arrays(config.cache / f"{name}-mel.bin", mels(), "float32")
    if not texts:  # nothing was computed: they are from before a restart
        texts = [
            Text(dictation.sentence, shape[1], dictation.sha256)
            for dictation, shape in zip(dictations, cached.shapes, strict=True)
        ]
    return texts, cached


def collator(config: FeatureConfig) -> Collator:
    """Return what stacks this config's examples."""
    return Collator(STATES if config.cached else MEL, config.make_labels.pad_id)


def _windows(texts: Sequence[Text], config: FeatureConfig, *, training: bool) -> list[int]:
    """Return the least window of each dictation; where states are cached, the one that it is given for good."""
    if not (config.cached and training):
        return [config.window.draw(text.n_frames, 0.0) for text in texts]
    return [config.window.draw(text.n_frames, _chance(text.sha256, config.seed)) for text in texts]


def _chance(sha256: str, seed: int) -> float:
    """Return a number in [0, 1) that is the recording's own, whatever else is in the dataset."""
    digest = hashlib.sha256(f"{seed}\0{sha256}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def _states(
    name: str,
    mels: ArrayFile,
    windows: Sequence[int],
    config: FeatureConfig,
    model: WhisperForConditionalGeneration,
    progress: Callable[[int, int], None],
    stopped: Callable[[], bool],
) -> "Reordered":
    order = sorted(range(len(windows)), key=lambda place: windows[place])

    def encoded() -> Iterator[Any]:
        done = len(order)
        for window, group in groupby(order, key=lambda place: windows[place]):
            places = list(group)
            for start in range(0, len(places), ENCODE_BATCH):
                if stopped():
                    raise Stopped("stopped while encoder states were cached; nothing was learnt yet")
                batch = np.stack([pad(mels[place], window) for place in places[start : start + ENCODE_BATCH]])
                yield from _encode(model, batch, bf16=config.bf16)
                done += len(batch)
                progress(done, 2 * len(order))

    return Reordered(write_arrays(config.cache / f"{name}-states.bin", encoded(), "float16"), order)


@torch.no_grad()
def _encode(model: WhisperForConditionalGeneration, mel: Any, *, bf16: bool) -> Iterator[Any]:
    model.train(False)
    device = next(model.parameters()).device
    with torch.autocast(device.type, torch.bfloat16, enabled=bf16):
        states = encode(model, torch.from_numpy(mel).to(device))
    yield from states.to(torch.float16).cpu().numpy()


class Reordered(Sequence[Any]):
    """An array file seen in the dictations' own order."""

    def __init__(self, arrays: ArrayFile, order: Sequence[int]) -> None:
        self._arrays = arrays
        self._places = {place: number for number, place in enumerate(order)}

    def __len__(self) -> int:
        return len(self._arrays)

    def __getitem__(self, index: Any) -> Any:
        return self._arrays[self._places[index]]
