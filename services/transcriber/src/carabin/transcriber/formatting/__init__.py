"""French clinical dictation as it should be written, from what Whisper heard."""

from .formatter import Carry, FormatOptions, Formatted, Formatter
from .join import join
from .output import CommandPiece

__all__ = ["Carry", "CommandPiece", "FormatOptions", "Formatted", "Formatter", "join"]
