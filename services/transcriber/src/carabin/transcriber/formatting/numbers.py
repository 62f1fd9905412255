"""Reads one spoken or written number; what text2num cannot read as exactly one number stays in words."""

from dataclasses import dataclass
from typing import cast

from text_to_num import text2num

from .stream import Stream
from .tables import words
from .tokens import THIN_NBSP, Kind, Token

MAX_WORDS = 14
"""Words of the longest cardinal under a million that anyone says; a longer run is a list of numbers."""

GROUPED_FROM = 10_000
"""French typography separates thousands from five digits on; years and short numbers stay whole."""


@dataclass(frozen=True, slots=True)
class Number:
    """A number at a place of the text."""

    text: str
    """Digits, with a decimal comma: never rounded, never regrouped when Whisper wrote them."""
    end: int
    value: int | None
    """None for decimals and for numbers too long to compare."""
    spoken: bool
    """It came from words, at least in part."""
    article: bool = False
    """It is « un » or « une » alone, which is more often an article."""


@dataclass(frozen=True, slots=True)
class Uncertain:
    """Number words up to `end` that are not surely one number."""

    end: int


def is_number_word(token: Token) -> bool:
    """Return whether the word can be part of a number that is written out."""
    if token.kind is not Kind.WORD:
        return False
    key, number = token.key, words()["number"]
    if "-" not in key:
        return key in number
    return all(part in number or part == "et" for part in key.split("-"))


def starts_number(token: Token) -> bool:
    """Return whether a number, in digits or in words, can begin with the token."""
    return token.kind is Kind.NUMBER or is_number_word(token)


def read_number(stream: Stream, index: int) -> Number | Uncertain | None:
    """Return the number that starts at `index`, with its spoken decimals; None when none starts there."""
    if index not in stream.numbers:
        before, stream.reach = stream.reach, index
        found = _read_number(stream, index)
        stream.numbers[index] = (found, stream.reach)
        stream.reach = max(before, stream.reach)
    read, reach = stream.numbers[index]
    stream.reach = max(stream.reach, reach)
    return cast("Number | Uncertain | None", read)


def _read_number(stream: Stream, index: int) -> Number | Uncertain | None:
    if not starts_number(stream[index]):
        return None
    whole = _read_cardinal(stream, index)
    end = whole.end
    start = _after_comma(stream, end)
    if start is None or (start > end + 1 and isinstance(whole, Number) and whole.article):
        return whole
    decimals = read_decimals(stream, start)
    if isinstance(whole, Uncertain) or decimals is None or "," in whole.text or _goes_on(stream, decimals[1]):
        return Uncertain(_chain_end(stream, end))
    return Number(f"{whole.text},{decimals[0]}", decimals[1], None, spoken=True)


def _after_comma(stream: Stream, end: int) -> int | None:
    """Return where the decimals begin: behind « virgule », Whisper's « , virgule », or the comma of « deux,9 »."""
    if stream[end].text == "," and not stream[end].gap and stream[end + 1].kind is Kind.NUMBER:
        return None if stream[end + 1].gap else end + 1
    place = end + (stream[end].text == ",")
    return place + 1 if stream[place].key == "virgule" and starts_number(stream[place + 1]) else None


def _read_cardinal(stream: Stream, index: int) -> Number | Uncertain:
    token = stream[index]
    if token.kind is Kind.NUMBER:
        digits = token.text
        value = int(digits) if digits.isdigit() and len(digits) < 10 else None
        if is_number_word(stream[index + 1]) and not _is_article(stream[index + 1]):
            return Uncertain(run_end(stream, index + 1))
        return Number(digits, index + 1, value, spoken=False)
    end = run_end(stream, index)
    said = [spoken.key for spoken in stream.span(index, end)]
    if stream[end].kind is Kind.NUMBER and stream[end].gap:
        return Uncertain(end)
    if end - index > MAX_WORDS or (len(said) > 1 and said[0] == "zéro") or _may_be_two(stream, said, end):
        return Uncertain(end)
    value = cardinal(" ".join(said))
    if value is None:
        return Uncertain(end)
    return Number(str(value), end, value, spoken=True, article=said in (["un"], ["une"]))


def run_end(stream: Stream, index: int) -> int:
    """Return where the unbroken run of number words that starts at `index` ends."""
    lists = words()
    end = index + 1
    while True:
        token = stream[end]
        if is_number_word(token):
            end += 1
        elif token.key == "et" and stream[end - 1].key in lists["tens"] and stream[end + 1].key in lists["after_et"]:
            end += 2
        else:
            return end


def _may_be_two(stream: Stream, said: list[str], end: int) -> bool:
    """« vingt et un de trente » may be twenty, and one of thirty."""
    return said[-2:-1] == ["et"] and said[-1] in ("un", "une") and stream[end].key in words()["not_one"]


def cardinal(said: str) -> int | None:
    """Return the value of the words of exactly one cardinal, else None."""
    try:
        return int(text2num(said.replace("une", "un"), "fr"))
    except ValueError:
        return None


def read_decimals(stream: Stream, index: int) -> tuple[str, int] | None:
    """Return (digits, end) of what follows « virgule », or a unit: zeros, then one cardinal or digits one by one."""
    token = stream[index]
    if token.kind is Kind.NUMBER:
        if not token.text.isdigit() or is_number_word(stream[index + 1]):
            return None
        return token.text, index + 1
    end = run_end(stream, index)
    said = [spoken.key for spoken in stream.span(index, end)]
    zeros = next((place for place, word in enumerate(said) if word != "zéro"), len(said))
    rest = said[zeros:]
    if not rest:
        return "0" * zeros, end
    whole = cardinal(" ".join(rest))
    if whole is not None:
        return "0" * zeros + str(whole), end
    digits = [cardinal(word) for word in rest]
    if all(digit is not None and digit < 10 for digit in digits):
        return "0" * zeros + "".join(map(str, digits)), end
    return None


def _goes_on(stream: Stream, end: int) -> bool:
    return stream[end].key == "virgule" and starts_number(stream[end + 1])


def _chain_end(stream: Stream, end: int) -> int:
    """Return the end of « un virgule deux virgule trois … », of which nobody knows what it is."""
    while _goes_on(stream, end):
        end = run_end(stream, end + 1)
    return end


def _is_article(token: Token) -> bool:
    return token.key in ("un", "une")


def grouped(number: Number, thin: bool) -> str:
    """Return the digits, with thin spaces between thousands when we wrote a long number ourselves."""
    if not thin or not number.spoken or number.value is None or number.value < GROUPED_FROM:
        return number.text
    return f"{number.value:,}".replace(",", THIN_NBSP)
