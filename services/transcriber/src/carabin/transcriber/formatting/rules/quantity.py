"""Numbers with what they count: doses and units, ranges, pressures, dimensions; small bare numbers stay words."""

from dataclasses import dataclass

from ..numbers import Number, Uncertain, grouped, read_number, starts_number
from ..output import Match, OutputPiece, verbatim
from ..stream import Stream
from ..style import Style
from ..tables import Unit, unit_symbols, units, words
from ..tokens import Kind

DIGITS_FROM = 10
"""Bare numbers below ten stay words, as French typography asks."""

_CONNECTORS = {"à": "à", "ou": "ou", "et": "et", "par": "par", "x": "par", "×": "par", "sur": "sur", "slash": "sur"}
"""What joins two numbers; « et » only after « entre »."""

DIRECT = frozenset({"°"})
"""Symbols that touch their number."""


@dataclass(frozen=True, slots=True)
class Measure:
    """A unit at a place of the text, with its denominators."""

    symbol: str
    end: int
    unit: Unit


def quantity(stream: Stream, index: int, style: Style) -> Match | None:
    """Match the number at `index` with its connected numbers and unit."""
    first = read_number(stream, index)
    if first is None:
        return None
    if isinstance(first, Uncertain):
        return _as_said(stream, index, first.end)
    numbers, connectors = _chain(stream, index, first)
    end = numbers[-1].end
    measure = read_measure(stream, end)
    if measure is not None and not _takes_unit(numbers[-1], measure.unit):
        measure = None
    if measure is not None:
        return _measured(stream, index, numbers, connectors, measure, style)
    if connectors:
        return _connected(stream, index, numbers, connectors, style)
    return _bare(stream, index, first, style)


def read_measure(stream: Stream, index: int) -> Measure | None:
    """Return the unit that starts at `index`, with « par … » as its denominators."""
    found = _unit(stream, index)
    if found is None:
        return None
    end, unit = found
    if unit.place in ("only_over", "after_weight"):
        return None
    if unit.write == "°" and stream[end].key in ("de", "d'"):
        return None
    symbol = unit.write
    while stream[end].key == "par":
        below = _unit(stream, end + 1)
        if below is None or not _may_divide(below[1], symbol):
            break
        end, symbol = below[0], f"{symbol}/{below[1].write}"
    return Measure(symbol, end, unit)


def _unit(stream: Stream, index: int) -> tuple[int, Unit] | None:
    found = units().first(stream, index)
    if found is not None:
        return found
    token = stream[index]
    if token.kind is Kind.WORD or token.text == "%":
        unit = unit_symbols().get(token.text)
        if unit is not None:
            return index + 1, unit
    return None


def _may_divide(unit: Unit, above: str) -> bool:
    if unit.place == "after_weight":
        return above.endswith(("/kg", "/m²"))
    return unit.place in ("over", "only_over")


def _takes_unit(number: Number, unit: Unit) -> bool:
    return unit.article or not number.article


def _chain(stream: Stream, index: int, first: Number) -> tuple[list[Number], list[str]]:
    """Collect « trois par quatre par cinq », « cinq à dix », « douze sur huit », « entre un et deux »."""
    numbers = [first]
    connectors: list[str] = []
    while True:
        said = _CONNECTORS.get(stream[numbers[-1].end].key, "")
        between = said == "et" and stream[index - 1].key == "entre" and not connectors
        if not said or (said == "et" and not between):
            break
        if connectors and (said != connectors[-1] or said != "par"):
            break
        following = read_number(stream, numbers[-1].end + 1)
        if not isinstance(following, Number) or stream[following.end].key in ("heure", "heures"):
            break
        numbers.append(following)
        connectors.append(said)
    if len(numbers) > 1 and numbers[-1].article and read_measure(stream, numbers[-1].end) is None:
        return numbers[:-1], connectors[:-1]
    return numbers, connectors


def _measured(
    stream: Stream, index: int, numbers: list[Number], connectors: list[str], measure: Measure, style: Style
) -> Match | None:
    half = _and_a_half(stream, measure.end)
    if half is not None:
        if half < 0 or connectors or numbers[0].value is None:
            return _as_said(stream, index, measure.end)
        numbers = [Number(f"{numbers[0].value},5", numbers[0].end, None, spoken=True)]
        measure = Measure(measure.symbol, half, measure.unit)
    elif starts_number(stream[measure.end]):
        return _measured_then_number(stream, index, numbers, connectors, measure, style)
    return Match(measure.end, _write(stream, index, numbers, connectors, measure.symbol, style))


