"""Dates and times of day: « le douze mars deux mille vingt-quatre », « à quatorze heures trente »."""

from ..numbers import Number, read_number
from ..output import Match, OutputPiece
from ..stream import END, Stream
from ..style import Style
from ..tables import words
from ..tokens import Kind

LAST_DAY, LAST_HOUR, LAST_MINUTE = 31, 24, 59
TWO_DIGITS = 10
"""Minutes below ten are read as such only after « à », « vers » and their like, or with their zero."""


def date(stream: Stream, index: int, _: Style) -> Match | None:
    """Match a day and its month; the year after it is written by the rule for numbers."""
    lists = words()
    if stream[index].key == "premier" and stream[index + 1].key in lists["month"]:
        if stream[index - 1].key not in lists["date_before"]:
            return None
        return Match(index + 1, (OutputPiece("1er", gap=stream[index].gap),))
    day = _number(stream, index)
    if day is None or day.value is None or not 1 <= day.value <= LAST_DAY or not day.spoken:
        return None
    if stream[day.end].key not in lists["month"] or day.article:
        return None
    if stream[index - 1].key not in lists["date_before"] and not _is_year(stream, day.end + 1):
        return None
    return Match(day.end, (OutputPiece(day.text, gap=stream[index].gap),))


def time(stream: Stream, index: int, style: Style) -> Match | None:
    """Match hours with minutes; hours alone may be a duration and are left as they are."""
    hour = _number(stream, index)
    if hour is None or hour.value is None or hour.value > LAST_HOUR:
        return None
    glued = _glued_minutes(stream, hour)
    if glued is not None:
        return Match(glued, _clock(stream, index, hour.text, stream[glued - 1].text, style))
    at_a_time = stream[index - 1].key in words()["time_before"]
    if stream[hour.end].key not in ("heure", "heures") or stream[index - 1].key == "les" or "," in hour.text:
        return None
    start = hour.end + 1
    zero = stream[start].key == "zéro"
    minute = _number(stream, start + zero)
    if minute is None or minute.value is None or minute.value > LAST_MINUTE or minute.article:
        return None
    if not (at_a_time or zero or minute.value >= TWO_DIGITS) or not _ends_clause(stream, minute.end):
        return None
    text = f"{minute.value:02d}" if minute.spoken else minute.text
    return Match(minute.end, _clock(stream, index, hour.text, text, style))


def _glued_minutes(stream: Stream, hour: Number) -> int | None:
    """Return the end of Whisper's « 6h30 », which is a time or a duration and is set like the spoken one."""
    letter, minutes = stream[hour.end], stream[hour.end + 1]
    if letter.key != "h" or letter.gap or minutes.kind is not Kind.NUMBER or minutes.gap or hour.spoken:
        return None
    return hour.end + 2


def _clock(stream: Stream, index: int, hour: str, minutes: str, style: Style) -> tuple[OutputPiece, ...]:
    return (
        OutputPiece(hour, gap=stream[index].gap),
        OutputPiece("h", gap=style.thin),
        OutputPiece(minutes, gap=style.thin),
    )


def _number(stream: Stream, index: int) -> Number | None:
    found = read_number(stream, index)
    return found if isinstance(found, Number) else None


def _is_year(stream: Stream, index: int) -> bool:
    year = _number(stream, index)
    return year is not None and year.value is not None and 1850 <= year.value <= 2150


def _ends_clause(stream: Stream, index: int) -> bool:
    """Nothing follows that the minutes might count (« quatorze heures cinq comprimés »)."""
    token = stream[index]
    if token is END or token.kind in (Kind.SIGN, Kind.BREAK):
        return True
    return token.key in words()["clause_starter"] or token.key in ("à", "virgule", "point", "du")
