"""Blood pressure and temperature said as two numbers: « tension douze huit », « température trente-huit cinq »."""

from collections.abc import Callable

from ..numbers import Number, read_number, starts_number
from ..output import Match, OutputPiece, verbatim
from ..stream import Stream
from ..style import Style
from ..tokens import Kind
from .context import is_about, is_counted
from .layout import unit_piece
from .measures import read_measure
from .pairs import Pair, is_ambiguous, read_pair


def pressure(stream: Stream, index: int, style: Style) -> Match | None:
    """Match a systolic and a diastolic pressure after « tension », « TA » or « pression artérielle »."""
    if not _is_about(stream, index, "pressure"):
        return None
    pair = read_pair(stream, index, _is_pressure)
    if pair is None:
        return _unsure(stream, index, _is_pressure)
    if (pair.as_decimal and not _is_no_decimal(pair)) or _goes_on(stream, pair.end):
        return None
    pieces = [OutputPiece(f"{pair.first}/{pair.second}", gap=stream[index].gap)]
    measure = read_measure(stream, pair.end)
    if measure is None:
        return Match(pair.end, tuple(pieces))
    if measure.symbol not in ("mmHg", "cmHg"):  # « pression à 12,8 kPa » is one value.
        return None
    return Match(measure.end, (*pieces, unit_piece(measure.symbol, style)))


def temperature(stream: Stream, index: int, style: Style) -> Match | None:
    """Match degrees and tenths after « température », « fièvre à » and their like."""
    if not _is_about(stream, index, "temperature"):
        return None
    pair = read_pair(stream, index, _is_temperature)
    if pair is None:
        return _unsure(stream, index, _is_temperature)
    if _goes_on(stream, pair.end):
        return None
    pieces = [OutputPiece(f"{pair.first},{pair.second}", gap=stream[index].gap)]
    measure = read_measure(stream, pair.end)
    if measure is None:
        return Match(pair.end, tuple(pieces))
    if measure.symbol not in ("°", "°C"):
        return None
    return Match(measure.end, (*pieces, unit_piece(measure.symbol, style)))


def _is_about(stream: Stream, index: int, subject: str) -> bool:
    """Return whether `subject` is measured; before Whisper's « 38-4 » two words may be misspelled."""
    hyphened = stream[index].kind is Kind.NUMBER and stream[index + 1].text == "-"
    return is_about(stream, index, subject, past_numbers=True, unknown=2 if hyphened else 0)


def _unsure(stream: Stream, index: int, plausible: Callable[[int, int], bool]) -> Match | None:
    """Keep the words of « température à quarante deux », which is 42 or 40,2."""
    number = read_number(stream, index)
    if not isinstance(number, Number) or not number.spoken or number.end - index < 2 or number.value is None:
        return None
    if stream[number.end].key in ("virgule", "sur") or not is_ambiguous(stream, index, plausible):
        return None
    return Match(number.end, tuple(verbatim(token) for token in stream.span(index, number.end)))


def _is_pressure(systolic: int, diastolic: int) -> bool:
    """In centimetres or in millimetres of mercury."""
    centimetres = 6 <= systolic <= 30 and 3 <= diastolic <= 18
    millimetres = 60 <= systolic <= 300 and 30 <= diastolic <= 180
    return diastolic < systolic and (centimetres or millimetres)


def _is_temperature(degrees: int, tenths: int) -> bool:
    return 33 <= degrees <= 43 and 1 <= tenths <= 9


def _is_no_decimal(pair: Pair) -> bool:
    """« 12,8 » is 12/8: a systolic pressure alone is never given so finely, but « 13,5 » may be."""
    return pair.second != 5 and pair.second >= 0.45 * pair.first


def _goes_on(stream: Stream, end: int) -> bool:
    """A third number or something counted follows: it is not clear what belongs together."""
    if stream[end].text == "-" and not stream[end].gap:  # « 15-8-137 »
        return True
    return starts_number(stream[end]) or is_counted(stream, end) or stream[end].key in ("virgule", "sur")
