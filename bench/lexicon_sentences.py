"""Sentences for the lexicon's benches: spoken by a synthetic voice, decoded once, and the lexicons beside them."""

import random
import re
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from carabin.lexicon.common import is_common
from carabin.lexicon.default import default_lexicon
from carabin.lexicon.entries import Entry, Lexicon, fold, joined
from carabin.lexicon.words import split_words
from carabin.transcriber.inference.ct2 import Ct2Engine
from carabin.transcriber.inference.engine import DecodeRequest, Hypothesis
from carabin.transcriber.models.lexicons import LoadedLexicon
from carabin.transcriber.models.second_pass import LexiconPass
from carabin.transcriber.streaming.decode_requests import FINAL_SILENCE_S
from py_nanotts import NanoTTS

_NEVER: Final = LexiconPass((LoadedLexicon(joined([Entry("zz")]), {}),), lambda _: ())
"""Asks for the beam's hypotheses and for no second decode."""
SYLLABLES: Final = "ba co di fu ga lé mi no pra ru si ta vo xi zan ol ine ose ite émie".split()  # noqa: SIM905


@dataclass(frozen=True, slots=True)
class Spoken:
    """One sentence, its audio's request, and what the first decode makes of it."""

    text: str
    request: DecodeRequest
    encoded: Any
    """The encoder's output, which second decodes share as in use."""
    plain: Hypothesis
    plain_s: float
    """Processor seconds of the first decode, the encoder's among them."""


def speak(engine: Ct2Engine, text: str) -> Spoken:
    """Speak a sentence (SVOX Pico, fr-FR) and decode it once, as live finals are."""
    samples = np.frombuffer(NanoTTS().speak(text, voice="fr-FR"), np.int16).astype(np.float32) / np.float32(32768)
    window = engine.windows.window_for(len(samples) // 160)
    request = DecodeRequest(
        samples, window, "fr", beam_size=5, max_tokens=150, silence_s=FINAL_SILENCE_S, second_pass=_NEVER
    )
    began = time.process_time()
    encoded = engine._encode([request])
    [plain] = engine._generate([request], encoded, [("fr", 1.0)])
    return Spoken(text, request, encoded, plain, time.process_time() - began)


def spread(texts: Sequence[str], count: int) -> list[str]:
    """Return so many sentences of a usual length, out of all parts of the list."""
    fitting = [text for text in texts if 40 <= len(text) <= 110]
    return fitting[:: max(1, len(fitting) // count)][:count]


def terms_of(text: str) -> list[str]:
    """Return the sentence's words that everyday French does not have, folded."""
    return [word.key for word in split_words(text) if len(word.text) > 3 and not is_common(word.text)]


def entries_beside(size: int, terms: Sequence[str], excluded: Collection[str]) -> Lexicon:
    """Return the terms, then `size` other entries: the default lexicon's, then invented words."""
    others = [entry for entry in default_lexicon() if fold(entry.text) not in excluded]
    rng = random.Random(2026)
    rng.shuffle(others)
    taken = {fold(entry.text) for entry in others} | {fold(text) for text in excluded}
    while len(others) < size:
        invented = "".join(rng.choice(SYLLABLES) for _ in range(rng.randint(3, 6)))
        if invented not in taken:
            taken.add(invented)
            others.append(Entry(invented))
    return joined([*(Entry(term) for term in terms), *others[:size]])


def keys(text: str) -> list[str]:
    """Return the words of a text, folded."""
    return [word.key for word in split_words(text)]


def plain_text(text: str) -> str:
    """Return a text without signs and capitals: what errors are counted on."""
    return re.sub(r"[^\w]+", " ", text.casefold()).strip()


def is_right(said: str, written: str) -> bool:
    """Say whether the text has no error, signs and capitals aside."""
    return plain_text(said) == plain_text(written)
