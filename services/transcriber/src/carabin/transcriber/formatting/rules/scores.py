"""Scores, stages, grades and types: « ASA deux » -> ASA 2, « stade trois B » -> stade 3B, « grade deux à trois »."""

import re
from typing import Final

from ..numbers import Number, read_number, starts_number
from ..output import Match, OutputPiece
from ..stream import END, Stream
from ..style import Style
from ..tables import words
from ..tokens import Kind
from .context import is_about, is_complete, is_counted

_GLUED: Final = re.compile(r"([^\W\d_]{2,}(?:-[^\W\d_]+)?)-?((?:1[0-5]|[0-9])[A-Da-d]?)")
"""The highest single score is a Glasgow of 15; « CURB-65 » is a name."""

DIGITS_BELOW = 10
"""From ten on, every number is written in digits."""


def score(stream: Stream, index: int, style: Style) -> Match | None:
    """Match the small number after the name of a score, with the letter of a stage."""
    del style
    first = _small(stream, index)
    if first is None or not (is_about(stream, index, "score") or _is_named(stream, index, first)):
        return None
    if stream[first.end].key in ("à", "ou") and starts_number(stream[first.end + 1]):
        return _range(stream, index, first)
    hyphen = stream[first.end].text == "-" and not stream[first.end].gap and not stream[first.end + 1].gap
    if first.article and stream[index - 1].key == "d'":
        return None
    letter = _letter(stream, first.end + hyphen)
    end = first.end + hyphen + 1 if letter else first.end
    if stream[end].key in words()["between_numbers"] and starts_number(stream[end + 1]):
        return None
    if starts_number(stream[end]) or is_counted(stream, end) or (first.article and not _is_closed(stream, end)):
        return None
    return Match(end, (OutputPiece(first.text + letter, gap=stream[index].gap),))


def glued_score(stream: Stream, index: int, style: Style) -> Match | None:
    """Match Whisper's « ASA2 », « OMS-2 », « stade3B »: the name of a score and its value as one word."""
    del style
    glued = _GLUED.fullmatch(stream[index].text)
    if glued is None or glued[1].casefold() not in words()["score"]:
        return None
    return Match(index + 1, (OutputPiece(glued[1], gap=stream[index].gap), OutputPiece(glued[2].upper())))


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


def _is_named(stream: Stream, index: int, value: Number) -> bool:
    """« score nix à six »: a score whose name is not known has its value behind « à », and nothing behind that."""
    if stream[index - 1].key != "à" or not is_complete(stream, value.end):
        return False
    return any(stream[index - back].key in ("score", "scores") for back in (3, 4))


def _small(stream: Stream, index: int) -> Number | None:
    found = read_number(stream, index)
    if not isinstance(found, Number) or found.value is None or found.value >= DIGITS_BELOW:
        return None
    return found


def _letter(stream: Stream, index: int) -> str:
    """Return the letter of « stade trois B »; « a » may be a verb, and before a number a letter is a vertebra."""
    token = stream[index]
    if token.kind is not Kind.WORD or len(token.text) != 1 or starts_number(stream[index + 1]):
        return ""
    return token.text.upper() if token.text in "ABCDbcd" or _is_final_a(stream, index) else ""


def _is_final_a(stream: Stream, index: int) -> bool:
    """« stade 2a », « stade deux a. »: no verb ends a clause."""
    token, after = stream[index], stream[index + 1]
    return token.text == "a" and (not token.gap or after is END or after.kind in (Kind.SIGN, Kind.BREAK))


def _is_closed(stream: Stream, end: int) -> bool:
    """« grade un » is a number where nothing follows that « un » could stand before."""
    following = stream[end]
    return is_complete(stream, end) or following.key in ("à", "b", "c", "de") or following.key in words()["score"]
