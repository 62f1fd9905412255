"""The word tables, read once from `data/*.tsv`: clinicians extend those files, not the rules."""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final, Generic, TypeVar

from .stream import Stream
from .tokens import tokenize

Entry = TypeVar("Entry")

RESPELLED_FROM: Final = 7
"""Letters: « mettre » must not become « mètre »."""


@dataclass(frozen=True, slots=True)
class Sign:
    """A line of signs.tsv."""

    say: tuple[str, ...]
    write: str
    kind: str
    context: str
    not_after: frozenset[str]
    not_before: frozenset[str]


@dataclass(frozen=True, slots=True)
class SpokenCommand:
    """A line of commands.tsv."""

    say: tuple[str, ...]
    event: str
    where: str


@dataclass(frozen=True, slots=True)
class Unit:
    """A line of units.tsv."""

    say: tuple[str, ...]
    write: str
    article: bool
    place: str


class Phrases(Generic[Entry]):
    """Finds the longest phrase of a table at a place of the text."""

    def __init__(self, entries: Sequence[tuple[tuple[str, ...], Entry]]) -> None:
        self._by_first: dict[str, list[tuple[tuple[str, ...], Entry]]] = {}
        for say, entry in sorted(entries, key=lambda item: -len(item[0])):
            self._by_first.setdefault(say[0], []).append((say, entry))

    def find(self, stream: Stream, index: int) -> Iterator[tuple[int, Entry]]:
        """Yield (end, entry) for every phrase that starts at `index`, longest first."""
        for say, entry in self._by_first.get(stream[index].key, ()):
            if stream.matches(index, say):
                yield index + len(say), entry

    def first(self, stream: Stream, index: int) -> tuple[int, Entry] | None:
        """Return what `find` yields first for the phrases that begin at `index`, or None."""
        return next(self.find(stream, index), None)


def keys(phrase: str) -> tuple[str, ...]:
    """Return a phrase as the keys of its tokens."""
    return tuple(token.key for token in tokenize(phrase))


@cache
def words() -> Mapping[str, frozenset[str]]:
    """Return the lists of words.tsv by name."""
    lists: dict[str, set[str]] = {}
    for name, line in _rows("words.tsv"):
        lists.setdefault(name, set()).update(line.split())
    return {name: frozenset(found) for name, found in lists.items()}


@cache
def signs() -> Phrases[Sign]:
    """Return the spoken signs and what each is written as."""
    entries = []
    for say, write, kind, context, not_after, not_before in _rows("signs.tsv"):
        phrase = keys(say)
        sign = Sign(phrase, write.replace("\\n", "\n"), kind, context, _union(not_after), _union(not_before))
        entries.append((phrase, sign))
    return Phrases(entries)


@cache
def commands() -> Phrases[SpokenCommand]:
    """Return the spoken commands and their names."""
    rows = [SpokenCommand(keys(say), event, where) for say, event, where in _rows("commands.tsv")]
    return Phrases([(row.say, row) for row in rows])


def spoken_signs() -> list[tuple[str, str]]:
    """Return what is said for each sign and what is written for it, as signs.tsv lists them."""
    return [(say, write.replace("\\n", "\n")) for say, write, *_ in _rows("signs.tsv")]


def spoken_commands() -> list[tuple[str, str]]:
    """Return what is said for each command and the name of its event, as commands.tsv lists them."""
    return [(say, event) for say, event, _ in _rows("commands.tsv")]


@cache
def units() -> Phrases[Unit]:
    """Return the spoken units and their symbols."""
    entries: dict[tuple[str, ...], Unit] = {}
    for say, write, article, place in _rows("units.tsv"):
        phrase = keys(say)
        unit = Unit(phrase, write, article == "yes", place)
        entries[phrase] = unit
        if not phrase[0].endswith(("s", "z")):
            entries[(phrase[0] + "s", *phrase[1:])] = unit
    return Phrases(list(entries.items()))


@cache
def unit_symbols() -> Mapping[str, Unit]:
    """Return the units by their symbol, for Whisper's own « 5mg », « 15 mg par kg » and « 50 mL par h »."""
    found: dict[str, Unit] = {}
    for say, write, article, place in _rows("units.tsv"):
        found.setdefault(write, Unit(keys(say), write, article == "yes", place))
    return found


@cache
def respelled_units() -> Mapping[str, Unit]:
    """Return the long units of one word by `respelled`: « miligrames », « milli-grammes » and « centimetre »."""
    found = {}
    for say, write, article, place in _rows("units.tsv"):
        key = respelled(say)
        if " " not in say and len(key) >= RESPELLED_FROM:
            found[key] = Unit(keys(say), write, article == "yes", place)
    return found


def respelled(word: str) -> str:
    """Return a word without what Whisper spells in several ways: accents, hyphens, doubled letters, the plural.

    No two units become one by it, and nothing is guessed: « miligramme » has no other reading.
    """
    letters = unicodedata.normalize("NFD", word.casefold())
    plain = "".join(char for char in letters if char.isalpha())
    return re.sub(r"(.)\1", r"\1", plain.removesuffix("s"))


@cache
def unit_names() -> Mapping[str, Sequence[str]]:
    """Return what is said for each symbol of a unit, in the singular."""
    found: dict[str, list[str]] = {}
    for say, write, *_ in _rows("units.tsv"):
        found.setdefault(write, []).append(say)
    return found


def _rows(name: str) -> Iterator[list[str]]:
    text = files(__package__).joinpath("data", name).read_text("utf-8")
    for line in text.splitlines():
        if line and not line.startswith("#"):
            yield line.split("\t")


def _union(names: str) -> frozenset[str]:
    if names == "-":
        return frozenset()
    return frozenset[str]().union(*(words()[name] for name in names.split()))
