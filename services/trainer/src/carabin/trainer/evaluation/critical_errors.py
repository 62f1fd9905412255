"""Errors that may harm: a negation, a side, a measure or a drug that was dictated and not written, or the reverse.

Word error rate correlates poorly with the harm that clinicians see in an error, so these are counted beside it.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import jiwer

from ..text.corpus import drug_lines
from ..text.terms import TermIndex
from ..text.units import FOLDED
from .error_rates import Counts, word_errors

KINDS: Final = ("negation", "laterality", "dose", "drug")

_ENDINGS: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = MappingProxyType(
    {
        "negation": {
            **{word: (word,) for word in ("pas", "sans", "ni", "non", "jamais", "absence")},
            "aucun": ("aucun", "aucune"),
            "absent": ("absent", "absente", "absents", "absentes"),
            "négatif": ("négatif", "négatifs", "négative", "négatives"),
        },
        "laterality": {
            "droit": ("droit", "droite", "droits", "droites"),
            "gauche": ("gauche", "gauches"),
            "bilatéral": ("bilatéral", "bilatérale", "bilatéraux", "bilatérales"),
            "unilatéral": ("unilatéral", "unilatérale", "unilatéraux", "unilatérales"),
        },
    }
)
"""By kind, each word with its endings: another ending of the same word sounds alike, or harms nobody."""
_WORDS: Final = {
    ending: (kind, word) for kind, words in _ENDINGS.items() for word, endings in words.items() for ending in endings
}
_BETWEEN: Final = frozenset({"à", "ou", "et"})
"""What joins two numbers of one unit, as « 5 à 10 mg »."""
_DRUGS: Final = TermIndex(drug_lines())


@dataclass(frozen=True, slots=True)
class _Token:
    """A word as it is aligned; `kind` where its loss or change may harm, and empty elsewhere."""

    form: str
    kind: str = ""


_Tokens = Sequence[_Token]


def critical_errors(reference: Sequence[str], hypothesis: Sequence[str]) -> dict[str, Counts]:
    """Count, by kind, critical tokens lost, changed, made up or in another's place, against those of the reference.

    « gauche » written as « droite » is one error, and so is a « pas » that nobody dictated; two sides exchanged are
    two.
    """
    said, written = _tokens(reference), _tokens(hypothesis)
    errors = Counter[str]()
    for wanted, found in _differing(said, written):
        for kind in KINDS:
            errors[kind] += word_errors(_forms(wanted, kind), _forms(found, kind)).errors
    return {kind: Counts(errors[kind], sum(token.kind == kind for token in said)) for kind in KINDS}


def _differing(said: _Tokens, written: _Tokens) -> Iterator[tuple[_Tokens, _Tokens]]:
    """Yield what stands in both texts before, between and behind the stretches of equal words.

    Among wrong words the order of critical ones decides, not which of two equally short alignments was found.
    """
    start, other_start = 0, 0
    for chunk in jiwer.process_words(_forms(said), _forms(written)).alignments[0]:
        if chunk.type == "equal":
            yield said[start : chunk.ref_start_idx], written[other_start : chunk.hyp_start_idx]
            start, other_start = chunk.ref_end_idx, chunk.hyp_end_idx
    yield said[start:], written[other_start:]


def _forms(tokens: _Tokens, kind: str | None = None) -> str:
    return " ".join(token.form for token in tokens if kind is None or token.kind == kind)


def _tokens(words: Sequence[str]) -> list[_Token]:
    """Return a normalised text's words in forms that are equal only where nothing that may harm differs."""
    tokens = [_token(words, place) for place in range(len(words))]
    for _, start, end in _DRUGS.find(words):
        tokens[start] = _Token("_".join(words[start:end]), "drug")
    return tokens


def _token(words: Sequence[str], place: int) -> _Token:
    if words[place] in _WORDS:
        kind, word = _WORDS[words[place]]
        return _Token(word, kind)
    unit = _unit(words, place)
    return _Token(f"{words[place]}_{unit}", "dose") if unit else _Token(words[place])


def _unit(words: Sequence[str], place: int) -> str:
    """Return the unit of the number at `place`, of both in « 5 à 10 mg »; empty for what is no number, or has none."""
    while place + 1 < len(words) and words[place][0].isdigit():
        place += 1
        if words[place].removeprefix("/").split("/")[0] in FOLDED:
            return words[place]
        place += words[place] in _BETWEEN
    return ""
