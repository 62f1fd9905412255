"""French clinical dictation as it should be written, from what Whisper wrote."""

from .formatter import Formatter
from .join import join
from .options import Carry, FormatOptions, Formatted
from .output import CommandPiece

__all__ = ["Carry", "CommandPiece", "FormatOptions", "Formatted", "Formatter", "join"]
