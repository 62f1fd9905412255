"""French clinical dictation as it should be written, from what Whisper heard."""

from .formatter import Carry, FormatOptions, Formatted, Formatter
from .join import join
from .output import Command

__all__ = ["Carry", "Command", "FormatOptions", "Formatted", "Formatter", "join"]
