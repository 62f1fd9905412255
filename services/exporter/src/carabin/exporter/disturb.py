"""The same dictation, heard a little otherwise: more evidence from the recordings that a checkpoint brings."""

from dataclasses import replace
from typing import Final

import numpy as np

from .samples import MAX_SAMPLE_S, Sample

SPEEDS: Final = (0.92, 1.08)
"""Of what was said: as much as one speaker varies from one dictation to the next."""
SNRS_DB: Final = (20.0, 30.0)
"""Speech above noise: a quiet room and one that is not quite."""


def disturbed(sample: Sample, number: int) -> Sample:
    """Return the sample at another speed and with noise; the same `number` disturbs it the same way, 0 not at all."""
    if number == 0:
        return sample
    random = np.random.default_rng(number)
    speed = max(random.uniform(*SPEEDS), sample.duration_s / MAX_SAMPLE_S)
    places = np.arange(0, len(sample.audio) - 1, speed)
    audio = np.interp(places, np.arange(len(sample.audio)), sample.audio)
    power = float(np.mean(np.square(audio))) / 10 ** (random.uniform(*SNRS_DB) / 10)
    audio += random.normal(0, np.sqrt(power), len(audio))
    return replace(sample, audio=np.clip(audio, -1, 1).astype(np.float32))
