"""Vertebral levels, and the sequences and stages that are written like them: « L quatre L cinq » -> L4-L5."""

import re
from dataclasses import dataclass

from ..numbers import Number, read_number
from ..output import Match, OutputPiece
from ..stream import Stream
from ..style import Style
from ..tables import words
from ..tokens import Kind

LEVELS = {"C": 7, "D": 12, "T": 12, "L": 5, "S": 5}
"""How many vertebrae each letter numbers; D and T are the same twelve."""

ECG_LEADS = 3
"""D1 to D3 may be leads of an electrocardiogram: never joined."""


_SHORT_PAIR = re.compile(r"([CDTLS])([0-9]{1,2})-([0-9]{1,2})")


@dataclass(frozen=True, slots=True)
class Level:
    letter: str
    number: int
    end: int
    spoken: bool


def level(stream: Stream, index: int, _: Style) -> Match | None:
    """Match one level, or two that are neighbours."""
    short = _SHORT_PAIR.fullmatch(stream[index].text)
    if short is not None:
        return _short_pair(stream, index, short)
    first = _read(stream, index)
    if first is None or _is_litre(stream, index):
        return None
    number = stream[first.end + 1]
    if stream[first.end].text == "-" and number.kind is Kind.NUMBER and number.text.isdigit() and not number.gap:
        return _pair(stream, index, first, Level(first.letter, int(number.text[:2]), first.end + 2, spoken=False))
    dash = stream[first.end].text == "-" or stream[first.end].key == "tiret"
    second = _read(stream, first.end + dash)
    if second is not None and _neighbours(first, second):
        return _pair(stream, index, first, second)
    if not first.spoken or not _is_meant(stream, index, first, second):
        return None
    return Match(first.end, (OutputPiece(f"{first.letter}{first.number}", gap=stream[index].gap),))


def _short_pair(stream: Stream, index: int, written: re.Match[str]) -> Match | None:
    """Match Whisper's « L4-5 »."""
    upper = _in_range(Level(written[1], int(written[2]), index + 1, spoken=False))
    lower = _in_range(Level(written[1], int(written[3]), index + 1, spoken=False))
    return None if upper is None or lower is None else _pair(stream, index, upper, lower)


def _pair(stream: Stream, index: int, upper: Level, lower: Level) -> Match | None:
    """Return two neighbouring levels as « L4-L5 »; others are left as they stand."""
    if _in_range(lower) is None or not _neighbours(upper, lower):
        return None
    pair = f"{upper.letter}{upper.number}-{lower.letter}{lower.number}"
    return Match(lower.end, (OutputPiece(pair, gap=stream[index].gap),))


def _read(stream: Stream, index: int) -> Level | None:
    token = stream[index]
    if token.kind is not Kind.WORD or token.text[:1] not in LEVELS:
        return None
    letter, digits = token.text[0], token.text[1:]
    if digits:
        if not digits.isascii() or not digits.isdigit() or len(digits) > 2 or digits[0] == "0":
            return None
        return _in_range(Level(letter, int(digits), index + 1, spoken=False))
    hyphen = stream[index + 1].text == "-" and not stream[index + 1].gap
    found = read_number(stream, index + 1 + hyphen)
    if not isinstance(found, Number) or found.value is None or not found.text.isdigit() or found.text[0] == "0":
        return None
    return _in_range(Level(letter, found.value, found.end, spoken=True))


def _is_litre(stream: Stream, index: int) -> bool:
    """« 12 g/L 3 culots » and « 2 L 3 fois » count litres."""
    before = stream[index - 1]
    glued = index > 0 and not stream[index].gap and before.key[-1:] != "'"
    return before.kind is Kind.NUMBER or before.text in ("/", "%") or glued


def _in_range(found: Level) -> Level | None:
    return found if 1 <= found.number <= LEVELS[found.letter] else None


def _neighbours(upper: Level, lower: Level) -> bool:
    if upper.letter == lower.letter:
        if upper.letter == "D" and lower.number <= ECG_LEADS:
            return False
        return lower.number == upper.number + 1
    last = LEVELS[upper.letter] == upper.number and lower.number == 1
    return last and upper.letter + lower.letter in ("CD", "CT", "DL", "TL", "LS")


def _is_meant(stream: Stream, index: int, first: Level, second: Level | None) -> bool:
    """« hépatite C deux fois » is no C2, and « S un » needs company."""
    before = stream[index - 1].key
    lists = words()
    if before in lists["letter_not_after"] or stream[first.end].key in lists["counted"]:
        return False
    if second is not None or before in lists["level_context"]:
        return True
    return stream[first.end - 1].key not in ("un", "une")
