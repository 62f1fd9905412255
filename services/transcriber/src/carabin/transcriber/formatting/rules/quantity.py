"""Numbers with what they count: doses and units, ranges, dimensions, rates; small bare numbers stay words."""

from dataclasses import replace
from typing import Final

from ..numbers import Number, Uncertain, grouped, read_number, starts_number
from ..output import Match, OutputPiece, verbatim
from ..stream import Stream
from ..style import Style
from ..tables import Unit, words
from ..tokens import Kind
from .context import is_about, is_complete, is_counted
from .doubts import may_be_two
from .layout import quantity_pieces
from .measures import LENGTHS, Measure, read_measure, read_rate
from .remainders import remainder

DIGITS_FROM: Final = 10
"""Bare numbers below ten stay words, as French typography asks."""

_METRES_OF_A_BODY: Final = (1, 2)

_CONNECTORS: Final = {
    "à": "à",
    "ou": "ou",
    "et": "et",
    "par": "par",
    "x": "par",
    "×": "par",
    "sur": "sur",
    "slash": "sur",
}
"""What joins two numbers; « et » only after « entre »."""


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
        if _may_be_decimal(stream, index, first, measure):
            return _as_said(stream, index, measure.end)
        if measure.symbol == "°C" and stream[end].text == "°" and is_about(stream, index, "angle"):
            measure = replace(measure, symbol="°")  # Whisper writes « flexion à 110°C » for degrees of any kind.
        return _measured(stream, index, numbers, connectors, measure, style)
    rate = read_rate(stream, end)
    if rate is not None and not numbers[-1].article and connectors in ([], ["à"], ["ou"]):
        pieces = quantity_pieces(numbers, connectors, "", style, gap=stream[index].gap)
        return Match(rate[1], (*pieces, OutputPiece(rate[0], gap="")))
    if may_be_two(stream, index, numbers):
        return _as_said(stream, index, numbers[-1].end)
    if connectors:
        return _connected(stream, index, numbers, connectors, style)
    return _bare(stream, index, first, style)


def _may_be_decimal(stream: Stream, index: int, number: Number, measure: Measure) -> bool:
    """Whisper's « 4 cm2 » may be 4,2 cm, and « 1 m2 » a height, where no surface is spoken of."""
    if number.value is None or measure.symbol != measure.unit.write:
        return False
    written = stream[measure.end - 1].text
    length = written == "cm2" or (written == "m2" and number.value in _METRES_OF_A_BODY)
    return length and not is_about(stream, index, "surface")


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
    elif measure.symbol in LENGTHS and set(connectors) <= {"par"}:
        numbers, connectors, measure = _further_dimensions(stream, numbers, measure)
    return Match(measure.end, quantity_pieces(numbers, connectors, measure.symbol, style, gap=stream[index].gap))


def _further_dimensions(
    stream: Stream, numbers: list[Number], measure: Measure
) -> tuple[list[Number], list[str], Measure]:
    """Take in « … sur huit », « … par huit millimètres » after a length: the same unit counts for all."""
    found, end = list(numbers), measure.end
    while stream[end].key in ("sur", "par", "x", "×"):
        following = read_number(stream, end + 1)
        if not isinstance(following, Number) or following.article:
            break
        unit = read_measure(stream, following.end)
        if unit is not None and unit.symbol != measure.symbol:
            break
        last = unit is None and stream[following.end].key not in ("sur", "par", "x", "×")
        if last and (is_counted(stream, following.end) or not is_complete(stream, following.end)):
            break
        found.append(following)
        end = following.end if unit is None else unit.end
    return found, ["par"] * (len(found) - 1), Measure(measure.symbol, end, measure.unit)


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
    """« un gramme trois fois » is a dose, « un gramme cinq » 1,5 g; what may be either stays in words."""
    if not connectors:
        match = remainder(stream, index, numbers[0], measure, style)
        if match is not None:
            return match
    after = read_number(stream, measure.end)
    if isinstance(after, Number):
        ranged = stream[after.end].key in ("à", "ou") and starts_number(stream[after.end + 1])
        if ranged or is_counted(stream, after.end) or read_measure(stream, after.end) is not None:
            return Match(
                measure.end, quantity_pieces(numbers, connectors, measure.symbol, style, gap=stream[index].gap)
            )
    end = after.end if after is not None else measure.end
    return _as_said(stream, index, end)


def _connected(stream: Stream, index: int, numbers: list[Number], connectors: list[str], style: Style) -> Match | None:
    last = numbers[-1]
    if connectors == ["sur"]:
        if stream[last.end].key in words()["time_noun"]:
            return _as_said(stream, index, last.end)
        return Match(last.end, quantity_pieces(numbers, connectors, "", style, gap=stream[index].gap))
    if connectors[0] == "par":
        return _bare(stream, index, numbers[0], style)
    if any(number.value is None or number.value >= DIGITS_FROM for number in numbers):
        return Match(last.end, quantity_pieces(numbers, connectors, "", style, gap=stream[index].gap))
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


def _as_said(stream: Stream, start: int, end: int) -> Match:
    return Match(end, tuple(verbatim(token) for token in stream.span(start, end)))
