"""Text as tokens that remember the space before them; joined again they are the text, with spaces made regular."""

import re
import unicodedata
from enum import Enum, auto

THIN_NBSP = "\u202f"
NBSP = "\u00a0"
SIGNS = frozenset(",.;:?!…")
"""Punctuation that Whisper writes by itself, and that a spoken sign beside it replaces."""

_PATTERN = re.compile(
    rf"(?P<space>\s+)"
    rf"|(?P<number>[0-9]{{1,3}}(?:{THIN_NBSP}[0-9]{{3}})+(?![0-9])(?:,[0-9]+)?|[0-9]+(?:[.,][0-9]+)*)"
    rf"|(?P<word>\w+['’](?=\w)|[^\W0-9]\w*(?:-\w+)*)"
    rf"|(?P<other>.)",
    re.DOTALL,
)


_GLUED = re.compile(r"(g|kg)[0-9]+|m(?![23]$)[0-9]+|cm[14-9]|[hH][0-5][0-9]|(x[0-9]+)+")
_GLUED_LENGTH = re.compile(r"cm[14-9]")
"""« 3 cm5 »; « cm2 » and « cm3 » are units."""
_GLUED_STAGE = re.compile(r"(y?[pc])?T[0-4]N")
_DIGITS = re.compile(r"([0-9]+)")
_LEVEL_LETTERS = frozenset("CDTLS")


class Kind(Enum):
    """What a token is to the rules."""

    WORD = auto()
    NUMBER = auto()
    """ASCII digits, with a decimal comma or thin spaces between thousands."""
    SIGN = auto()
    BREAK = auto()
    """One or two new lines."""
    OTHER = auto()


class Token:
    """One word, number, sign or break, and the space that stood before it; never changed once made."""

    __slots__ = ("gap", "key", "kind", "text")

    def __init__(self, text: str, kind: Kind, gap: str) -> None:
        self.text = text
        self.kind = kind
        self.gap = gap
        """Nothing, one space, or one no-break space."""
        self.key = text.casefold().replace("’", "'")
        """The form in which the tables know it: lower case, with the typewriter's apostrophe."""

    @property
    def is_capital(self) -> bool:
        """Whether the text begins with a capital letter."""
        return self.kind is Kind.WORD and self.text[:1].isupper()


def tokenize(text: str) -> list[Token]:
    """Return the tokens of any text; control characters count as space, new lines as breaks."""
    return tokenize_within(text, len(text))[0]


def tokenize_within(text: str, limit: int) -> tuple[list[Token], int]:
    """Return the tokens of a text, and how many of them end at character `limit` or before."""
    tokens: list[Token] = []
    gap, within = "", 0
    for match in _PATTERN.finditer(_without_controls(text)):
        piece, group = match.group(), match.lastgroup
        if group == "space":
            lines = piece.count("\n")
            if lines:
                tokens.append(Token("\n\n" if lines > 1 else "\n", Kind.BREAK, ""))
            gap = "" if lines else piece if piece in (THIN_NBSP, NBSP) else " "
        else:
            number_before = bool(tokens) and tokens[-1].kind is Kind.NUMBER
            glued = number_before and (_GLUED_LENGTH if gap else _GLUED).fullmatch(piece) is not None
            for part in _parts(group, piece, glued):
                tokens.append(Token(part[1], _kind(*part), gap))
                gap = ""
        if match.end() <= limit:
            within = len(tokens)
    return tokens, within


def _parts(group: str | None, piece: str, glued: bool) -> list[tuple[str | None, str]]:
    """Take apart what Whisper glues: « quatre-L », « T2N un », and « m75 », « h30 », « x8 » behind a number."""
    if group != "word":
        return [(group, piece)]
    if glued:
        return [("number" if part.isdigit() else "word", part) for part in _DIGITS.split(piece) if part]
    if _GLUED_STAGE.fullmatch(piece):
        return [("word", piece[:-1]), ("word", piece[-1])]
    if "-" not in piece or not any(len(part) == 1 and part in _LEVEL_LETTERS for part in piece.split("-")):
        return [(group, piece)]
    parts = [("number" if part.isascii() and part.isdigit() else "word", part) for part in piece.split("-")]
    separated: list[tuple[str | None, str]] = [parts[0]]
    for part in parts[1:]:
        separated += [("other", "-"), part]
    return separated


def _kind(group: str | None, piece: str) -> Kind:
    if group == "number":
        return Kind.NUMBER
    if group == "word":
        return Kind.WORD
    return Kind.SIGN if piece in SIGNS else Kind.OTHER


def _without_controls(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(" " if unicodedata.category(char) == "Cc" and char not in "\n\t" else char for char in text)
