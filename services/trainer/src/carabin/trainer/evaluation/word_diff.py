"""A word by word comparison of what was dictated and what was written."""

from dataclasses import dataclass
from typing import Literal

import jiwer

from ..text.normalize import words

Kind = Literal["same", "missing", "extra"]


@dataclass(frozen=True, slots=True)
class Word:
    """A word of the page: said and written, said only, or written only."""

    text: str
    kind: Kind


def diff(reference: str, hypothesis: str) -> list[Word]:
    """Return the normalised words in order: what is missing before what stands in its place."""
    said, written = words(reference), words(hypothesis)
    if not said or not written:
        return [Word(word, "missing") for word in said] + [Word(word, "extra") for word in written]
    found: list[Word] = []
    lost: list[Word] = []
    added: list[Word] = []
    for chunk in jiwer.process_words(" ".join(said), " ".join(written)).alignments[0]:
        before = said[chunk.ref_start_idx : chunk.ref_end_idx]
        after = written[chunk.hyp_start_idx : chunk.hyp_end_idx]
        if chunk.type == "equal":
            found += [*lost, *added, *(Word(word, "same") for word in before)]
            lost, added = [], []
        else:
            lost += [Word(word, "missing") for word in before]
            added += [Word(word, "extra") for word in after]
    return [*found, *lost, *added]
