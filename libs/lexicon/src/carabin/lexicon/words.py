"""A transcript as words, each with the place of its letters in the text."""

import re
from dataclasses import dataclass
from typing import Final

from .entries import fold

_WORD: Final = re.compile(r"\w+['’](?=\w)|\w+(?:[-.,/+]\w+)*")


@dataclass(frozen=True, slots=True)
class TextWord:
    """One word of a text; an elided article is a word of its own."""

    text: str
    start: int
    end: int

    @property
    def key(self) -> str:
        return fold(self.text)


def split_words(text: str) -> list[TextWord]:
    """Return the words of a text in order; punctuation and spaces stand between them."""
    return [TextWord(match.group(), match.start(), match.end()) for match in _WORD.finditer(text)]
