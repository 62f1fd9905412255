"""Medical terms found in a text as whole words, the longest first: « fibrillation atriale » is one term, not two."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from ..errors import DatasetInvalid
from .corpus import read_lines, term_lines
from .normalize import words


def load_terms(file: Path | None = None) -> list[str]:
    """Return the terms of `file`, one a line, `#` for remarks; those of the corpus without one.

    Raises:
        DatasetInvalid: the file cannot be read, or is not UTF-8.
    """
    if file is None:
        return term_lines()
    try:
        return read_lines(file)
    except OSError as error:
        raise DatasetInvalid(f"{file}: it cannot be read: {error.strerror}") from error


class TermIndex:
    """Finds terms in normalised words."""

    def __init__(self, terms: Iterable[str]) -> None:
        self._terms = {tuple(words(term)): term for term in terms}
        self._lengths = sorted({len(key) for key in self._terms if key}, reverse=True)

    def find(self, tokens: Sequence[str]) -> list[tuple[str, int, int]]:
        """Return (term, first word, end word) from left to right, never overlapping."""
        found, place = [], 0
        while place < len(tokens):
            length = next((n for n in self._lengths if tuple(tokens[place : place + n]) in self._terms), 0)
            if length:
                found.append((self._terms[tuple(tokens[place : place + length])], place, place + length))
            place += length or 1
        return found
