"""Errors that may harm: a negation, a side, a measure or a drug that was dictated and not written, or the reverse.

Word error rate correlates poorly with the harm that clinicians see in an error, so these are counted beside it.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from ..text.corpus import drug_lines
from ..text.terms import TermIndex
from ..text.units import FOLDED
from .error_rates import Counts

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
_DRUGS: Final = TermIndex(drug_lines())


def critical_tokens(tokens: Sequence[str]) -> dict[str, Counter[str]]:
    """Return, by kind, the tokens of a normalised text whose loss or change may harm."""
    found: dict[str, Counter[str]] = {kind: Counter() for kind in KINDS}
    for place, token in enumerate(tokens):
        if token in _WORDS:
            kind, word = _WORDS[token]
            found[kind][word] += 1
        elif token[0].isdigit() and place + 1 < len(tokens) and tokens[place + 1].split("/")[0] in FOLDED:
            found["dose"][f"{token} {tokens[place + 1]}"] += 1
    found["drug"].update(drug for drug, _, _ in _DRUGS.find(tokens))
    return found


def critical_errors(reference: Sequence[str], hypothesis: Sequence[str]) -> dict[str, Counts]:
    """Count, by kind, critical tokens lost, changed or made up, against those of the reference.

    « gauche » written as « droite » is one error, and so is a « pas » that nobody dictated.
    """
    wanted, found = critical_tokens(reference), critical_tokens(hypothesis)
    return {kind: Counts(_differing(wanted[kind], found[kind]), wanted[kind].total()) for kind in KINDS}


def _differing(wanted: Counter[str], found: Counter[str]) -> int:
    """Count what was lost or made up; a loss and an invention together are one change."""
    return max((wanted - found).total(), (found - wanted).total())
