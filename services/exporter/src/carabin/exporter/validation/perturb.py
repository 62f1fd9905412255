"""The same dictation, a little disturbed: more words to measure on, from the recordings that a checkpoint brings."""

from dataclasses import replace
from typing import Final

import numpy as np

from .samples import MAX_SAMPLE_S, Sample

SPEEDS: Final = (0.97, 1.03)
SNRS_DB: Final = (30.0, 40.0)
"""Speech above noise. Of the shipped sentence Whisper base writes every word in six of eight such variations; at
8 % and 20 dB it mistakes half of them, and what is compared then is luck."""


def perturb(sample: Sample, number: int) -> Sample:
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
