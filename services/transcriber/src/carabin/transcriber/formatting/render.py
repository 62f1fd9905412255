"""Joins pieces into text, from left to right: what is written of the first pieces never depends on later ones."""

from collections.abc import Iterable

from .output import OutputPiece
from .tables import words
from .tokens import SIGNS

MAX_LINES = 2
"""New lines in a row: a paragraph; more say nothing more."""


class Renderer:
    """Text that grows piece by piece."""

    def __init__(self, capital: bool) -> None:
        self._parts: list[str] = []
        self._capital = capital
        self._lower = False
        self._free = True
        self._sign = False
        self._lines = 0
        self.length = 0

    @property
    def capital(self) -> bool:
        """The next word opens a sentence that the speaker began."""
        return self._capital

    def add(self, pieces: Iterable[OutputPiece]) -> None:
        for piece in pieces:
            text = self._cased(piece)
            sign = text[:1] in SIGNS
            free = self._free or piece.breaks or (sign and self._sign)
            written = text if free else piece.gap + text
            if piece.breaks:
                written = written[: MAX_LINES - self._lines]
            self._lines = self._lines + len(written) if piece.breaks else 0
            self._parts.append(written)
            self.length += len(written)
            self._free = piece.sticky or piece.breaks
            self._sign = sign and not piece.breaks

    def _cased(self, piece: OutputPiece) -> str:
        text = piece.text
        if piece.word:
            if self._capital:
                text = _raised(text)
            elif self._lower and text.casefold().replace("’", "'") in words()["lower_after"]:
                text = text[:1].lower() + text[1:]
            self._capital = self._lower = False
        else:
            self._capital = piece.starts or (self._capital and piece.sticky)
            self._lower = piece.lower
        return text

    def text(self) -> str:
        return "".join(self._parts)


def _raised(text: str) -> str:
    """Return the word with a capital; « pH » and « mmHg » are left alone."""
    first = text[:1].upper()
    return first + text[1:] if len(first) == 1 and text.islower() else text
