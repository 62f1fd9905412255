"""What the soak's speakers say: a pool of sentences that the model is known to write, placed in long silence."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from carabin.client import FinalText
from carabin.trainer.text.corpus import sentences_of
from live_audio import RATE_HZ, Samples, silence, speak

POOL = 24
"""Sentences that all speakers draw from; each is dictated once beforehand, to know what the model writes of it."""
DUTY = 0.12
"""Share of the time in which a speaker speaks: twenty speakers at half duty would want four cores, and refusals under
load are no fault."""
COVERED = 0.6
"""Of what a final covers of a sentence in the quiet reference: less is a range that was lost."""


@dataclass(frozen=True, slots=True)
class Clip:
    """A spoken sentence, from its first to its last audible sample."""

    text: str
    samples: Samples

    @property
    def duration_s(self) -> float:
        return len(self.samples) / RATE_HZ


@dataclass(frozen=True, slots=True)
class Placed:
    """A clip in a dictation's audio."""

    clip: int
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Script:
    """One dictation: its audio and what is said where."""

    samples: Samples
    said: tuple[Placed, ...]


def make_clips(n: int = POOL) -> list[Clip]:
    """Speak `n` sentences of the medical corpus."""
    texts = [text for text in sentences_of("medical") if 40 <= len(text) <= 90]
    return [Clip(text, speak(text)) for text in random.Random(11).sample(texts, n)]


def script(clips: Sequence[Clip], chosen: Sequence[int], duty: float, tail_s: float) -> Script:
    """Say the chosen clips one after another, with the silence that `duty` leaves behind each."""
    parts, said, place_s = [silence(1.0)], [], 1.0
    for index in chosen:
        clip = clips[index]
        said.append(Placed(index, place_s, place_s + clip.duration_s))
        pause = silence(clip.duration_s * (1 - duty) / duty)
        parts += [clip.samples, pause]
        place_s += clip.duration_s + len(pause) / RATE_HZ
    parts.append(silence(tail_s))
    return Script(np.concatenate(parts), tuple(said))


def coverage(placed: Placed, finals: Sequence[FinalText]) -> float:
    """Return the share of a sentence's time that finals cover."""
    covered = sum(
        max(0.0, min(placed.end_s, final.end_s) - max(placed.start_s, final.start_s)) for final in finals
    )  # finals of one session do not overlap
    return covered / (placed.end_s - placed.start_s)
