"""Whether Whisper recognised the values that were dictated: a stated rule, independent of the formatter's; pure.

A transcript is misheard, and no formatting can mend it, when one of these is missing in it:

- the digits of the report, in their order and no others, its number words read in every way that they can be;
  « un » and « une » may be the number or the article;
- a unit, by its symbol or by a name that has 80 % of the unit's letters in their order;
- the letters beside the digits of a stage, a level or a formula (« T2N1 », « L4-L5 », « 3B »);
- all of the words that say what a bare number is (« tension », « ASA »): one of them must have 75 % of its letters.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise, product
from typing import Final

from carabin.transcriber.formatting.numbers import cardinal
from carabin.transcriber.formatting.tables import unit_names, words
from rapidfuzz import fuzz

UNIT_LETTERS: Final = 80
CUE_LETTERS: Final = 75
"""Percent."""
_LONG_NAME: Final = 4
"""Letters from which on a unit's name may be spelled otherwise: « miligrame »."""

CUES: Final = ("pressure", "temperature", "score", "signed")
"""Lists of words.tsv: what a number without a unit is the value of."""

_VALUE: Final = re.compile(r"[^\s,;:()«»\"]*[0-9](?:[^\s;:()«»\"]*[^\s,.;:()«»\"?!])?")
_THOUSANDS: Final = re.compile(
    r"(?<=\b[0-9]{1}) (?=[0-9]{3}\b)|(?<=\b[0-9]{2}) (?=[0-9]{3}\b)|(?<=\b[0-9]{3}) (?=[0-9]{3}\b)"
)
_UNIT: Final = re.compile(r"[^\s,;()]+")
_NUMBER_WORDS: Final = re.compile(r"[^\W\d_]+|[0-9]+|[^\w\s]")
_POWER_OF_UNIT: Final = re.compile(r"(?<=m)[23]\b")
"""« mm3 » is a unit, and « 4 cm2 » may be 4,2 cm."""
_MAX_READINGS: Final = 4096


@dataclass(frozen=True, slots=True)
class Value:
    """A value of a report: the characters with digits, and the unit behind them."""

    text: str
    unit: str = ""


def values(text: str) -> list[Value]:
    """Return the values of a formatted text, in order, with spaces made regular."""
    found = []
    plain = _THOUSANDS.sub("", re.sub(r"[\u202f\u00a0]", " ", text))
    for match in _VALUE.finditer(plain):
        if not any(char.isdigit() for char in match.group()):
            continue
        after = _UNIT.match(plain, match.end() + 1) if plain[match.end() : match.end() + 1] == " " else None
        unit = after.group().rstrip(".") if after is not None else ""
        found.append(Value(match.group(), unit if _is_unit(unit) else ""))
    return found


def is_recognised(wanted: str, transcript: str) -> bool:
    """Return whether the transcript holds every digit, unit, letter and cue of what was dictated."""
    expected = values(wanted)
    return (
        _has_digits(wanted, transcript)
        and all(_has_unit(unit, transcript) for value in expected for unit in _units_of(value))
        and all(_has_letters(value.text, transcript) for value in expected)
        and _has_cue(wanted, transcript)
    )


def _is_unit(text: str) -> bool:
    return bool(text) and all(part in unit_names() or part in ("j", "h", "min", "s", "24") for part in text.split("/"))


def _units_of(value: Value) -> list[str]:
    glued = re.search(r"(°C?|%|/(?:mm³|µL|mL|min))$", value.text)
    return [*filter(None, value.unit.split("/")), *([glued.group().strip("/")] if glued else [])]


def _has_digits(wanted: str, transcript: str) -> bool:
    """Return whether some reading of the transcript has the digits of some reading of what is wanted."""
    read = {*_readings(transcript), *_readings(_POWER_OF_UNIT.sub("", transcript))}
    return any(re.fullmatch(_pattern(digits), each) for digits in _readings(wanted) for each in read)


