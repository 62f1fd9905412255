"""The words that everyday French has, from wordfreq's lists (Speer 2022); what is not among them is worth a lexicon."""

import re
from collections.abc import Mapping
from functools import cache
from typing import Final

from wordfreq import get_frequency_dict, top_n_list

from .entries import fold

COMMON_WORDS: Final = 15_000
"""Down to about two in a million: « anévrisme » and « héparine » are rarer, « hôpital » and « opération » are not."""

_ELIDED: Final = re.compile(r"^(?:[cdjlmnst]|qu|lorsqu|puisqu|jusqu)'", re.IGNORECASE)
_JOINT: Final = re.compile(r"['-]")


@cache
def common_french() -> frozenset[str]:
    """Return the commonest French words, folded."""
    return frozenset(fold(word) for word in top_n_list("fr", COMMON_WORDS))


@cache
def french_words() -> Mapping[str, float]:
    """Return the 311,000 words of wordfreq's French list, folded, with their frequencies."""
    words: Mapping[str, float] = get_frequency_dict("fr")
    return words


def read_word_lists() -> None:
    """Read both lists now, which takes half a second, and not with the first sentence that is looked up."""
    common_french()
    french_words()


def is_common(word: str) -> bool:
    """Return whether everyday French has this word, its elided article set aside; numbers are common."""
    plain = _ELIDED.sub("", fold(word))
    return not any(char.isalpha() for char in plain) or plain in common_french()


def is_french(word: str) -> bool:
    """Return whether French texts have this word at all, its elided article set aside, each part of a compound."""
    plain = _ELIDED.sub("", fold(word))
    return all(part in french_words() for part in _JOINT.split(plain) if part)
