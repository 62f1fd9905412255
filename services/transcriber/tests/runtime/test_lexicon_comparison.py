"""What a lexicon would change of recordings: the real decode of live finals, both texts of each recording."""

import numpy as np
from carabin.lexicon import Entry, Lexicon
from carabin.transcriber.inference.ct2 import Ct2Engine
from carabin.transcriber.runtime.lexicon_comparison import compare

from ..helpers.real_models import SENTENCE, TRANSCRIPT, base_folder, engine, say

__all__ = ["base_folder", "engine"]

DRUGS = "Induction par propofol, sufentanil et kétamine."
LEXICON = Lexicon(tuple(Entry(text, "drug") for text in ("sufentanil", "propofol", "kétamine")))


def test_each_recording_has_its_text_without_and_with_the_lexicon(engine: Ct2Engine) -> None:
    recordings = [say(DRUGS), say(SENTENCE), np.zeros(16_000, np.float32), say(SENTENCE)[:30_000]]
    found = {place: (without, with_it) for place, without, with_it in compare(engine, LEXICON, recordings)}
    assert sorted(found) == [0, 1, 2, 3]
    without, with_it = found[0]
    assert "sufentanil" not in without
    assert "sufentanil" in with_it
    assert [text.lower().rstrip(".") for text in found[1]] == [TRANSCRIPT, TRANSCRIPT]


def test_texts_are_those_of_a_decode_on_its_own(engine: Ct2Engine) -> None:
    together = {place: texts for place, *texts in compare(engine, LEXICON, [say(SENTENCE), say(DRUGS)])}
    assert [together[1]] == [texts for _, *texts in compare(engine, LEXICON, [say(DRUGS)])]


def test_no_recording_gives_no_text(engine: Ct2Engine) -> None:
    assert list(compare(engine, LEXICON, [])) == []
