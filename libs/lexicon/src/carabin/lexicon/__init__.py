"""A hospital's own words: their file, how they sound in French, and which of them a transcript means."""

from .entries import Entry, Lexicon, format_lexicon, parse_lexicon
from .errors import LexiconInvalid
from .index import Candidate, LexiconIndex
from .merge import FirstText, Merge, merge, needs_second_decode
from .phonetics import phonetic_key

__all__ = [
    "Candidate",
    "Entry",
    "FirstText",
    "Lexicon",
    "LexiconIndex",
    "LexiconInvalid",
    "Merge",
    "format_lexicon",
    "merge",
    "needs_second_decode",
    "parse_lexicon",
    "phonetic_key",
]
