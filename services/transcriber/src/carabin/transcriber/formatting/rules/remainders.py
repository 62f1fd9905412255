"""Decimals said after the unit: « neuf grammes deux » -> 9,2 g, « un mètre soixante-quinze » -> 1,75 m."""

from ..numbers import Number, read_decimals, read_number, starts_number
from ..output import Match, OutputPiece
from ..stream import Stream
from ..style import Style
from ..tables import words
from .context import is_complete, is_counted, is_frequency
from .layout import unit_piece
from .measures import Measure, read_denominators, read_measure

_DIGITS_AFTER = {
    "g": (1, 2, 3),
    "kg": (1, 3),
    "L": (1, 2, 3),
    "cm": (1,),
    "m": (2,),
    "m²": (1, 2),
    "°": (1,),
    "°C": (1,),
}
"""How many digits may follow a unit and have one meaning only.

« trois kilos vingt » is 3,020 kg of a newborn and 3,2 kg of a tumour, « un mètre cinq » 1,05 m: they stay in words. A
number after millimetres counts something else as often as not.
"""

_DOSES = ("g", "kg", "L")
_HALF = "5"
"""« un gramme cinq matin et soir » is one and a half: nobody takes a gram five times."""

_BODY_HEAT = range(33, 44)
"""Degrees that have a decimal after them are body temperatures; an angle has none."""


def remainder(stream: Stream, index: int, number: Number, measure: Measure, style: Style) -> Match | None:
    """Match a whole number, its unit and the decimals after it, where nothing else can be meant."""
    allowed = _DIGITS_AFTER.get(measure.unit.write)
    if allowed is None or measure.symbol != measure.unit.write or number.value is None:
        return None
    if measure.unit.write in ("°", "°C") and number.value not in _BODY_HEAT:
        return None
    found = _decimals(stream, measure.end)
    if found is None or len(found[0]) not in allowed:
        return None
    digits, after = found
    end, symbol = read_denominators(stream, after, measure.symbol)
    glued = not stream[measure.end].gap  # Whisper's « 2 cm8 », whatever follows.
    if end == after and not glued:
        may_count = measure.unit.write in _DOSES and _may_count_doses(stream, end, digits)
        if may_count or not is_complete(stream, end):
            return None
    if measure.unit.write == "cm" and stream[end].key == "à":  # « de trois centimètres deux à droite » may be two.
        return None
    return Match(end, (OutputPiece(f"{number.value},{digits}", gap=stream[index].gap), unit_piece(symbol, style)))


def _may_count_doses(stream: Stream, end: int, digits: str) -> bool:
    """« un gramme quatre par jour » is 1,4 g, or a gram four times."""
    return len(digits) == 1 and digits != _HALF and is_frequency(stream, end)


def _decimals(stream: Stream, index: int) -> tuple[str, int] | None:
    if stream[index].key == "zéro":
        return read_decimals(stream, index)
    after = read_number(stream, index)
    if not isinstance(after, Number) or after.value is None or after.article or after.value == 0:
        return None
    if is_counted(stream, after.end) or read_measure(stream, after.end) is not None:
        return None
    if stream[after.end].key in words()["between_numbers"] and starts_number(stream[after.end + 1]):
        return None
    return after.text, after.end
