"""Units after a number, with « par … » as their denominators, and rates that have no unit above the bar."""

from dataclasses import dataclass
from typing import Final

from ..numbers import Number, read_number
from ..stream import Stream
from ..tables import RESPELLED_FROM, Unit, respelled, respelled_units, unit_symbols, units, words
from ..tokens import Kind

LENGTHS: Final = frozenset({"mm", "cm", "m", "µm"})
_VOLUMES: Final = frozenset({"L", "dL", "mL", "µL", "mm³"})
PER_ALONE: Final = frozenset({"mm³", "µL", "mL", "min"})
"""What a bare number may be counted in: « deux cent mille par millimètre cube », « dix-huit par minute »."""


@dataclass(frozen=True, slots=True)
class Measure:
    """A unit at a place of the text, with its denominators."""

    symbol: str
    end: int
    unit: Unit


def read_measure(stream: Stream, index: int) -> Measure | None:
    """Return the unit that starts at `index`, with « par … » as its denominators."""
    found = _unit(stream, index)
    if found is None:
        return None
    end, unit = found
    if unit.place in ("only_over", "after_weight"):
        return None
    if unit.write == "°" and stream[end].key in ("de", "d'") and stream[end + 1].key in words()["degree_of"]:
        return None
    divided = read_denominators(stream, end, unit.write)
    if unit.place == "before_par" and divided[0] == end:
        return None
    return Measure(divided[1], divided[0], unit)


def read_denominators(stream: Stream, end: int, symbol: str) -> tuple[int, str]:
    """Return (end, symbol) with every « par … » after `end` taken in, and Whisper's own « /ml »."""
    while _divides(stream, end):
        surface = _standard_surface(stream, end + 1) if symbol == "mL/min" else None
        if surface is not None:
            return surface, f"{symbol}/1,73 m²"
        below = _unit(stream, end + 1)
        if below is None or not _may_divide(below[1], symbol):
            break
        end, symbol = below[0], f"{symbol}/{below[1].write}"
    return end, symbol


def read_rate(stream: Stream, index: int) -> tuple[str, int] | None:
    """Return (« /mm³ », end) for « par millimètre cube » right after a number."""
    if not _divides(stream, index):
        return None
    below = _unit(stream, index + 1)
    if below is None or below[1].write not in PER_ALONE:
        return None
    return f"/{below[1].write}", below[0]


def _divides(stream: Stream, index: int) -> bool:
    return stream[index].key == "par" or stream[index].text == "/"


def _unit(stream: Stream, index: int) -> tuple[int, Unit] | None:
    found = _prefixed_unit(stream, index) or units().first(stream, index)
    if found is not None:
        return found
    token = stream[index]
    if token.kind is Kind.WORD or token.text == "%":
        unit = unit_symbols().get(token.text)
        if unit is not None:
            return index + 1, unit
    if token.kind is Kind.WORD and len(token.key) >= RESPELLED_FROM:
        respelled_unit = respelled_units().get(respelled(token.key))
        if respelled_unit is not None:
            return index + 1, respelled_unit
    return None


def _prefixed_unit(stream: Stream, index: int) -> tuple[int, Unit] | None:
    """Return the unit whose prefix Whisper wrote apart: « mili grammes »."""
    prefix = stream[index].key
    if prefix not in words()["unit_prefix"] or stream[index + 1].kind is not Kind.WORD:
        return None
    unit = respelled_units().get(respelled(prefix) + respelled(stream[index + 1].key))
    return None if unit is None else (index + 2, unit)


def _standard_surface(stream: Stream, index: int) -> int | None:
    """Return the end of « un virgule soixante-treize mètre carré », to which a filtration rate is normalised."""
    number = read_number(stream, index)
    if not isinstance(number, Number) or number.text not in ("1,73", "1.73"):
        return None
    found = _unit(stream, number.end)
    return found[0] if found is not None and found[1].write == "m²" else None


def _may_divide(unit: Unit, above: str) -> bool:
    if above in LENGTHS and unit.write in _VOLUMES:  # « 3,8 mm par litre » is a misheard millimole.
        return False
    if unit.place == "after_weight":
        return above.endswith(("/kg", "/m²"))
    return unit.place in ("over", "only_over")
