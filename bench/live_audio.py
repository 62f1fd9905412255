"""The speech of the live benches: what each speaker says, and when, to the sample."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import cycle
from pathlib import Path
from typing import Literal

import numpy as np
from carabin.trainer.data.audio import decode
from carabin.trainer.text.corpus import sentences_of
from numpy.typing import NDArray
from py_nanotts import NanoTTS

Samples = NDArray[np.float32]
Take = tuple[str, Samples]
"""A text and its speech, from its first to its last audible sample."""
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


Scenario = Literal["pauses", "continuous", "long"]
Corpus = Literal["medical", "general"]
SCENARIOS: tuple[Scenario, ...] = ("pauses", "continuous", "long")
MIN_SENTENCE_S = 1.0
"""Every sentence of the corpus lasts longer."""
GAP_S = (0.15, 0.3)
"""Between the sentences of somebody who does not pause: a breath, far shorter than any endpoint's silence."""
PASSAGE_S, PASSAGE_PAUSE_S = 20.0, 5.0
"""What somebody says in one go with `long`, and is silent behind it."""


def speakers(
    scenario: Scenario,
    n: int,
    size: float,
    tail_s: float,
    *,
    corpus: Corpus = "medical",
    playlist: Path | None = None,
    takes: Iterator[Take] | None = None,
) -> list[Speaker]:
    """Return so many speakers, who begin one after another within three seconds.

    Args:
        scenario: `pauses` is silent for half of the time; `continuous` joins sentences with gaps of GAP_S; `long` joins
            them to passages of PASSAGE_S, each of which counts as one sentence, with PASSAGE_PAUSE_S between them.
        size: with `pauses` the sentences of each speaker, else the seconds that each one speaks.
        tail_s: silence that is sent at the end.
        corpus: which sentences of ours; a stock base mishears the medical ones in a synthetic voice.
        playlist: a folder of NAME.wav with NAME.txt, spoken in the order of their names instead of our corpus.
        takes: what is spoken instead of both.
    """
    wanted = n * math.ceil(size if scenario == "pauses" else size / MIN_SENTENCE_S)
    takes = takes or (_playlist(playlist) if playlist else _corpus(corpus, wanted))
    rng = np.random.default_rng(20_260_907)
    return [_speaker(scenario, takes, size, 0.5 + 2.5 * k / max(n, 1), tail_s, rng) for k in range(n)]


def _speaker(
    scenario: Scenario, takes: Iterator[Take], size: float, lead_s: float, tail_s: float, rng: np.random.Generator
) -> Speaker:
    parts, spoken, place = [silence(lead_s)], list[Spoken](), lead_s
    if scenario == "long":
        takes = _passages(takes, rng)
    while (len(spoken) < size) if scenario == "pauses" else (place - lead_s < size):
        text, voice = next(takes)
        length_s = len(voice) / RATE_HZ
        gap_s = {"pauses": length_s, "continuous": rng.uniform(*GAP_S), "long": PASSAGE_PAUSE_S}[scenario]
        spoken.append(Spoken(text, place, place + length_s))
        parts += [voice, silence(gap_s)]
        place += length_s + int(gap_s * RATE_HZ) / RATE_HZ
    parts.append(silence(tail_s))
    return Speaker(np.concatenate(parts), tuple(spoken))


def _passages(takes: Iterator[Take], rng: np.random.Generator) -> Iterator[Take]:
    """Join sentences, with gaps of GAP_S, to passages of PASSAGE_S at least."""
    while True:
        texts, parts = list[str](), list[Samples]()
        while sum(map(len, parts)) < PASSAGE_S * RATE_HZ:
            text, voice = next(takes)
            texts.append(text)
            parts += [silence(rng.uniform(*GAP_S)), voice] if parts else [voice]
        yield " ".join(texts), np.concatenate(parts)


def _corpus(corpus: Corpus, n: int) -> Iterator[Take]:
    """Speak `n` sentences of our corpus, the same ones in every run, and none twice while there are others."""
    texts = [text for text in sentences_of(corpus) if 40 <= len(text) <= 110]
    chosen = np.random.default_rng(20_260_907).choice(len(texts), size=n, replace=n > len(texts))
    return ((texts[i], speak(texts[i])) for i in chosen)


def _playlist(folder: Path) -> Iterator[Take]:
    pairs = [(path, path.with_suffix(".txt")) for path in sorted(folder.glob("*.wav"))]
    if not pairs:
        raise SystemExit(f"{folder} holds no .wav")
    for _, text in pairs:
        if not text.is_file():
            raise SystemExit(f"{text} is missing: each .wav needs its text")
    for audio, text in cycle(pairs):
        yield " ".join(text.read_text("utf-8").split()), _audible(decode(audio.read_bytes()))


@cache
def _voice() -> NanoTTS:
    return NanoTTS()


def speak(text: str) -> Samples:
    """Return a sentence from its first to its last audible sample."""
    return _audible(np.frombuffer(_voice().speak(text, voice="fr-FR"), np.int16).astype(np.float32) / np.float32(32768))


def _audible(samples: Samples) -> Samples:
    audible = np.flatnonzero(np.abs(samples) > AUDIBLE)
    return samples[audible[0] : audible[-1] + 1]


def silence(seconds: float) -> Samples:
    # A room is never digitally silent; the noise is far below what any detector takes for speech.
    return np.random.default_rng(1).normal(0, 1e-4, int(seconds * RATE_HZ)).astype(np.float32)
