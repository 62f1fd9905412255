"""Standard output that loses no word, whatever the encoding of a terminal.

What is redirected into a file or a program is UTF-8. A terminal gets its own encoding: a character that it lacks is
written as others that read alike (`’` as `'`, `µg` as `microg`), else by its Unicode name, as `\\N{GREEK SMALL LETTER
BETA}`. Nothing is dropped, and nothing ends in a UnicodeEncodeError. PYTHONIOENCODING, where it is set, decides instead
of both.
"""

import codecs
import io
import os
import sys
import unicodedata
from types import MappingProxyType
from typing import Final, TextIO

HANDLER: Final = "carabin.spell_out"

ALIKE: Final = MappingProxyType(
    {
        "‘": "'", "’": "'", "‚": "'", "“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "‹": "'", "›": "'",
        "–": "-", "—": "-", "‑": "-", "−": "-", "…": "...", "•": "*", "·": "*",
        "œ": "oe", "Œ": "OE", "æ": "ae", "Æ": "AE", "ß": "ss", "€": "EUR", "№": "No",
        "µ": "micro", "μ": "micro", "°": " deg", "²": "^2", "³": "^3", "×": "x", "÷": "/", "±": "+/-",
        "≤": "<=", "≥": ">=", "≠": "!=", "≈": "~", "→": "->", "←": "<-", "½": "1/2", "¼": "1/4", "¾": "3/4",
        "\u00a0": " ", "\u202f": " ", "\u2009": " ", "\u00ad": "",
    }
)  # fmt: skip
"""What a reader takes for the same; doses and units stay what they are."""


def never_lose_output() -> None:
    """Give standard output and standard error of this process encodings and a handler under which nothing is lost."""
    codecs.register_error(HANDLER, spell_out)
    for stream in (sys.stdout, sys.stderr):
        if not isinstance(stream, io.TextIOWrapper):
            continue  # Closed, or replaced by something that takes any text.
        if stream.isatty() or os.environ.get("PYTHONIOENCODING"):
            stream.reconfigure(errors=HANDLER)
        else:
            stream.reconfigure(encoding="utf-8", errors=HANDLER)


def takes_all_characters(stream: TextIO) -> bool:
    """Say whether the stream's encoding has every character; JSON for another one is written in ASCII."""
    return (stream.encoding or "utf-8").lower().replace("_", "-").startswith("utf")


def spell_out(error: UnicodeError) -> tuple[str, int]:
    """Return what is written in place of characters that an encoding lacks, and where encoding goes on."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text = error.object[error.start : error.end]
    return "".join(_replacement(char, error.encoding) for char in text), error.end


def _replacement(char: str, encoding: str) -> str:
    for candidate in (ALIKE.get(char), unicodedata.normalize("NFD", char)[0]):
        if candidate is not None and candidate != char and _encodes(candidate, encoding):
            return candidate
    return char.encode("ascii", "namereplace").decode()


def _encodes(text: str, encoding: str) -> bool:
    try:
        text.encode(encoding)
    except UnicodeError:
        return False
    return True
