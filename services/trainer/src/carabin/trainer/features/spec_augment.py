"""SpecAugment (Park et al. 2019) on the speech alone.

transformers' own masks fall mostly on the padding unless a (B, T) mask is given, and write 0, which is mid-scale for
Whisper. These fall on speech frames only and write the quietest value that the spectrogram holds.
"""

from dataclasses import dataclass

import numpy as np

from .mel import Mel


@dataclass(frozen=True, slots=True)
class SpecAugment:
    """How much is hidden: up to `time_masks` stretches of at most `time_frames`, and the same over mel bins."""

    time_masks: int = 2
    time_frames: int = 25
    """10 ms each: a syllable."""
    time_share: float = 0.1
    """No stretch hides more than this share of the speech."""
    bin_masks: int = 1
    bins: int = 8


def mask(mel: Mel, n_frames: int, amount: SpecAugment, rng: np.random.Generator) -> Mel:
    """Return a copy of (n_mels, T) `mel` with parts of its first `n_frames` frames hidden; the padding is untouched."""
    masked = mel.copy()
    speech = masked[:, : min(n_frames, mel.shape[1])]
    quiet = speech.min() if speech.size else 0.0
    longest = min(amount.time_frames, int(amount.time_share * speech.shape[1]))
    for _ in range(amount.time_masks):
        start, length = _stretch(speech.shape[1], longest, rng)
        speech[:, start : start + length] = quiet
    for _ in range(amount.bin_masks):
        start, length = _stretch(mel.shape[0], amount.bins, rng)
        speech[start : start + length] = quiet
    return masked


def _stretch(size: int, longest: int, rng: np.random.Generator) -> tuple[int, int]:
    length = int(rng.integers(0, longest + 1))
    return int(rng.integers(0, max(1, size - length + 1))), length
