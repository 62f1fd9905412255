"""The smoke dictation: what a version must be able to write again wherever it is loaded."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from carabin.registry.smoke import smoke_error

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


def choose_smoke(model: Loaded, samples: Sequence[Sample], language: str) -> SmokeDictation:
    """Return the sample that the model writes best, with the model's own words as the expectation.

    Both timestamp modes are run on every sample tried, so a model that only works in one never gets a smoke dictation.

    Raises:
        ModelRefused: it writes nothing of any of them.
    """
    best: tuple[float, SmokeDictation] | None = None
    for sample in samples:
        written = model.write_both(sample.audio, language)
        if not written.text:
            continue
        error = smoke_error(sample.sentence, written.text)
        if best is None or error < best[0]:
            best = error, SmokeDictation(sample, language, written.text)
    if best is None:
        raise ModelRefused(model.folder, f"it writes nothing of any of its {len(samples)} sample dictations")
    return best[1]


def store_smoke(smoke: SmokeDictation, folder: Path) -> None:
    """Put the recording beside the model, to be published with it."""
    (folder / SMOKE_FILE).write_bytes(smoke.sample.wav())
    (folder / SMOKE_FILE).chmod(0o644)
