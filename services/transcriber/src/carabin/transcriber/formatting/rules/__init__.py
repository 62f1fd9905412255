"""The rules for numbers and what belongs to them; each returns the tokens that it rewrites, or None."""

from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

from ..numbers import starts_number
from ..output import Match
from ..stream import Stream
from ..style import Style
from ..tokens import Kind, Token
from .calendar import date, time
from .levels import LEVELS, level
from .ordinals import ordinal
from .quantity import quantity

Rule: TypeAlias = Callable[[Stream, int, Style], Match | None]
_NUMBER_RULES: Final[tuple[Rule, ...]] = (date, time, ordinal, quantity)


def rules_at(token: Token) -> Sequence[Rule]:
    """Return the rules that could match at a token, in the order to try them: for most words none."""
    if starts_number(token):
        return _NUMBER_RULES
    if token.kind is not Kind.WORD:
        return ()
    if token.text[0] in LEVELS:
        return (level,)
    if token.key.endswith(("ième", "ièmes")):
        return (ordinal,)
    return (date,) if token.key == "premier" else ()
