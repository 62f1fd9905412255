"""How French spelling sounds: a key of one character a sound, from the table `data/graphemes.tsv`.

Spellings that French readers say alike have equal keys (« héparine », « éparine »). The key of a phrase is the keys of
its words one after another, so words that were split or glued have the same one (« l'héparine », « les parines »).
"""

import re
import unicodedata
from functools import cache, lru_cache
from importlib.resources import files
from typing import Final

MIN_SOUNDS: Final = 4
"""Keys of three sounds and fewer resemble too much: such an entry is found by an exact key only, and asks for a second
decode even then."""
VOWELS: Final = "aàâäeéèêëiîïoôöuùûüyœæ"
_BEFORE: Final = {"-": "", "#": r"(?<!.)", "V": f"(?<=[{VOWELS}])", "C": f"(?<=[^{VOWELS}])"}
_AFTER: Final = {
    "-": "",
    "#": r"(?=s?\Z)",
    "V": f"(?=[{VOWELS}])",
    "C": f"(?=[^{VOWELS}])",
    "N": rf"(?=[^{VOWELS}nmh]|\Z)",
    "P": r"(?=[pb]|\Z)",
    "E": "(?=[eéèêëiîïyœæ])",
}
"""What the columns `before` and `after` of the table mean."""
_NO_LINE: Final[tuple[re.Pattern[str], list[str]]] = (re.compile(r"(?!)"), [])
_WORD: Final = re.compile(r"[^\W_]+")
_DOUBLED: Final = re.compile(r"(.)\1+")
_DIGIT: Final = re.compile(r"\d")
_NO_VOWEL: Final = re.compile(r"[b-df-hj-np-tv-xz0-9]+", re.IGNORECASE)


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
    if _DIGIT.search(word):
        return True
    return len(word) > 1 and ((word.isupper() and len(word) <= 4) or _NO_VOWEL.fullmatch(word) is not None)


def _word_sounds(word: str) -> str:
    table, said, place, end = _graphemes(), [], 0, len(word)
    while place < end:
        pattern, sounds = table.get(word[place], _NO_LINE)
        match = pattern.match(word, place)
        if match is None or match.lastindex is None:
            said.append(_plain_letter(word[place]))
            place += 1
        else:
            said.append(sounds[match.lastindex])
            place = match.end()
    return "".join(said)


def _plain_letter(char: str) -> str:
    """Return a letter that the table does not know without its accent; anything else is silent."""
    plain = unicodedata.normalize("NFD", char)[0]
    return plain if plain.isalpha() else ""


def _single(sounds: str) -> str:
    """Return the sounds with doubled ones once: « grande adénopathie » has one d-sound less than letters."""
    return _DOUBLED.sub(r"\1", sounds)


@cache
def _graphemes() -> dict[str, tuple[re.Pattern[str], list[str]]]:
    """Return by first letter: a pattern with a group for each line of the table, longest first, and their sounds."""
    lines: dict[str, list[list[str]]] = {}
    for columns in sorted(_rows("graphemes.tsv"), key=lambda columns: -len(columns[0])):
        lines.setdefault(columns[0][0], []).append(columns)
    return {
        first: (_pattern(found), ["", *(line[3].replace("=", "") for line in found)]) for first, found in lines.items()
    }


def _pattern(lines: list[list[str]]) -> re.Pattern[str]:
    groups = (f"({_BEFORE[before]}{re.escape(letters)}{_after(after)})" for letters, before, after, *_ in lines)
    return re.compile("|".join(groups))


def _after(rule: str) -> str:
    return _AFTER.get(rule, f"(?={re.escape(rule)})")


@cache
def _letters() -> dict[str, str]:
    return {columns[0]: columns[1] for columns in _rows("letters.tsv")}


def _rows(name: str) -> list[list[str]]:
    text = files(__package__).joinpath("data", name).read_text("utf-8")
    return [line.split("\t") for line in text.splitlines() if line and not line.startswith("#")]
