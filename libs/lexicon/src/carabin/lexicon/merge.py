"""What the second decode may change of the first: lexicon words that sound like what they replace, and nothing else."""

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final

from .entries import Entry
from .likeness import Likeness, is_sure, likenesses
from .spans import MAX_SPAN, Span, best_span, is_protected, replaceable_spans
from .words import TextWord, split_words

_ELIDED: Final = ("", "l'", "d'")
"""Articles that the first decode may have written as a part of the word."""
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


class FirstText:
    """A transcript without the lexicon, and which entries may stand for which of its words: compared once.

    Args:
        text: the first transcript.
        candidates: entries that sound like it or like the beam's other hypotheses.
        known: folded texts of the whole lexicon: what the first transcript has of them is never replaced.
    """

    def __init__(self, text: str, candidates: Iterable[Entry], known: Container[str] = ()) -> None:
        self.text = text
        self.candidates = list(candidates)
        self._known = known
        self._words = split_words(text)
        found = likenesses(replaceable_spans(self._words, known), self.candidates, _ELIDED)
        self._sure = _apart(filter(is_sure, found))
        self._in_doubt = [one for one in found if not any(_overlap(one.span, sure.span) for sure in self._sure)]

    @property
    def needs_second_decode(self) -> bool:
        """Whether a candidate may stand for words that no other one is sure to stand for."""
        return bool(self._in_doubt)

    @property
    def likeliest(self) -> list[Entry]:
        """Return for all words in doubt what sounds most like them, no word in two of them."""
        return [one.entry for one in _apart(self._in_doubt)]

    def merged(self, second: str | None) -> Merge:
        """Return the first transcript with those entries of the second that sound like what they replace.

        Args:
            second: the transcript of the same audio with entries as prompt; None where there was no second decode.
        """
        theirs = split_words(second) if second is not None else []
        choices = _of_second(self._words, theirs, self.candidates, self._known) if theirs else []
        for sure in self._sure:
            start, end = self._words[sure.span.start].start, self._words[sure.span.end - 1].end
            choice = _Choice(start, end, sure.entry, sure.written)
            if not any(_overlap(choice, taken) for taken in choices):
                choices.append(choice)
        return _written(self.text, sorted(choices, key=lambda choice: choice.start))


def merge(first: str, second: str | None, candidates: Iterable[Entry], known: Container[str] = ()) -> Merge:
    """Return what `FirstText` makes of a first transcript and a second one, which is None where there was none."""
    return FirstText(first, candidates, known).merged(second)


def needs_second_decode(first: str, candidates: Iterable[Entry], known: Container[str] = ()) -> bool:
    """Say whether a second decode of a first transcript is of use."""
    return FirstText(first, candidates, known).needs_second_decode


def _apart(found: Iterable[Likeness]) -> list[Likeness]:
    """Return of those that overlap the first, so that each word of the transcript is in one of them at most."""
    taken: list[Likeness] = []
    for one in found:
        if not any(_overlap(one.span, other.span) for other in taken):
            taken.append(one)
    return taken


def _overlap(one: Span | _Choice, other: Span | _Choice) -> bool:
    return one.start < other.end and other.start < one.end


def _of_second(
    ours: Sequence[TextWord], theirs: Sequence[TextWord], entries: Iterable[Entry], known: Container[str]
) -> list[_Choice]:
    """Return what the second transcript has of the entries in place of words of the first."""
    phrases = {_keys(entry.text): entry for entry in entries}
    matcher = SequenceMatcher(None, [word.key for word in ours], [word.key for word in theirs], autojunk=False)
    choices: list[_Choice] = []
    for tag, start, end, other_start, other_end in matcher.get_opcodes():
        if tag == "replace":
            choices += _choices(ours[start:end], theirs[other_start:other_end], phrases, known)
    return choices


def _choices(
    old: Sequence[TextWord], new: Sequence[TextWord], phrases: dict[tuple[str, ...], Entry], known: Container[str]
) -> list[_Choice]:
    """Return, for each entry in a region of the second transcript, the words of the first that it stands for."""
    found: list[_Choice] = []
    spans = replaceable_spans(old, known)
    place = floor = 0
    while place < len(new):
        entry, length = _entry_at(new, place, phrases)
        if entry is None:
            place += 1
            continue
        article = new[place - 1].text if place and new[place - 1].key in _ARTICLES else ""
        best = best_span(spans, floor, entry, article)
        if best is not None:
            span, written = best
            found.append(_Choice(old[span.start].start, old[span.end - 1].end, entry, written))
            floor = span.end
        place += length
    return found


def _entry_at(new: Sequence[TextWord], place: int, phrases: dict[tuple[str, ...], Entry]) -> tuple[Entry | None, int]:
    """Return the longest entry that the words at `place` are, and its length in words."""
    for length in range(min(MAX_SPAN, len(new) - place), 0, -1):
        entry = phrases.get(tuple(word.key for word in new[place : place + length]))
        if entry is not None and not any(is_protected(word) for word in new[place : place + length]):
            return entry, length
    return None, 1


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


def _keys(phrase: str) -> tuple[str, ...]:
    return tuple(word.key for word in split_words(phrase))
