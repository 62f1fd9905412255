"""Telephone numbers, powers of ten and negative values."""

from typing import Final

from ..numbers import Number, cardinal, is_number_word, read_number, run_end
from ..output import Match, OutputPiece
from ..stream import END, Stream
from ..style import Style
from ..tables import words
from ..tokens import Kind
from .context import is_about
from .layout import unit_piece
from .measures import read_measure, read_rate

_GROUPS: Final = 5
"""A French telephone number has five groups of two digits."""

_SIGNED: Final = frozenset({"°", "°C", "dioptries", "mV", "mmHg", "cmH2O", "mmol/L", "mEq/L", "%", "kg", "UH", "dB"})
"""What can be less than nothing, or a loss; « moins cinq milligrammes » cannot."""


def telephone(stream: Stream, index: int, style: Style) -> Match | None:
    """Match ten digits said in five groups, where they can be cut in one way only."""
    del style
    if stream[index].key != "zéro":
        return None
    end = run_end(stream, index)
    groups = _groups([token.key for token in stream.span(index, end)], _GROUPS)
    if len(groups) != 1 or stream[end].kind is Kind.NUMBER:
        return None
    return Match(end, (OutputPiece(" ".join(groups[0]), gap=stream[index].gap),))


def _groups(said: list[str], count: int) -> list[list[str]]:
    """Return every way to cut the words into `count` groups of two digits, two ways at most."""
    if count == 0:
        return [] if said else [[]]
    found: list[list[str]] = []
    for cut in range(1, min(len(said), 4) + 1):
        digits = _two_digits(said[:cut])
        if digits:
            found += [[digits, *rest] for rest in _groups(said[cut:], count - 1)]
            if len(found) > 1:
                return found[:2]
    return found


def _two_digits(said: list[str]) -> str:
    if said[0] == "zéro":
        value = 0 if said == ["zéro", "zéro"] else cardinal(" ".join(said[1:])) if len(said) == 2 else None
        return f"{value:02d}" if value is not None and value < 10 else ""
    value = cardinal(" ".join(said))
    return str(value) if value is not None and 10 <= value <= 99 else ""


def power_of_ten(stream: Stream, index: int, style: Style) -> Match | None:
    """Match « dix puissance six » and « deux fois dix puissance six »: 10^6 in any character set."""
    first = read_number(stream, index)
    if not isinstance(first, Number):
        return None
    ten = first
    if stream[first.end].key in ("fois", "x", "×"):
        base = read_number(stream, first.end + 1)
        if not isinstance(base, Number):
            return None
        ten = base
    if ten.value != 10:
        return None
    place = ten.end
    if stream.matches(place, ("à", "la", "puissance")):
        place += 3
    elif stream[place].key in words()["power"]:
        place += 1
    else:
        return None
    minus = "-" if stream[place].key == "moins" else ""
    exponent = read_number(stream, place + bool(minus))
    if not isinstance(exponent, Number) or exponent.value is None:
        return None
    power = f"10^{minus}{exponent.value}"
    pieces = [OutputPiece(power, gap=stream[index].gap)]
    if ten is not first:
        times = OutputPiece("×", gap=style.thin)
        pieces = [OutputPiece(first.text, gap=stream[index].gap), times, OutputPiece(power, gap=style.thin)]
    measure = read_measure(stream, exponent.end)
    if measure is not None:
        return Match(measure.end, (*pieces, unit_piece(measure.symbol, style)))
    rate = read_rate(stream, exponent.end)
    if rate is not None:
        return Match(rate[1], (*pieces, OutputPiece(rate[0], gap="")))
    return Match(exponent.end, tuple(pieces))


def negative(stream: Stream, index: int, style: Style) -> Match | None:
    """Match « moins deux virgule cinq » where the value can be negative; « au moins dix » cannot."""
    before = stream[index - 1]
    if before.key in words()["minus_not_after"] or is_number_word(before) or before.kind is Kind.NUMBER:
        return None
    number = read_number(stream, index + 1)
    if not isinstance(number, Number):
        return None
    measure = read_measure(stream, number.end)
    about = is_about(stream, index, "signed")
    if measure is None:
        if not about or number.article:
            return None
        return Match(number.end, (OutputPiece(f"-{number.text}", gap=_gap(stream, index)),))
    if (measure.symbol not in _SIGNED and not about) or (number.article and not measure.unit.article):
        return None
    value = OutputPiece(f"-{number.text}", gap=_gap(stream, index))
    return Match(measure.end, (value, unit_piece(measure.symbol, style)))


def _gap(stream: Stream, index: int) -> str:
    return stream[index].gap if stream[index - 1] is not END else ""
