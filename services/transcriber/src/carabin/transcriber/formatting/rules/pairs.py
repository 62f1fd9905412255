"""Two numbers said one after the other without a word between: « douze huit », and how Whisper writes them."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from ..numbers import cardinal, is_number_word, run_end
from ..stream import Stream
from ..tokens import Kind, Token

_HIGHEST: Final = 300
"""What is said in two numbers is never more than this in one: degrees, or millimetres of mercury."""

_DECIMAL: Final = re.compile(r"([0-9]+)[,.]([0-9]+)")


@dataclass(frozen=True, slots=True)
class Pair:
    """Two whole numbers and the end of the tokens that say them."""

    first: int
    second: int
    end: int
    as_decimal: bool = False
    """Whisper wrote them as one decimal number, « 12,8 », so they may be one."""


def read_pair(stream: Stream, index: int, plausible: Callable[[int, int], bool]) -> Pair | None:
    """Return the one way in which the tokens at `index` are two plausible numbers.

    Args:
        plausible: what the two numbers may be in this place, such as a systolic and a diastolic pressure.

    Returns:
        None where they are one number, three, or two pairs could be meant.
    """
    token = stream[index]
    if token.kind is Kind.NUMBER:
        return _written(stream, index, plausible)
    end = run_end(stream, index)
    last = stream[end]
    if last.kind is Kind.NUMBER and last.gap:
        value = cardinal(" ".join(said.key for said in stream.span(index, end)))
        return _pair(value, _whole(last), end + 1, plausible)
    said = _parts(stream.span(index, end))
    splits = [
        (first, second)
        for cut in range(1, len(said))
        if (first := cardinal(" ".join(said[:cut]))) is not None
        and (second := cardinal(" ".join(said[cut:]))) is not None
        and plausible(first, second)
    ]
    if len(splits) != 1 or cardinal(" ".join(said)) is not None:
        return None
    return Pair(*splits[0], end)


def is_ambiguous(stream: Stream, index: int, plausible: Callable[[int, int], bool]) -> bool:
    """Return whether words that read as one number may be two: « quarante deux » of a temperature."""
    said = _parts(stream.span(index, run_end(stream, index)))
    return any(
        (first := cardinal(" ".join(said[:cut]))) is not None
        and (second := cardinal(" ".join(said[cut:]))) is not None
        and plausible(first, second)
        for cut in range(1, len(said))
    )


def _written(stream: Stream, index: int, plausible: Callable[[int, int], bool]) -> Pair | None:
    token, after = stream[index], stream[index + 1]
    glued = _glued(token.text, plausible)
    if glued is not None:
        return Pair(*glued, index + 1)
    decimal = _DECIMAL.fullmatch(token.text)
    if decimal is not None:
        found = _pair(int(decimal[1]), int(decimal[2]), index + 1, plausible)
        return found and Pair(found.first, found.second, found.end, as_decimal=True)
    if after.text == "-":
        return _pair(_whole(token), _whole(stream[index + 2]), index + 3, plausible)
    if after.kind is Kind.NUMBER:
        return _pair(_whole(token), _whole(after), index + 2, plausible)
    if is_number_word(after):
        end = run_end(stream, index + 1)
        value = cardinal(" ".join(said.key for said in stream.span(index + 1, end)))
        return _pair(_whole(token), value, end, plausible)
    return None


def _glued(digits: str, plausible: Callable[[int, int], bool]) -> tuple[int, int] | None:
    """Return the one way to cut « 385 » or « 12080 » in two, where the whole is beyond every value of its kind."""
    if not digits.isdigit() or len(digits) > 6 or int(digits) <= _HIGHEST:
        return None
    cuts = [(digits[:cut], digits[cut:]) for cut in range(1, len(digits))]
    found = [(int(a), int(b)) for a, b in cuts if "0" not in (a[0], b[0]) and plausible(int(a), int(b))]
    return found[0] if len(found) == 1 else None


def _pair(first: int | None, second: int | None, end: int, plausible: Callable[[int, int], bool]) -> Pair | None:
    if first is None or second is None or not plausible(first, second):
        return None
    return Pair(first, second, end)


def _whole(token: Token) -> int | None:
    digits = token.text
    return int(digits) if token.kind is Kind.NUMBER and digits.isdigit() and len(digits) <= 3 else None


def _parts(tokens: Sequence[Token]) -> list[str]:
    """Return the words, with « douze-huit » taken apart where it is no number by itself."""
    parts: list[str] = []
    for token in tokens:
        whole = "-" not in token.key or cardinal(token.key) is not None
        parts += [token.key] if whole else token.key.split("-")
    return parts
