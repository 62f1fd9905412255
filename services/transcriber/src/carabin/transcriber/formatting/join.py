"""Joins the texts of utterances into the document; the web page does the same in `document/join.js`."""

from .tokens import NBSP, SIGNS, THIN_NBSP

_ATTACHED = frozenset(",.…)/\n")
_SPACES = " " + NBSP + THIN_NBSP
_SPACED = {":": NBSP, ";": THIN_NBSP, "?": THIN_NBSP, "!": THIN_NBSP, "»": THIN_NBSP}


def join(document: str, text: str, french: bool = True) -> str:
    """Return `document` with one more utterance after it.

    An utterance that begins with a sign was begun with a spoken one: it replaces the sign that Whisper put at the end
    of the utterance before. A new line replaces a comma alone, as it does within an utterance.
    """
    if not document or not text:
        return document + text
    if text[0] in SIGNS or text[0] == "\n":
        kept = document.rstrip("," if text[0] == "\n" else "".join(SIGNS) + _SPACES)
        document = kept or document
    if text[0] in _ATTACHED or document[-1] in "(\n":
        return document + text
    if text[0] in _SPACED:
        return document + (_SPACED[text[0]] if french else " ") + text
    return document + " " + text
