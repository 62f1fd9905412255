"""What one dictation wants of its text, what one utterance leaves to the next, and what formatting returns."""

from dataclasses import dataclass, field
from typing import Literal

from .output import CommandPiece


@dataclass(frozen=True, slots=True)
class FormatOptions:
    """What one dictation wants of its text."""

    typography: Literal["french", "plain"] = "french"
    """Thin no-break spaces and « », or plain spaces and straight quotes for record systems."""
    punctuation: Literal["both", "spoken", "automatic"] = "both"
    """Whose signs count: the speaker's beside Whisper's, the speaker's alone, or Whisper's alone."""
    numbers: bool = True
    """Write numbers, doses, dates and levels in digits."""
    commands: bool = True
    """Turn « efface ça » into an event instead of text."""
    autotexts: tuple[str, ...] = ()
    """The names that « insérer … » knows."""


@dataclass(frozen=True, slots=True)
class Carry:
    """What one utterance leaves to the next."""

    open_brackets: tuple[str, ...] = ()
    """The closing brackets still awaited, outermost first; those that Whisper wrote end in `OPENED_BY_MODEL`."""
    capital: bool = False
    """The speaker ended a sentence or a line last."""


@dataclass(frozen=True, slots=True)
class Formatted:
    """Formatted text and what was asked for beside it."""

    text: str
    events: tuple[CommandPiece, ...] = ()
    settled: int = 0
    """Of a partial: so many characters stand as they are in every later partial and in the final of the same words."""
    carry: Carry = field(default_factory=Carry)
