"""The rules for numbers and what belongs to them; each returns the tokens that it rewrites, or None."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeAlias

from ..numbers import starts_number
from ..output import Match
from ..stream import Stream
from ..style import Style
from ..tokens import Kind, Token
from .calendar import date, time
from .levels import LEVELS, level
from .notation import negative, power_of_ten, telephone
from .ordinals import ordinal
from .posology import frequency, further_duration, gestational_days, interval
from .quantity import quantity
from .scores import gleason, glued_score, score
from .staging import FIRST_LETTERS, day_count, obstetric_formula, resection, tnm
from .vitals import pressure, temperature

Rule: TypeAlias = Callable[[Stream, int, Style], Match | None]
_NUMBER_RULES: Final[tuple[Rule, ...]] = (
    date,
    time,
    ordinal,
    telephone,
    power_of_ten,
    pressure,
    temperature,
    frequency,
    interval,
    further_duration,
    gleason,
    score,
    quantity,
)
_LETTER_RULES: Final[tuple[Rule, ...]] = (tnm, obstetric_formula, day_count, resection)
_LEVEL_RULES: Final[tuple[Rule, ...]] = (tnm, level)
_WORD_RULES: Final[Mapping[str, tuple[Rule, ...]]] = {
    "premier": (date,),
    "moins": (negative,),
    "plus": (gestational_days,),
}
_LONGEST_LETTERS: Final = 5
"""Characters of « ypT2a », the longest word that the rules for letters begin at."""


def rules_at(token: Token) -> Sequence[Rule]:
    """Return the rules that could match at a token, in the order to try them: for most words none."""
    if starts_number(token):
        return _NUMBER_RULES
    if token.kind is not Kind.WORD:
        return ()
    if token.text[-1].isdigit() or token.text[-2:-1].isdigit():
        return (glued_score, *_rules_at_word(token))
    return _rules_at_word(token)


def _rules_at_word(token: Token) -> Sequence[Rule]:
    if token.text[0] in LEVELS:
        return _LEVEL_RULES
    if token.text[0] in FIRST_LETTERS and len(token.text) <= _LONGEST_LETTERS and token.key != "plus":
        return _LETTER_RULES
    if token.key.endswith(("ième", "ièmes")):
        return (ordinal,)
    return _WORD_RULES.get(token.key, ())
