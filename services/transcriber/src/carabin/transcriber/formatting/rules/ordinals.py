"""Ordinals from the tenth on, and visual acuity: « douzième » -> 12e, « dix dixièmes » -> 10/10."""

import re

from text_to_num import alpha2digit

from ..numbers import MAX_WORDS, Number, is_number_word, read_number
from ..output import Match, OutputPiece
from ..stream import Stream
from ..style import Style
from ..tokens import Kind

_ORDINAL = re.compile(r"([0-9]+)ème")
DIGITS_FROM = 10


def ordinal(stream: Stream, index: int, _: Style) -> Match | None:
    """Match an ordinal; a fraction (« un douzième », « deux centièmes ») stays in words."""
    if stream[index].kind is Kind.NUMBER and stream[index + 1].key == "dixièmes":
        return _acuity(stream, index, index + 1)
    end = index
    while end - index < MAX_WORDS and (is_number_word(stream[end]) or (end > index and stream[end].key == "et")):
        end += 1
    last = stream[end]
    if last.kind is not Kind.WORD or not last.key.endswith(("ième", "ièmes")):
        return None
    if last.key == "dixièmes":
        return _acuity(stream, index, end)
    if last.key.endswith("s"):
        return _as_said(stream, index, end + 1) if end > index else None
    said = " ".join(token.key for token in stream.span(index, end + 1))
    found = _ORDINAL.fullmatch(alpha2digit(said, "fr"))
    if found is None or int(found[1]) < DIGITS_FROM or stream[index - 1].key in ("un", "une"):
        return _as_said(stream, index, end + 1) if end > index else None
    return Match(end + 1, (OutputPiece(f"{found[1]}e", gap=stream[index].gap),))


def _acuity(stream: Stream, index: int, end: int) -> Match | None:
    tenths = read_number(stream, index)
    if not isinstance(tenths, Number) or tenths.end != end or tenths.value is None or tenths.article:
        return None
    return Match(end + 1, (OutputPiece(f"{tenths.text}/10", gap=stream[index].gap),))


def _as_said(stream: Stream, start: int, end: int) -> Match:
    return Match(end, tuple(OutputPiece(token.text, gap=token.gap) for token in stream.span(start, end)))
