"""Scores, stages, grades and types: « ASA deux » -> ASA 2, « stade trois B » -> stade 3B, « grade deux à trois »."""

from ..numbers import Number, read_number, starts_number
from ..output import Match, OutputPiece
from ..stream import END, Stream
from ..style import Style
from ..tables import words
from ..tokens import Kind
from .context import is_about, is_complete, is_counted

DIGITS_BELOW = 10
"""From ten on, every number is written in digits."""


def score(stream: Stream, index: int, style: Style) -> Match | None:
    """Match the small number after the name of a score, with the letter of a stage."""
    del style
    first = _small(stream, index)
    if first is None or not is_about(stream, index, "score"):
        return None
    if stream[first.end].key in ("à", "ou") and starts_number(stream[first.end + 1]):
        return _range(stream, index, first)
    letter = _letter(stream, first.end)
    end = first.end + bool(letter)
    if stream[end].key in words()["between_numbers"] and starts_number(stream[end + 1]):
        return None
    if starts_number(stream[end]) or is_counted(stream, end) or (first.article and not _is_closed(stream, end)):
        return None
    return Match(end, (OutputPiece(first.text + letter, gap=stream[index].gap),))


def gleason(stream: Stream, index: int, style: Style) -> Match | None:
    """Match the two patterns of a Gleason score: « trois plus quatre » -> 3+4."""
    del style
    first = _small(stream, index)
    if first is None or stream[first.end].key not in ("plus", "+"):
        return None
    second = _small(stream, first.end + 1)
    near = any(stream[place].key == "gleason" for place in range(max(index - 6, 0), index))
    if second is None or not near or is_counted(stream, second.end):
        return None
    return Match(second.end, (OutputPiece(f"{first.text}+{second.text}", gap=stream[index].gap),))


def _range(stream: Stream, index: int, first: Number) -> Match | None:
    second = _small(stream, first.end + 1)
    if second is None or starts_number(stream[second.end]):
        return None
    if is_counted(stream, second.end) or (second.article and not _is_closed(stream, second.end)):
        if first.article:
            return None
        return Match(first.end, (OutputPiece(first.text, gap=stream[index].gap),))
    joint = OutputPiece(stream[first.end].text)
    return Match(second.end, (OutputPiece(first.text, gap=stream[index].gap), joint, OutputPiece(second.text)))


def _small(stream: Stream, index: int) -> Number | None:
    found = read_number(stream, index)
    if not isinstance(found, Number) or found.value is None or found.value >= DIGITS_BELOW:
        return None
    return found


def _letter(stream: Stream, index: int) -> str:
    """Return the letter of « stade trois B »; « a » in small letters is a verb, and before a number a vertebra."""
    token = stream[index]
    if token.kind is not Kind.WORD or len(token.text) != 1 or starts_number(stream[index + 1]):
        return ""
    return token.text.upper() if token.text in "ABCDbcd" else ""


def _is_closed(stream: Stream, end: int) -> bool:
    """« grade un » is a number where nothing follows that « un » could stand before."""
    return stream[end] is END or is_complete(stream, end) or stream[end].key in ("à", "b", "c", "de")
