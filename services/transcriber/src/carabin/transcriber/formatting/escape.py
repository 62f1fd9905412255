"""« littéral virgule » is the word virgule; « majuscule x » and « tout en majuscules x » set capitals."""

from .numbers import read_number, starts_number
from .output import Match, OutputPiece, verbatim
from .stream import Stream
from .tables import commands, signs, words
from .tokens import Kind

_SWITCHES = frozenset({"littéral", "majuscule", "majuscules"})
_LEVELS = frozenset("cdtls")


def literal(stream: Stream, index: int) -> Match | None:
    """Match « littéral » before something that would else be interpreted; elsewhere it is an ordinary word."""
    if stream[index].key != "littéral":
        return None
    end = _interpreted(stream, index + 1)
    if end is None:
        return None
    first, *rest = stream.span(index + 1, end)
    pieces = (OutputPiece(first.text, gap=stream[index].gap), *(verbatim(token) for token in rest))
    return Match(end, pieces)


def _interpreted(stream: Stream, index: int) -> int | None:
    sign = signs().first(stream, index)
    if sign is not None:
        return sign[0]
    command = commands().first(stream, index)
    if command is not None:
        return command[0]
    number = read_number(stream, index)
    return None if number is None else number.end


def capitals(stream: Stream, index: int) -> Match | None:
    """Match « majuscule » or « tout en majuscules » and the word after it."""
    whole = stream.matches(index, ("tout", "en", "majuscules"))
    if not whole and stream[index].key != "majuscule":
        return None
    start = index + (3 if whole else 1)
    token = stream[start]
    if stream[index - 1].key in words()["determiner"] | _SWITCHES or token.kind is not Kind.WORD:
        return None
    if token.key in _SWITCHES or starts_number(token) or _interpreted(stream, start) is not None:
        return None
    if token.key[:1] in _LEVELS and len(token.key) == 1 and starts_number(stream[start + 1]):
        return None
    text = token.text.upper() if whole else token.text[:1].upper() + token.text[1:]
    if text.casefold() != token.text.casefold():
        return None
    return Match(start + 1, (OutputPiece(text, gap=stream[index].gap),))
