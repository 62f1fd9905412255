"""From dictations to what the loop reads: mel spectrograms, encoder states for the mode that caches them, labels."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from transformers import WhisperForConditionalGeneration

from ..data.dictations import Dictation
from ..errors import Stopped
from .augment import SPEEDS, augment
from .collate import MEL, STATES, Collator
from .examples import Examples, Text
from .labels import LabelMaker
from .mel import ArrayFile, Mel, MelMaker, digest_of, find_arrays, write_arrays
from .spec_augment import SpecAugment
from .states import encoder_states
from .windows import BucketSampler, EpochLoader, TrainingWindow


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
    features: Sequence[Any] = mels
    if config.cached:
        states = config.cache / f"{name}-states.bin"
        features = encoder_states(states, mels, windows, model, bf16=config.bf16, progress=progress, stopped=stopped)

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
    """Return what is said in each dictation, and its cached mel spectrogram.

    Those that an earlier start of the run made of the same dictations are reused. A run that came to no checkpoint may
    begin anew under its name with another dataset or seed.
    """
    file = config.cache / f"{name}-mel.bin"
    steps = len(dictations) * (2 if config.cached else 1)
    texts: list[Text] = []

    def made_of() -> str:
        return digest_of(config.make_mel.n_mels, [text.sha256 for text in texts])

    def mels() -> Iterator[Any]:
        texts.clear()
        for place in range(len(dictations)):
            if stopped():
                raise Stopped("stopped while features were computed; nothing was learnt yet")
            dictation = dictations[place]
            mel = config.make_mel(dictation.audio)
            texts.append(Text(dictation.sentence, mel.shape[1], dictation.sha256))
            progress(place + 1, steps)
            yield mel

    known = find_arrays(file)
    if known is not None and len(known) == len(dictations):
        for dictation, shape in zip(dictations, known.shapes, strict=True):
            texts.append(Text(dictation.sentence, shape[1], dictation.sha256))
        if known.made_of == made_of():
            return texts, known
    return texts, write_arrays(file, mels(), "float32", made_of)


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
