"""What rules hand to the renderer, and the events beside it."""

from dataclasses import dataclass

from .tokens import Token


@dataclass(frozen=True, slots=True)
class CommandPiece:
    """Something the speaker asks for instead of dictating it; the client decides what it does."""

    name: str
    """delete, delete_sentence, undo, redo, correct, insert, next_variable, previous_variable, accept_defaults, help"""
    argument: str = ""
    """For `insert`: the name of the auto-text."""
    said: str = ""
    """The words as Whisper wrote them: a client that does not know the command writes them back."""
    offset: int = 0
    """Where in the formatted text it was said, in characters."""


@dataclass(frozen=True, slots=True)
class OutputPiece:
    """A stretch of output and how it joins its neighbours."""

    text: str
    gap: str = " "
    """Written before it, unless the neighbour forbids."""
    sticky: bool = False
    """Nothing stands between it and the next piece."""
    breaks: bool = False
    """It is a new line: no spaces around it."""
    starts: bool = False
    """The next word opens a sentence."""
    word: bool = True
    """A word or number, not a sign: it ends the wait for a capital."""
    lower: bool = False
    """The next word had its capital from a full stop that is gone."""


@dataclass(frozen=True, slots=True)
class Match:
    """A rule's answer: tokens up to `end` become these pieces."""

    end: int
    pieces: tuple[OutputPiece, ...]
    command: CommandPiece | None = None
    absorb_before: str = ""
    """Whisper's own signs that go when they stand just before it."""
    absorb_after: str = ""
    opened: str = ""
    """The closing bracket that is now awaited."""
    closed: bool = False


def verbatim(token: Token) -> OutputPiece:
    """Return a token's output as it was said."""
    return OutputPiece(token.text, gap=token.gap)
