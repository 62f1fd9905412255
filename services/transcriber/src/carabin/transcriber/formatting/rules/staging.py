"""Letters with numbers: TNM, gravidity and parity, days after an operation: T2N1M0, G3P2, J+3."""

import re
from collections.abc import Iterator
from typing import Final

from ..numbers import Number, read_number
from ..output import Match, OutputPiece
from ..stream import END, Stream
from ..style import Style
from ..tokens import Kind
from .context import is_complete, is_counted

FIRST_LETTERS: Final = frozenset("TNMGJRpcyPr")
_LAST: Final = {"T": 4, "N": 3, "M": 1}
"""The highest category of each letter (UICC, 8th edition)."""

_PREFIX: Final = {"p": "p", "c": "c", "y": "y", "r": "r", "yp": "yp", "yc": "yc"}
_CATEGORIES: Final = ("(y?[pc]|r)?", "T(?:[0-4][a-d]?|is|x)", "N(?:[0-3][a-c]?|x)", "M(?:[01][a-c]?|x)")
_WRITTEN: Final = re.compile(f"{_CATEGORIES[0]}({'|'.join(_CATEGORIES[1:])})", re.IGNORECASE)
_GLUED: Final = re.compile(rf"{_CATEGORIES[0]}({_CATEGORIES[1]})({_CATEGORIES[2]})({_CATEGORIES[3]})?", re.IGNORECASE)
_LETTER: Final = re.compile(r"(y?[pc]|Y?[PC]|r)?([TNM])")
_GLUED_FORMULA: Final = re.compile(r"G([0-9]{1,2})-?[Pp]([0-9]{1,2})")
_COUNT: Final = re.compile(r"[0-9]{1,2}")


def tnm(stream: Stream, index: int, style: Style) -> Match | None:
    """Match two neighbouring categories of a TNM stage or three, or one with its prefix."""
    del style
    glued = _glued_stage(stream, index)
    if glued is not None:
        return glued
    text, end, letters = "", index, ""
    prefix = _PREFIX.get(stream[index].key, "") if len(stream[index].text) <= 2 else ""
    if prefix:
        text, end = prefix, index + 1
        if stream[end].key in ("p", "c") and prefix == "y":
            text, end = prefix + stream[end].key, end + 1
    for letter, category, after in _categories(stream, end):
        text, end, letters = text + category, after, letters + letter
    if len(letters) < 2 and not (letters == "T" and text[0] != "T" and end > index + 1):
        return None
    if end == index + 1 or "".join(token.text for token in stream.span(index, end)) == text == "":
        return None
    return Match(end, (OutputPiece(text, gap=stream[index].gap),))


def _glued_stage(stream: Stream, index: int) -> Match | None:
    """Match Whisper's « PT2N0 », whose prefix is written in small letters and whose categories are not."""
    token = stream[index]
    glued = _GLUED.fullmatch(token.text)
    if glued is None:
        return None
    text = (glued[1] or "").lower() + "".join(part[0].upper() + part[1:].lower() for part in glued.groups()[1:] if part)
    return None if text == token.text else Match(index + 1, (OutputPiece(text, gap=token.gap),))


def _categories(stream: Stream, index: int) -> Iterator[tuple[str, str, int]]:
    """Yield (letter, category, end) of those that follow each other in the order T, N, M."""
    wanted = "TNM"
    while wanted:
        place = index
        if wanted != "TNM" and stream[place].text in (",", "-"):
            place += 1
        found = _category(stream, place)
        if found is None or found[0] not in wanted or (wanted == "TNM" and found[0] == "M"):
            return
        yield found
        index = found[2]
        wanted = wanted[wanted.index(found[0]) + 1 :]


def _category(stream: Stream, index: int) -> tuple[str, str, int] | None:
    token = stream[index]
    written = _WRITTEN.fullmatch(token.text)
    if written is not None and token.text[-1:] not in "TNM":
        prefix, body = written[1] or "", written[2]
        return body[0].upper(), prefix.lower() + body[0].upper() + body[1:].lower(), index + 1
    alone = _LETTER.fullmatch(token.text)
    if alone is None:
        return None
    prefix, letter = (alone[1] or "").lower(), alone[2]
    said = stream[index + 1]
    if said.key == "x" or (letter == "T" and said.key == "is"):
        return letter, f"{prefix}{letter}{said.key}", index + 2
    number = _count(stream, index + 1, _LAST[letter])
    if number is None:
        return None
    suffix = _suffix(stream, number.end)
    return letter, f"{prefix}{letter}{number.text}{suffix}", number.end + bool(suffix)


def _suffix(stream: Stream, index: int) -> str:
    """Return the letter of « T un c »; « a » only where the stage ends or goes on, since it is a verb elsewhere."""
    token, after = stream[index], stream[index + 1]
    if token.kind is not Kind.WORD or token.key not in ("a", "b", "c", "d"):
        return ""
    ends = after is END or is_complete(stream, index + 1) or after.text[:1] in ("N", "M")
    return token.key if ends or token.key != "a" else ""


def obstetric_formula(stream: Stream, index: int, style: Style) -> Match | None:
    """Match « G trois P deux »: pregnancies and births, which stand together."""
    del style
    glued = _GLUED_FORMULA.fullmatch(stream[index].text)
    if glued is not None and glued.group() != f"G{glued[1]}P{glued[2]}":
        return Match(index + 1, (OutputPiece(f"G{glued[1]}P{glued[2]}", gap=stream[index].gap),))
    gravidity = _lettered(stream, index, "G")
    if gravidity is None:
        return None
    place = gravidity[1] + (stream[gravidity[1]].text in (",", "-"))
    parity = _lettered(stream, place, "P")
    if parity is None:
        return None
    return Match(parity[1], (OutputPiece(f"G{gravidity[0]}P{parity[0]}", gap=stream[index].gap),))


def day_count(stream: Stream, index: int, style: Style) -> Match | None:
    """Match « J trois », « J plus trois »: days after an operation or of a treatment."""
    del style
    if stream[index].text != "J":
        return None
    sign = {"plus": "+", "+": "+", "moins": "-"}.get(stream[index + 1].key, "")
    number = _count(stream, index + 1 + bool(sign), 99)
    if number is None or is_counted(stream, number.end):
        return None
    return Match(number.end, (OutputPiece(f"J{sign}{number.text}", gap=stream[index].gap),))


def resection(stream: Stream, index: int, style: Style) -> Match | None:
    """Match « résection R zéro »: the residual tumour."""
    del style
    if stream[index].text != "R" or stream[index - 1].key not in ("résection", "exérèse", "chirurgie", "marges"):
        return None
    number = _count(stream, index + 1, 2)
    if number is None or is_counted(stream, number.end):
        return None
    return Match(number.end, (OutputPiece(f"R{number.text}", gap=stream[index].gap),))


def _lettered(stream: Stream, index: int, letter: str) -> tuple[str, int] | None:
    token = stream[index]
    if token.kind is not Kind.WORD or token.text[:1].upper() != letter:
        return None
    if _COUNT.fullmatch(token.text[1:]):
        return token.text[1:], index + 1
    number = _count(stream, index + 1, 20) if token.text == letter else None
    return None if number is None else (number.text, number.end)


def _count(stream: Stream, index: int, last: int) -> Number | None:
    number = read_number(stream, index)
    if not isinstance(number, Number) or number.value is None or number.value > last:
        return None
    return number
