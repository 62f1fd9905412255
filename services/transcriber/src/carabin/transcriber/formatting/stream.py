"""Tokens that remember how far a rule has looked, so that text written of stable words is never taken back."""

from collections.abc import Sequence
from typing import Any

from .tokens import Kind, Token

END = Token("", Kind.BREAK, "")
"""What stands after the last token."""


class Stream:
    """Random access to tokens; `reach` is the furthest index that was looked at.

    A rule that saw only tokens below some index decides the same whatever comes after that index.
    """

    def __init__(self, tokens: Sequence[Token]) -> None:
        self._tokens = tokens
        self._length = len(tokens)
        self.reach = -1
        self.numbers: dict[int, tuple[Any, int]] = {}
        """What was read as a number at an index, and how far that looked: several rules ask for the same one."""

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, index: int) -> Token:
        """Return the token, or END outside the text; looking back costs nothing."""
        if index < 0:
            return END
        if index > self.reach:
            self.reach = index
        return self._tokens[index] if index < self._length else END

    def span(self, start: int, end: int) -> Sequence[Token]:
        """Return tokens that were looked at already."""
        return self._tokens[start:end]

    def matches(self, index: int, keys: Sequence[str]) -> bool:
        """Return whether the tokens from `index` say `keys`, with no sign or break between them."""
        return all(self[index + step].key == key for step, key in enumerate(keys))
