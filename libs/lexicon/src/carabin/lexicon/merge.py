"""What the second decode may change of the first: lexicon words that sound like what they replace, and nothing else."""

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cache
from importlib.resources import files
from typing import Final

from rapidfuzz.distance import Levenshtein

from .common import is_common
from .entries import Entry, fold
from .phonetics import phonetic_key
from .words import TextWord, split_words

RARE_SIMILARITY: Final = 0.5
"""Of the phonetic keys, where the first decode wrote a word that French does not have: it is wrong anyway."""
DRUG_SIMILARITY: Final = 0.7
"""For a drug: « ses trossettes » of a recipe is 0.63 like the brand Cerazette."""
COMMON_SIMILARITY: Final = 0.75
"""Where it wrote common words only: they may be what was said."""
MAX_SPAN: Final = 5
"""Words of the first decode that one entry may stand for."""

_ARTICLES: Final = frozenset({"l'", "d'", "le", "la", "les", "de", "du", "des", "un", "une"})


@dataclass(frozen=True, slots=True)
class Replacement:
    """One place where the second decode was taken."""

    entry: Entry
    start: int
    """Where it stands in the merged text, in characters."""
    end: int
    replaced: str
    """What the first decode wrote there."""


@dataclass(frozen=True, slots=True)
class Merge:
    """The merged text, and which of its words came from the lexicon."""

    text: str
    replacements: tuple[Replacement, ...] = ()


@dataclass(frozen=True, slots=True)
class _Choice:
    """Words of the first transcript, from `start` to `end`, that become words of the second."""

    start: int
    end: int
    entry: Entry
    written: str


def merge(first: str, second: str, candidates: Iterable[Entry], known: Container[str] = ()) -> Merge:
    """Return the first transcript with those lexicon words of the second that sound like what they replace.

    Args:
        first: the transcript without the lexicon.
        second: the transcript of the same audio with the candidates as prompt.
        candidates: the entries of that prompt.
        known: folded texts of the whole lexicon: what the first transcript has of them is never replaced.
    """
    phrases = {_keys(entry.text): entry for entry in candidates}
    ours, theirs = split_words(first), split_words(second)
    matcher = SequenceMatcher(None, [word.key for word in ours], [word.key for word in theirs], autojunk=False)
    choices: list[_Choice] = []
    for tag, start, end, other_start, other_end in matcher.get_opcodes():
        if tag == "replace":
            choices += _choices(ours[start:end], theirs[other_start:other_end], phrases, known)
    return _written(first, choices)


def _choices(
    old: Sequence[TextWord], new: Sequence[TextWord], phrases: dict[tuple[str, ...], Entry], known: Container[str]
) -> list[_Choice]:
    """Return, for each entry in a region of the second transcript, the words of the first that it stands for."""
    found: list[_Choice] = []
    place = floor = 0
    while place < len(new):
        entry, length = _entry_at(new, place, phrases)
        if entry is None:
            place += 1
            continue
        article = new[place - 1].text if place and new[place - 1].key in _ARTICLES else ""
        best = _best_span(old, floor, entry, article, known)
        if best is not None:
            start, end, written = best
            found.append(_Choice(old[start].start, old[end - 1].end, entry, written))
            floor = end
        place += length
    return found


def _entry_at(new: Sequence[TextWord], place: int, phrases: dict[tuple[str, ...], Entry]) -> tuple[Entry | None, int]:
    """Return the longest entry that the words at `place` are, and its length in words."""
    for length in range(min(MAX_SPAN, len(new) - place), 0, -1):
        entry = phrases.get(tuple(word.key for word in new[place : place + length]))
        if entry is not None and not any(_is_protected(word) for word in new[place : place + length]):
            return entry, length
    return None, 1


def _best_span(
    old: Sequence[TextWord], floor: int, entry: Entry, article: str, known: Container[str]
) -> tuple[int, int, str] | None:
    """Return (start, end, text) of the words that sound most like the entry, its article with it where that fits."""
    forms = [entry.text]
    if article:
        forms.append(article + ("" if article.endswith("'") else " ") + entry.text)
    keys = [phonetic_key(form) for form in forms]
    best: tuple[float, int, int, str] | None = None
    for start in range(floor, len(old)):
        for end in range(start + 1, min(start + MAX_SPAN, len(old)) + 1):
            span = old[start:end]
            if any(_is_protected(word) or word.key in known for word in span) or _phrase(span) in known:
                continue
            if _is_inflected(_phrase(span), fold(entry.text)):
                continue
            needed = _needed(span, entry)
            sounds = phonetic_key(_phrase(span))
            for key, form in zip(keys, forms, strict=True):
                similarity = Levenshtein.normalized_similarity(sounds, key)
                if similarity >= needed and (best is None or similarity > best[0]):
                    best = similarity, start, end, form
    return None if best is None else best[1:]


def _is_inflected(written: str, entry: str) -> bool:
    """Say whether one is the other's plural; a mute « e » may be a misspelt drug (« bisoprolole »)."""
    return written.rstrip("sx") == entry.rstrip("sx")


def _needed(span: Sequence[TextWord], entry: Entry) -> float:
    """Return how much the keys must agree before the entry may stand for the words."""
    if all(is_common(word.text) for word in span):
        return COMMON_SIMILARITY
    return DRUG_SIMILARITY if entry.kind == "drug" else RARE_SIMILARITY


def _written(first: str, choices: Iterable[_Choice]) -> Merge:
    parts: list[str] = []
    replacements: list[Replacement] = []
    place = length = 0
    for choice in choices:
        kept, written = first[place : choice.start], choice.written
        if first[choice.start].isupper() and written[:1].islower():
            written = written[:1].upper() + written[1:]
        parts += [kept, written]
        length += len(kept)
        replaced = first[choice.start : choice.end]
        replacements.append(Replacement(choice.entry, length, length + len(written), replaced))
        length += len(written)
        place = choice.end
    return Merge("".join([*parts, first[place:]]), tuple(replacements))


@cache
def protected_words() -> frozenset[str]:
    """Return numbers, sides, negations and units, which are never replaced and never brought."""
    text = files(__package__).joinpath("data", "protected.tsv").read_text("utf-8")
    return frozenset(word for line in text.splitlines() if not line.startswith("#") for word in line.split())


def _is_protected(word: TextWord) -> bool:
    return word.key in protected_words() or any(char.isdigit() for char in word.text)


def _phrase(words: Sequence[TextWord]) -> str:
    return fold(" ".join(word.text for word in words))


def _keys(phrase: str) -> tuple[str, ...]:
    return tuple(word.key for word in split_words(phrase))
