"""The smoke dictation: what a version must be able to write again wherever it is loaded."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from carabin.registry.smoke import smoke_error

from .decode import Heard
from .errors import ModelRefused
from .samples import Sample
from .verify import Loaded

SMOKE_FILE: Final = "smoke.wav"

MAX_SMOKE_ERROR: Final = 0.3
"""Word errors that another device or compute type may add to what was written here. A broken model repeats itself or
writes nothing, which is an error of 1 and more; one word of a ten-word sentence is 0.1."""


@dataclass(frozen=True, slots=True)
class SmokeDictation:
    """One recording and what this very model writes of it."""

    sample: Sample
    language: str
    text: str


def choose_smoke(model: Loaded, heard: Sequence[Heard], language: str) -> SmokeDictation:
    """Return the sample that the model writes best, with the model's own words as the expectation.

    It is transcribed as faster-whisper's users do, in both timestamp modes: a model that works in one only is refused.

    Raises:
        ModelRefused: it writes nothing of any of them, or nothing without timestamps.
    """
    ranked = sorted(heard, key=lambda each: smoke_error(each.sample.sentence, each.hypothesis.text))
    for each in ranked:
        written = model.write_both(each.sample.audio, language)
        if written.text and written.text_without_timestamps:
            return SmokeDictation(each.sample, language, written.text)
    raise ModelRefused(model.folder, f"it writes nothing of any of its {len(heard)} sample dictations")


def store_smoke(smoke: SmokeDictation, folder: Path) -> None:
    """Put the recording beside the model, to be published with it."""
    (folder / SMOKE_FILE).write_bytes(smoke.sample.wav())
    (folder / SMOKE_FILE).chmod(0o644)
