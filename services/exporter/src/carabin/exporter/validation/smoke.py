"""The smoke dictation: what a version must be able to write again wherever it is loaded."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from carabin.registry.serving_window import WindowPolicy
from carabin.registry.word_error import smoke_error

from ..errors import ConversionRefused
from .decode import ModelDecoder, Transcribed
from .load import LoadedModel
from .samples import Sample

SMOKE_FILE: Final = "smoke.wav"

MAX_SMOKE_ERROR: Final = 0.5
"""Word errors that another device, compute type or window may add to what was written here. A broken model repeats
itself, talks of something else or writes nothing, which is an error of about 1 and more."""

STEADY: Final = 0.1
"""Word errors between the served window and the full one, up to which a model is sure of a sample."""


@dataclass(frozen=True, slots=True)
class SmokeDictation:
    """One recording and what this very model writes of it."""

    sample: Sample
    language: str
    text: str


def choose_smoke(
    model: LoadedModel, decoder: ModelDecoder, transcribed: Sequence[Transcribed], window: WindowPolicy, language: str
) -> SmokeDictation:
    """Return the sample that the model writes best and most steadily, with the model's own words as the expectation.

    The words are those of the window in which the transcriber decodes. A weakly trained model writes some samples
    otherwise in each window, and would be refused for it wherever it is loaded: a steady sample is taken before a
    better one. It is transcribed as faster-whisper's users do as well, in both timestamp modes: a model that works in
    one only is refused.

    Raises:
        ConversionRefused: it writes nothing of any of them, or nothing without timestamps.
    """
    found: list[tuple[float, SmokeDictation]] = []
    for each in sorted(transcribed, key=lambda each: smoke_error(each.sample.sentence, each.hypothesis.text)):
        served = decoder.decode(each.mel, window.window_for(each.mel.shape[1]))
        if served.text and not served.loops and _writes_both(model, each.sample, language):
            change = smoke_error(served.text, each.hypothesis.text)
            found.append((change, SmokeDictation(each.sample, language, served.text)))
            if change <= STEADY:
                break
    if not found:
        raise ConversionRefused(model.folder, f"it writes nothing of any of its {len(transcribed)} sample dictations")
    return min(found, key=lambda each: each[0])[1]


def _writes_both(model: LoadedModel, sample: Sample, language: str) -> bool:
    written = model.write_both(sample.audio, language)
    return bool(written.text and written.text_without_timestamps)


def store_smoke(smoke: SmokeDictation, folder: Path) -> None:
    """Put the recording beside the model, to be published with it."""
    (folder / SMOKE_FILE).write_bytes(smoke.sample.wav())
    (folder / SMOKE_FILE).chmod(0o644)
