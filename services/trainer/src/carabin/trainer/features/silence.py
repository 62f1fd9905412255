"""Recordings in which nobody speaks, to be learnt as such: a decoder taught only by speech writes words into noise."""

import hashlib
from collections.abc import Sequence
from typing import Final

import numpy as np

from ..data.audio import RATE_HZ
from ..data.dictations import Dictation
from .augment import coloured_noise

SHORTEST_S, LONGEST_S = 1.0, 6.0
LEVELS: Final = (0.001, 0.1)
"""Root mean square of the noise: a good microphone's own, to a machine beside it."""
MUTE_SHARE: Final = 0.2
"""Of these recordings so many are digital silence."""


def silences(count: int, seed: int) -> Sequence[Dictation]:
    """Return `count` dictations without a word: noise of any colour and level, or nothing at all."""
    return [_silence(number, np.random.default_rng([seed, number])) for number in range(count)]


def _silence(number: int, draw: np.random.Generator) -> Dictation:
    count = int(draw.uniform(SHORTEST_S, LONGEST_S) * RATE_HZ)
    level = 0.0 if draw.random() < MUTE_SHARE else float(np.exp(draw.uniform(*np.log(LEVELS))))
    noise = level * coloured_noise(count, draw, float(draw.uniform(0.0, 2.0)))
    audio = np.clip(noise, -1, 1).astype(np.float32)
    digest = hashlib.sha256(audio.tobytes() + number.to_bytes(8, "big")).hexdigest()
    return Dictation(
        audio=audio, sentence="", speaker=None, duration_s=count / RATE_HZ, sha256=digest, source="silence"
    )
