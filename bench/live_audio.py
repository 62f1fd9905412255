"""The speech of the live benches: what each speaker says, and when, to the sample."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from carabin.trainer.corpus import sentences_of
from numpy.typing import NDArray
from py_nanotts import NanoTTS

Samples = NDArray[np.float32]
RATE_HZ = 16_000
AUDIBLE = 0.01
"""Of full loudness: below it the voice is silent, so that an end of speech is a true one."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """One sentence in a speaker's audio."""

    text: str
    start_s: float
    end_s: float
    """Of the last audible sample."""


@dataclass(frozen=True, slots=True)
class Speaker:
    """One client's whole audio."""

    samples: Samples
    sentences: tuple[Spoken, ...]

    @property
    def duration_s(self) -> float:
        return len(self.samples) / RATE_HZ


def speakers(n: int, n_sentences: int, tail_s: float) -> list[Speaker]:
    """Return so many speakers, each silent for half of the time, who begin one after another within three seconds."""
    rng = np.random.default_rng(20_260_907)
    texts = [text for text in sentences_of("medical") if 40 <= len(text) <= 110]
    chosen = rng.choice(len(texts), size=n * n_sentences, replace=n * n_sentences > len(texts))
    return [
        speaker([texts[i] for i in chosen[k * n_sentences : (k + 1) * n_sentences]], 0.5 + 2.5 * k / max(n, 1), tail_s)
        for k in range(n)
    ]


def speaker(texts: Sequence[str], lead_s: float, tail_s: float) -> Speaker:
    """Speak sentences with pauses as long as themselves, and end in silence."""
    parts, spoken, place = [_silence(lead_s)], [], lead_s
    for text in texts:
        voice = _speak(text)
        length_s = len(voice) / RATE_HZ
        spoken.append(Spoken(text, place, place + length_s))
        parts += [voice, _silence(length_s)]
        place += 2 * length_s
    parts.append(_silence(tail_s))
    return Speaker(np.concatenate(parts), tuple(spoken))


@cache
def _voice() -> NanoTTS:
    return NanoTTS()


def _speak(text: str) -> Samples:
    """Return a sentence from its first to its last audible sample."""
    samples = np.frombuffer(_voice().speak(text, voice="fr-FR"), np.int16).astype(np.float32) / 32768
    audible = np.flatnonzero(np.abs(samples) > AUDIBLE)
    return samples[audible[0] : audible[-1] + 1]


def _silence(seconds: float) -> Samples:
    # A room is never digitally silent; the noise is far below what any detector takes for speech.
    return np.random.default_rng(1).normal(0, 1e-4, int(seconds * RATE_HZ)).astype(np.float32)