def _and_a_half(stream: Stream, index: int) -> int | None:
    """Return the end of « et demi(e) » at `index`, -1 for another fraction (« et quart »), None for neither."""
    if stream[index].key != "et":
        return None
    said = stream[index + 1].key
    if said in ("demi", "demie"):
        return index + 2
    return -1 if said in ("quart", "tiers", "quelques") else None


def _measured_then_number(
    stream: Stream, index: int, numbers: list[Number], connectors: list[str], measure: Measure, style: Style
) -> Match | None:
    """« un gramme trois fois » is a dose; « un gramme cinq » may be 1.5 g: it stays in words."""
    after = read_number(stream, measure.end)
    written = Match(measure.end, _write(stream, index, numbers, connectors, measure.symbol, style))
    if isinstance(after, Number):
        if stream[after.end].key in words()["counted"] or read_measure(stream, after.end) is not None:
            return written
        if measure.symbol == "m" and not connectors and after.value is not None and 10 <= after.value <= 99:
            tail = OutputPiece(after.text, gap=style.thin)
            return Match(after.end, (*written.pieces, tail))
    end = after.end if after is not None else measure.end
    return _as_said(stream, index, end)


def _connected(stream: Stream, index: int, numbers: list[Number], connectors: list[str], style: Style) -> Match | None:
    last = numbers[-1]
    if connectors == ["sur"]:
        if stream[last.end].key in words()["time_noun"]:
            return _as_said(stream, index, last.end)
        return Match(last.end, _write(stream, index, numbers, connectors, "", style))
    if connectors[0] == "par":
        return _bare(stream, index, numbers[0], style)
    if any(number.value is None or number.value >= DIGITS_FROM for number in numbers):
        return Match(last.end, _write(stream, index, numbers, connectors, "", style))
    return _as_said(stream, index, last.end)


def _bare(stream: Stream, index: int, number: Number, style: Style) -> Match:
    """Write a number without unit: from ten on in digits, unless something beside it makes it doubtful."""
    lists = words()
    following, before = stream[number.end], stream[index - 1]
    fraction = following.key == "et" and stream[number.end + 1].key in ("demi", "demie", "quart")
    huge = following.key in lists["large"] and starts_number(stream[number.end + 1])
    percent = before.key == "pour" and number.text in ("100", "1000") and number.end == index + 1
    span = before.key == "sur" and starts_number(stream[index - 2]) and following.key in lists["time_noun"]
    doubtful = fraction or huge or percent or span or before.key in lists["large"] or before.kind is Kind.NUMBER
    if not number.spoken or doubtful or (number.value is not None and number.value < DIGITS_FROM):
        return _as_said(stream, index, number.end)
    return Match(number.end, (OutputPiece(grouped(number, style.grouping), gap=stream[index].gap),))


def _write(
    stream: Stream, index: int, numbers: list[Number], connectors: list[str], symbol: str, style: Style
) -> tuple[OutputPiece, ...]:
    """Lay the numbers, their connectors and the unit out."""
    pieces = [OutputPiece(grouped(numbers[0], style.grouping), gap=stream[index].gap)]
    slash = connectors == ["sur"] and symbol in ("", "mmHg", "cmHg")
    for number, connector in zip(numbers[1:], connectors, strict=True):
        text = grouped(number, style.grouping)
        if slash:
            pieces += [OutputPiece("/", gap="", sticky=True), OutputPiece(text, gap="")]
        elif connector == "par":
            pieces += [OutputPiece("×", gap=style.thin), OutputPiece(text, gap=style.thin)]
        else:
            pieces += [OutputPiece(connector), OutputPiece(text)]
    if symbol:
        gap = "" if symbol in DIRECT else style.thin
        pieces.append(OutputPiece(symbol, gap=gap))
    return tuple(pieces)


def _as_said(stream: Stream, start: int, end: int) -> Match:
    return Match(end, tuple(verbatim(token) for token in stream.span(start, end)))
