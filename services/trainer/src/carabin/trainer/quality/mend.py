"""Mends what copying and converting do to a report's characters, where that is exact; names what it cannot mend."""

import html
import re
import unicodedata
from collections.abc import Callable
from typing import Final

import ftfy
from ftfy.badness import is_bad
from ftfy.fixes import fix_character_width, fix_latin_ligatures

_INVISIBLE: Final = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")
"""Soft hyphens, zero-width characters and directions: nobody dictated them, and each costs Whisper tokens."""
_LIST_MARK: Final = re.compile(r"^[ \t]*[-–—•‣◦▪●·∙][ \t]+(?=[^\W\d_])", re.MULTILINE)
"""The mark of a list's item; before a number it may be a minus."""
_ENTITY: Final = re.compile(r"&(?:[A-Za-z][A-Za-z0-9]{1,30}|#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6});")
_NOT_UNDERSTOOD: Final = re.compile(
    r"[\[({<]\s*(?:inaudible|incompréhensible|indistinct|inintelligible|unintelligible|illisible|\?+|x{3,})[^\])}>]*[\])}>]",
    re.IGNORECASE,
)
"""What a typist writes who did not understand: the words are in the recording and not in the report."""
_CONTROL: Final = re.compile("[\x00-\x08\x0e-\x1f\x7f]")
_CONTROL_TOKEN: Final = re.compile(r"<\|[^|>]{0,40}\|>")
"""How Whisper's control tokens are written; nobody dictates one."""

_MENDS: Final[tuple[tuple[str, Callable[[str], str]], ...]] = (
    ("double encoding", ftfy.fix_encoding),
    ("HTML entities", lambda text: _ENTITY.sub(lambda found: html.unescape(found[0]), text)),
    ("ligatures", fix_latin_ligatures),
    ("full-width letters", fix_character_width),
    ("invisible characters", lambda text: _INVISIBLE.sub("", text)),
    ("list marks", lambda text: _LIST_MARK.sub("", text)),
    ("decomposed accents", lambda text: unicodedata.normalize("NFC", text)),
)


def mend(text: str) -> tuple[str, list[str]]:
    """Return `text` in NFC with each mend of `_MENDS` applied, and the names of those that changed it."""
    changes = []
    for name, change in _MENDS:
        mended = change(text)
        if mended != text:
            changes.append(name)
        text = mended
    return text, changes


def unmendable(text: str) -> str | None:
    """Return why a mended text is no transcript, as a verb phrase; None where nothing speaks against it."""
    if "\ufffd" in text:
        return "holds U+FFFD where letters were lost: export it again as UTF-8"
    if text.lstrip().startswith("{\\rtf"):
        return "is RTF: name it .rtf, or export it as text"
    if found := _CONTROL.search(text):
        return f"holds the control character U+{ord(found[0]):04X}: it is no text"
    if found := _NOT_UNDERSTOOD.search(text):
        return f"says {found[0]!r}: what was dictated there is not in the report"
    if found := _CONTROL_TOKEN.search(text):
        return f"holds {found[0]!r}, a control token of Whisper: nobody dictated it"
    if is_bad(text):
        return "holds letters of a wrong encoding (such as « Ã© » for « é »): export it again as UTF-8"
    return None
