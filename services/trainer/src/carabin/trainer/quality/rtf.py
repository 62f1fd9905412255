"""Reads the text of an RTF file as a reader sees it: raised digits stay raised, text that is not shown refuses it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from striprtf.striprtf import destinations, rtf_to_text

_TOKEN: Final = re.compile(r"\\([a-z]+)(-?\d+)?[ ]?|\\'[0-9a-f]{2}|\\[^a-z]|[{}]|[^\\{}]+", re.IGNORECASE | re.DOTALL)
"""A control word (1) with its number (2), a character in hex, an escaped sign, a brace, or text."""
_STRUCK_OUT: Final = "holds text that tracked changes struck out: accept the changes and save it again"
_NOT_SHOWN: Final = {
    "deleted": _STRUCK_OUT,
    "mvf": _STRUCK_OUT,
    "v": "holds hidden text: remove it, or show it, and save it again",
}
"""Control words of RTF 1.9.1 for text that stays in the file and is not on the page; `\\v0` ends it."""
_RAISED: Final = str.maketrans(
    {sign: rf"{{\uc1\u{ord(raised)}?}}" for sign, raised in zip("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻", strict=True)}
)
_EXPONENT: Final = re.compile(r"-?\d+")


class NotShown(ValueError):
    """The file holds text that is not on its page; the text says which, as a verb phrase."""


@dataclass(frozen=True, slots=True)
class _Format:
    """How the characters of a group are shown."""

    is_text: bool = True
    raised: bool = False
    not_shown: str = ""
    """The control word that takes them off the page."""


def rtf_text(data: bytes) -> str:
    """Return the text of an RTF file.

    Raises:
        NotShown: it holds deleted or hidden text, which a reader of the page does not see.
        ValueError, OverflowError: it is damaged or cut off, or names characters that its code page lacks.
    """
    source = "".join(_with_raised_digits(data.decode("ascii")))
    text = str(rtf_to_text(source, errors="strict"))  # type: ignore[no-untyped-call]
    text = text.replace("|", " ")  # the end of a table's cell
    # Word writes what lies beyond U+FFFF, such as an emoji, as two surrogates.
    return text.encode("utf-16", "surrogatepass").decode("utf-16")


def _with_raised_digits(source: str) -> Iterator[str]:
    """Yield the RTF with raised digits as characters of their own: 10{\\super 9} is no 109.

    Raises:
        NotShown, ValueError: as `rtf_text`.
    """
    now, after_code_point = _Format(), False
    outer: list[_Format] = []
    for token in _TOKEN.finditer(source):
        written, word, number = token[0], token[1], token[2]
        if written == "{":
            outer.append(now)
        elif written == "}":
            now = outer.pop() if outer else now
        elif word or written == "\\*":
            now = _changed(now, word or "*", number)
        if now.is_text and now.not_shown and _is_character(written, word):
            raise NotShown(_NOT_SHOWN[now.not_shown])
        if now.is_text and now.raised and written[0] not in "\\{}":
            kept = 1 if after_code_point else 0  # what stands for the character in readers without Unicode
            written = written[:kept] + _EXPONENT.sub(lambda found: found[0].translate(_RAISED), written[kept:])
        after_code_point = word == "u"
        yield written
    if outer:
        raise ValueError("the file ends inside a group")


def _is_character(written: str, word: str | None) -> bool:
    """Return whether a token is a character that would be read as text."""
    if word:
        return word == "u"
    return bool(written.strip("{}\r\n \t")) and written not in ("\\*", "\\-", "\\~", "\\\n", "\\\r")


def _changed(now: _Format, word: str, number: str | None) -> _Format:
    """Return the format behind a control word; a number of 0 ends what the word begins."""
    if word == "*" or word in destinations:
        return replace(now, is_text=False)
    if word == "plain":
        return replace(now, raised=False, not_shown="")
    if word in ("super", "up"):
        return replace(now, raised=number != "0")
    if word in ("nosupersub", "sub", "dn"):
        return replace(now, raised=False)
    if word in _NOT_SHOWN:
        ended = "" if now.not_shown == word else now.not_shown
        return replace(now, not_shown=ended if number == "0" else word)
    return now
