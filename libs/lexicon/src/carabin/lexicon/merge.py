"""What the second decode may change of the first: lexicon words that sound like what they replace, and nothing else."""

from collections.abc import Collection, Iterable
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
"""Of the phonetic keys, where the first decode wrote a word that French does not have: it is misheard anyway."""
COMMON_SIMILARITY: Final = 0.75
"""Where it wrote common words only: they may be what was said."""


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


def merge(first: str, second: str, candidates: Iterable[Entry], known: Collection[str] = ()) -> Merge:
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
    parts: list[str] = []
    replacements: list[Replacement] = []
    place = length = 0
    for tag, start, end, other_start, other_end in matcher.get_opcodes():
        if tag != "replace":
            continue
        old, new = ours[start:end], theirs[other_start:other_end]
        entry = _accepted(old, new, phrases, known)
        if entry is None:
            continue
        kept = first[place : old[0].start]
        written = _cased(second[new[0].start : new[-1].end], new, entry, first[old[0].start])
        parts += [kept, written]
        length += len(kept)
        replacements.append(Replacement(entry, length, length + len(written), first[old[0].start : old[-1].end]))
        length += len(written)
        place = old[-1].end
    return Merge("".join([*parts, first[place:]]), tuple(replacements))


@cache
def protected_words() -> frozenset[str]:
    """Return numbers, sides, negations and units: a region that holds one on either side is never changed."""
    text = files(__package__).joinpath("data", "protected.tsv").read_text("utf-8")
    return frozenset(word for line in text.splitlines() if not line.startswith("#") for word in line.split())


def _accepted(
    old: list[TextWord], new: list[TextWord], phrases: dict[tuple[str, ...], Entry], known: Collection[str]
) -> Entry | None:
    """Return the entry for which the region may be taken from the second transcript."""
    if any(_is_protected(word) for word in (*old, *new)):
        return None
    entry = _entry_in(new, phrases)
    if entry is None or any(word.key in known for word in old) or fold(" ".join(word.text for word in old)) in known:
        return None
    rare = any(not is_common(word.text) for word in old)
    similarity = Levenshtein.normalized_similarity(_sounds(old), _sounds(new))
    return entry if similarity >= (RARE_SIMILARITY if rare else COMMON_SIMILARITY) else None


def _entry_in(new: list[TextWord], phrases: dict[tuple[str, ...], Entry]) -> Entry | None:
    """Return the entry that the words are, articles before it set aside."""
    start = 0
    while start < len(new):
        found = phrases.get(tuple(word.key for word in new[start:]))
        if found is not None:
            return found
        if new[start].key not in _ARTICLES:
            return None
        start += 1
    return None


def _is_protected(word: TextWord) -> bool:
    return word.key in protected_words() or any(char.isdigit() for char in word.text)


def _sounds(words: list[TextWord]) -> str:
    return phonetic_key(" ".join(word.text for word in words))


def _cased(written: str, new: list[TextWord], entry: Entry, first_char: str) -> str:
    """Return the region with the entry as the hospital writes it, and a capital where the old words had one."""
    size = len(_keys(entry.text))
    text = written[: new[-size].start - new[0].start] + entry.text
    return text[:1].upper() + text[1:] if first_char.isupper() and text[:1].islower() else text


def _keys(phrase: str) -> tuple[str, ...]:
    return tuple(word.key for word in split_words(phrase))
