"""How often and how long: « trois fois par jour », « toutes les six heures », « trente semaines et trois jours »."""

from ..numbers import Number, cardinal, is_number_word, read_number, starts_number
from ..output import Match, OutputPiece
from ..stream import Stream
from ..style import Style
from ..tables import words
from ..tokens import Kind
from .context import is_complete, is_frequency
from .doubts import may_be_two


def frequency(stream: Stream, index: int, style: Style) -> Match | None:
    """Match « trois fois par jour », « deux à trois fois par jour » and « deux comprimés matin et soir »."""
    del style
    numbers = _one_or_two(stream, index)
    if not numbers:
        return None
    end = numbers[-1].end
    noun = stream[end].key
    taken = noun in words()["dose_form"] and is_frequency(stream, end + 1)
    often = noun in ("fois", "prises") and stream[end + 1].key == "par" and _is_period(stream, end + 2)
    if not (taken or often) or may_be_two(stream, index, numbers):
        return None
    return _in_digits(stream, index, numbers)


def interval(stream: Stream, index: int, style: Style) -> Match | None:
    """Match « toutes les six heures », « tous les deux jours »."""
    del style
    if stream[index - 1].key != "les" or stream[index - 2].key not in ("toutes", "tous"):
        return None
    numbers = _one_or_two(stream, index)
    if not numbers or not _is_period(stream, numbers[-1].end):
        return None
    return _in_digits(stream, index, numbers)


def further_duration(stream: Stream, index: int, style: Style) -> Match | None:
    """Match the second number of « trente-deux semaines et trois jours », so that both are in digits."""
    del style
    number = read_number(stream, index)
    if not isinstance(number, Number) or number.article or stream[index - 1].key not in ("et", "plus"):
        return None
    if not _is_period(stream, number.end) or not _ends_long_duration(stream, index - 1):
        return None
    return Match(number.end, (OutputPiece(number.text, gap=stream[index].gap),))


def gestational_days(stream: Stream, index: int, style: Style) -> Match | None:
    """Match « plus trois » after weeks: « trente-deux SA plus trois » -> 32 SA + 3."""
    del style
    number = read_number(stream, index + 1)
    if not isinstance(number, Number) or number.value is None or number.value > 6:
        return None
    if number.article and (stream[number.end].key in ("à", "ou") or not is_complete(stream, number.end)):
        return None
    if stream[index - 1].key not in ("sa", "semaines", "aménorrhée") or not _ends_long_duration(stream, index):
        return None
    return Match(number.end, (OutputPiece("+", gap=stream[index].gap), OutputPiece(number.text)))


def _one_or_two(stream: Stream, index: int) -> list[Number]:
    first = read_number(stream, index)
    if not isinstance(first, Number) or first.value is None:
        return []
    if stream[first.end].key not in ("à", "ou") or not starts_number(stream[first.end + 1]):
        return [] if first.article else [first]
    second = read_number(stream, first.end + 1)
    if not isinstance(second, Number) or second.value is None or second.article:
        return []
    return [first, second]


def _in_digits(stream: Stream, index: int, numbers: list[Number]) -> Match:
    pieces = [OutputPiece(_text(numbers[0]), gap=stream[index].gap)]
    for number in numbers[1:]:
        pieces += [OutputPiece(stream[numbers[0].end].text), OutputPiece(_text(number))]
    return Match(numbers[-1].end, tuple(pieces))


def _text(number: Number) -> str:
    return number.text


def _is_period(stream: Stream, index: int) -> bool:
    return stream[index].key in words()["period"] or stream[index].kind is Kind.NUMBER


def _ends_long_duration(stream: Stream, end: int) -> bool:
    """Return whether a duration of ten units or more, or one in digits, ends before `end`."""
    place = end - 1
    if stream[place].key == "aménorrhée":
        place -= 2
    if stream[place].key not in words()["period"] and stream[place].key != "sa":
        return False
    place -= 1
    if stream[place].kind is Kind.NUMBER:
        return True
    start = place
    while start >= 0 and (is_number_word(stream[start]) or stream[start].key == "et"):
        start -= 1
    value = cardinal(" ".join(token.key for token in stream.span(start + 1, place + 1)))
    return value is not None and value >= 10
