"""A word by word comparison of what was dictated and what was written."""

from dataclasses import dataclass
from typing import Literal

import jiwer

from ..text.normalize import words

Kind = Literal["same", "missing", "extra"]


@dataclass(frozen=True, slots=True)
class DiffWord:
    """A word of the page: in both texts, in the reference only, or in the hypothesis only."""

    text: str
    kind: Kind


def diff(reference: str, hypothesis: str) -> list[DiffWord]:
    """Return the normalised words in order: what is missing before what stands in its place."""
    reference_words, hypothesis_words = words(reference), words(hypothesis)
    found: list[DiffWord] = []
    lost: list[DiffWord] = []
    added: list[DiffWord] = []
    for chunk in jiwer.process_words(" ".join(reference_words), " ".join(hypothesis_words)).alignments[0]:
        before = reference_words[chunk.ref_start_idx : chunk.ref_end_idx]
        after = hypothesis_words[chunk.hyp_start_idx : chunk.hyp_end_idx]
        if chunk.type == "equal":
            found += [*lost, *added, *(DiffWord(word, "same") for word in before)]
            lost, added = [], []
        else:
            lost += [DiffWord(word, "missing") for word in before]
            added += [DiffWord(word, "extra") for word in after]
    return [*found, *lost, *added]
