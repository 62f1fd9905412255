"""What stands around a number: the word that says what it measures, and whether something after it is counted."""

from ..numbers import starts_number
from ..stream import END, Stream
from ..tables import words
from ..tokens import Kind

MAX_BACK = 12
"""Tokens to look back over; « tension au bras droit ce matin à » holds seven."""

_JOINING = frozenset(":,/-°")


def is_about(stream: Stream, index: int, subject: str, *, past_numbers: bool = False, unknown: int = 0) -> bool:
    """Return whether a word of the list `subject` names what is measured at `index`.

    Only the words of the list « link » may stand between, and:

    Args:
        past_numbers: numbers, as a second pressure after « puis » is one too.
        unknown: so many other words, as Whisper misspells some: « température timpanique à 38-4 ».
    """
    lists = words()
    for place in range(index - 1, max(index - 1 - MAX_BACK, -1), -1):
        token = stream[place]
        if token.key in lists[subject]:
            return True
        passes = token.key in lists["link"] or token.text in _JOINING or (past_numbers and starts_number(token))
        if not passes:
            unknown -= 1
            if unknown < 0 or token.kind is not Kind.WORD:
                return False
    return False


def is_complete(stream: Stream, index: int) -> bool:
    """Return whether nothing at `index` could be counted by the number before it."""
    token = stream[index]
    if token is END or token.kind in (Kind.SIGN, Kind.BREAK) or token.text in (")", "/"):
        return True
    return token.key in words()["clause_starter"] or token.key in words()["after_value"]


def is_counted(stream: Stream, index: int) -> bool:
    """Return whether a noun that is counted stands at `index`: « fois », « comprimés », « jours »."""
    return stream[index].key in words()["counted"] or stream.matches(index, ("x", "par"))


def is_frequency(stream: Stream, index: int) -> bool:
    """Return whether « par jour », « le matin », « toutes les » or « matin et soir » stands at `index`."""
    said, after = stream[index].key, stream[index + 1].key
    if said in ("matin", "midi", "soir"):
        return True
    if said == "par":
        return after in words()["period"]
    if said in ("le", "au", "chaque", "à"):
        return after in words()["moment"]
    return said in ("toutes", "tous") and after == "les"
