"""The dictations that a checkpoint carries to be proven on, when it is converted and whenever it is loaded."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import soundfile

from .audio import RATE_HZ
from .dictations import Dictation

MAX_SAMPLES: Final = 8
"""Enough to tell a broken conversion from noise; each costs the exporter two decodes."""
MAX_SAMPLE_S: Final = 29.0
"""One Whisper window, with room to end."""


def write_samples(folder: Path, dictations: Sequence[Dictation]) -> Path:
    """Write up to eight of `dictations`, evenly spread, to `samples/` with `samples.json` naming what they say."""
    target = folder / "samples"
    target.mkdir(parents=True, exist_ok=True)
    short = [place for place in range(len(dictations)) if dictations[place].duration_s <= MAX_SAMPLE_S]
    count = min(MAX_SAMPLES, len(short))
    listing = []
    for number in range(count):
        dictation = dictations[short[number * len(short) // count]]
        name = f"{number:02d}.wav"
        soundfile.write(target / name, dictation.audio, RATE_HZ, subtype="PCM_16")
        listing.append({"file": name, "sentence": dictation.sentence})
    (target / "samples.json").write_text(json.dumps(listing, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return target
