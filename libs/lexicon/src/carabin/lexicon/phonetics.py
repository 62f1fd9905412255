"""How French spelling sounds: a key of one character a sound, from the table `data/graphemes.tsv`.

Spellings that French readers say alike have equal keys (« héparine », « éparine »). The key of a phrase is the keys of
its words one after another, so words that were split or glued have the same one (« l'héparine », « les parines »).
"""

import re
import unicodedata
from functools import cache, lru_cache
from importlib.resources import files
from typing import Final, NamedTuple

VOWELS: Final = frozenset("aàâäeéèêëiîïoôöuùûüyœæ")
_WORD: Final = re.compile(r"[^\W_]+")
_NO_VOWEL: Final = re.compile(r"[b-df-hj-np-tv-xz0-9]+", re.IGNORECASE)


class Grapheme(NamedTuple):
    """A line of the table."""

    letters: str
    before: str
    after: str
    sounds: str


@lru_cache(maxsize=65_536)
def phonetic_key(text: str) -> str:
    """Return the sounds of a word or phrase; abbreviations and digits are said letter by letter.

    Args:
        text: any text; signs count as word boundaries.

    Returns:
        One character a sound, doubled sounds once; empty for a text without letters.
    """
    keys = [_word_key(word) for word in _WORD.findall(unicodedata.normalize("NFC", text))]
    return _single("".join(keys))


def _word_key(word: str) -> str:
    if _is_spelled(word):
        return "".join(_word_sounds(_letters().get(char, "")) for char in word.casefold())
    return _word_sounds(word.casefold())


def _is_spelled(word: str) -> bool:
    """« IRM », « L4 », « TSH » are said letter by letter; « SIDA » is a word, « CO2 » holds a digit."""
    if any(char.isdigit() for char in word):
        return True
    return len(word) > 1 and ((word.isupper() and len(word) <= 4) or _NO_VOWEL.fullmatch(word) is not None)


@lru_cache(maxsize=65_536)
def _word_sounds(word: str) -> str:
    sounds: list[str] = []
    table, place, length = _graphemes(), 0, len(word)
    while place < length:
        for letters, before, after, said in table.get(word[place], ()):
            end = place + len(letters)
            if word.startswith(letters, place) and _precedes(before, word, place) and _follows(after, word, end):
                if said != "=":
                    sounds.append(said)
                place = end
                break
        else:
            char = word[place]
            plain = unicodedata.normalize("NFD", char)[0]
            sounds.append(plain if plain.isalpha() else "")
            place += 1
    return _single("".join(sounds))


def _precedes(rule: str, word: str, place: int) -> bool:
    if rule == "-":
        return True
    if rule == "#":
        return place == 0
    return place > 0 and (word[place - 1] in VOWELS) == (rule == "V")


def _follows(rule: str, word: str, end: int) -> bool:
    if rule == "-":
        return True
    if rule == "#":
        return word[end:] in ("", "s")
    if end >= len(word):
        return rule in "NP"
    char = word[end]
    if rule == "V":
        return char in VOWELS
    if rule == "C":
        return char not in VOWELS
    if rule == "N":
        return char not in VOWELS and char not in "nmh"
    if rule == "P":
        return char in "pb"
    if rule == "E":
        return char in "eéèêëiîïyœæ"
    return char == rule


def _single(sounds: str) -> str:
    """Return the sounds with doubled ones once: « grande adénopathie » has one d-sound less than letters."""
    return re.sub(r"(.)\1+", r"\1", sounds)


@cache
def _graphemes() -> dict[str, tuple[Grapheme, ...]]:
    """Return the lines of the table by their first letter, longest first."""
    found: dict[str, list[Grapheme]] = {}
    for columns in _rows("graphemes.tsv"):
        line = Grapheme(*columns[:4])
        found.setdefault(line.letters[0], []).append(line)
    return {first: tuple(sorted(lines, key=lambda line: -len(line.letters))) for first, lines in found.items()}


@cache
def _letters() -> dict[str, str]:
    return {columns[0]: columns[1] for columns in _rows("letters.tsv")}


def _rows(name: str) -> list[list[str]]:
    text = files(__package__).joinpath("data", name).read_text("utf-8")
    return [line.split("\t") for line in text.splitlines() if line and not line.startswith("#")]
