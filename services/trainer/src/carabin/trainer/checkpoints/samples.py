"""The dictations that a checkpoint carries to be checked on, when it is converted and whenever it is loaded."""

import io
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import soundfile

from ..data.audio import RATE_HZ
from ..data.dictations import Dictation

MAX_SAMPLES: Final = 8
"""Enough to distinguish a broken conversion from noise; each costs the exporter two decodes."""
MAX_SAMPLE_S: Final = 29.0
"""One Whisper window, with room to end."""

Transcribe = Callable[[npt.NDArray[np.float32]], str]
"""What the model writes of (n,) samples at 16 kHz."""


def choose_samples(dictations: Sequence[Dictation]) -> list[Dictation]:
    """Return up to eight of `dictations`, evenly spread, each short enough for one window."""
    short = [place for place in range(len(dictations)) if dictations[place].duration_s <= MAX_SAMPLE_S]
    count = min(MAX_SAMPLES, len(short))
    return [dictations[short[number * len(short) // count]] for number in range(count)]


def write_samples(folder: Path, samples: Sequence[Dictation], transcribe: Transcribe | None = None) -> Path:
    """Write `samples` to `samples/`, with `samples.json` naming what they say and what the model writes of them.

    Args:
        transcribe: the converted model in the decoder that serves. Without it hypotheses are null, as in checkpoints
            of a run that goes on: they would cost a conversion each, and the exporter decodes the samples itself, with
            the checkpoint as with what it makes of it.
    """
    target = folder / "samples"
    target.mkdir(parents=True, exist_ok=True)
    listing = []
    for number, sample in enumerate(samples):
        name = f"{number:02d}.wav"
        wave = io.BytesIO()  # of a full disk libsndfile says no more than « System error »
        soundfile.write(wave, sample.audio, RATE_HZ, subtype="PCM_16", format="WAV")
        (target / name).write_bytes(wave.getbuffer())
        hypothesis = transcribe(sample.audio) if transcribe else None
        listing.append({"file": name, "sentence": sample.sentence, "hypothesis": hypothesis})
    (target / "samples.json").write_text(json.dumps(listing, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return target
