"""The words that everyday French has, from wordfreq's lists (Speer 2022); what is not among them is worth a lexicon."""

import re
from functools import cache
from typing import Final

from wordfreq import top_n_list

from .entries import fold

COMMON_WORDS: Final = 15_000
"""Down to about two in a million: « anévrisme » and « héparine » are rarer, « hôpital » and « opération » are not."""

_ELIDED: Final = re.compile(r"^(?:[cdjlmnst]|qu|lorsqu|puisqu|jusqu)'", re.IGNORECASE)


@cache
def common_french() -> frozenset[str]:
    """Return the commonest French words, folded."""
    return frozenset(fold(word) for word in top_n_list("fr", COMMON_WORDS))


def is_common(word: str) -> bool:
    """Return whether everyday French has this word, its elided article set aside; numbers are common."""
    plain = _ELIDED.sub("", fold(word))
    return not any(char.isalpha() for char in plain) or plain in common_french()