def _pattern(digits: str) -> str:
    """Return a pattern of digits among which « un » (`u`) may be 1, or an article that comes and goes."""
    return "u*" + "".join(("[1u]" if char == "1" else "[1u]?" if char == "u" else char) + "u*" for char in digits)


def _readings(text: str) -> Iterator[str]:
    """Yield the digits of a text for every way to read its runs of number words as numbers."""
    parts: list[list[str]] = []
    run: list[str] = []
    for token in [*_NUMBER_WORDS.findall(unicodedata.normalize("NFC", text).casefold()), "."]:
        if token in words()["number"] or (token == "et" and run):
            run.append(token)
        elif token != "-" or not run:
            parts += [_cuts(run), [token if token.isascii() and token.isdigit() else ""]]
            run = []
    for count, reading in enumerate(product(*parts)):
        if count >= _MAX_READINGS:
            return
        yield "".join(reading)


def _cuts(run: Sequence[str]) -> list[str]:
    """Return the digits of every way to cut number words into cardinals; alone, « un » is `u`."""
    if not run:
        return [""]
    found = []
    for cut in range(1, len(run) + 1):
        head = run[:cut]
        digits = "" if head == ["et"] else "u" if head in (["un"], ["une"]) else _cardinal(tuple(head))
        if digits is not None:
            found += [digits + rest for rest in _cuts(run[cut:])]
    return found[:64]


@cache
def _cardinal(said: tuple[str, ...]) -> str | None:
    value = cardinal(" ".join(said)) if said[0] != "et" and said[-1] != "et" else None
    return None if value is None else str(value)


def _has_unit(unit: str, transcript: str) -> bool:
    if unit == "°" and "°" in transcript:
        return True
    names = unit_names().get(unit, ())
    if any(_stands_alone(name, transcript) for name in (unit, *names)):
        return True
    joined = _letters(transcript)
    long_names = (letters for letters in map(_letters, names) if len(letters) >= _LONG_NAME)
    return any(fuzz.partial_ratio(letters, joined) >= UNIT_LETTERS for letters in long_names)


def _stands_alone(name: str, transcript: str) -> bool:
    return re.search(rf"(?<![^\W\d]){re.escape(name)}(?![^\W\d])", transcript, re.IGNORECASE) is not None


def _has_letters(value: str, transcript: str) -> bool:
    body = re.sub(r"(°C?|%|/(?:mm³|µL|mL|min))$", "", value)
    if not any(char.isalpha() and char.isascii() for char in body):
        return True
    wanted = re.sub(r"[^a-z0-9]", "", body.casefold())
    level = re.fullmatch(r"([cdtls])([0-9]+)\1([0-9]+)", wanted)
    forms = {wanted} | ({"".join(level.groups())} if level else set())
    plain = re.sub(r"\bplus\b", "", transcript.casefold())
    return any(form in re.sub(r"[^a-z0-9]", "", _digits_for_words(plain)) for form in forms)


def _digits_for_words(text: str) -> str:
    return re.sub(r"[^\W\d_]+", lambda word: _cardinal((word.group(),)) or word.group(), text)


def _has_cue(wanted: str, transcript: str) -> bool:
    lists = [words()[name] for name in CUES]
    spoken = [word for word in re.findall(r"[\w-]+", wanted.casefold()) if any(word in cues for cues in lists)]
    if not spoken:
        return True
    written = re.findall(r"[^\W\d_]+", transcript.casefold())
    candidates = [*written, *(a + b for a, b in pairwise(written))]
    return any(fuzz.ratio(_letters(cue), _letters(word)) >= CUE_LETTERS for cue in spoken for word in candidates)


def _letters(text: str) -> str:
    """Return letters and digits alone, without case or accents."""
    plain = unicodedata.normalize("NFD", text.casefold())
    return "".join(char for char in plain if char.isalnum())
