"""Finds what a program wrote into a text or around it, and nobody dictated: the form of a file, marks, blanks, times.

It looks at the lines as they were saved; what it finds refuses the text, because the words around it may be missing.
"""

import re
from typing import Final

_FORMS: Final = (
    (re.compile(r"\s*%PDF-"), "is a PDF: save it as text (UTF-8)"),
    (re.compile(r"\s*MSH\|"), "is an HL7 message: export the report's text alone"),
    (re.compile(r"\s*[\[{]\s*[\"{].*[\]}]\s*\Z", re.DOTALL), "is JSON: export the report's text alone"),
    (re.compile(r"\s*WEBVTT\b|(?s:.*)\d\d:\d\d[,.]\d{3}\s*-->"), "is a file of subtitles: export its text alone"),
    (re.compile(r"\s*<(?:\?xml|!DOCTYPE)\b", re.IGNORECASE), "is XML or HTML: export the report's text alone"),
)
"""What a whole text is, by its beginning -> why it is no report."""
_MARKUP: Final = re.compile(
    r"</?[A-Za-z][\w:-]*(?:\s+[\w:-]+\s*=[^<>]*)?\s*/?>"  # tags of HTML and XML, with attributes
    r"|^[ \t]{0,3}#{1,6}[ \t]|\*\*\w",  # headings and bold letters of Markdown
    re.MULTILINE,
)
_BLANK: Final = re.compile(
    r"[\[{<]\s*(?:nom|prénoms?|patiente?|date|lieu|ville|adresse|hôpital|établissement|médecin|docteur|téléphone|ipp"
    r"|name|first name|last name|location|address|person|phone)\b[^\])}>]*[\]}>]"
    r"|_{3,}|\bx{3,}\b",
    re.IGNORECASE,
)
"""What stands in a text in place of a name, and what a form leaves to be filled in."""
_TIME: Final = re.compile(r"\[\d{1,2}:\d{2}(?::\d{2})?(?:[.,]\d+)?\]")
_PAGE: Final = re.compile(r"^\W*page\s*\d+(?:\s*(?:/|sur|de|of)\s*\d+)?\W*$", re.IGNORECASE | re.MULTILINE)
_SPREADSHEET: Final = re.compile(
    r"\s*(#(?:NOM\?|NAME\?|VALEUR!|VALUE!|REF!|N/A|DIV/0!|NUL!|NULL!|NOMBRE!|NUM!)|#{3,}|=[A-Za-z.]+\(.*\))\s*",
    re.DOTALL,
)
_BROKEN_WORD: Final = re.compile(r"[^\W\d_]+-[ \t]*[\r\n]+[ \t]*[^\W\d_]+")


def find_markup(text: str) -> str | None:
    """Return why a text, its lines as they were saved, holds more or less than was said, as a verb phrase, or None."""
    for form, reason in _FORMS:
        if form.match(text):
            return reason
    if found := _SPREADSHEET.fullmatch(text):
        return f"is {found[1][:20]!r}, which a spreadsheet shows in place of a text: type ' before the text in its cell"
    if found := _BLANK.search(text):
        return f"says {found[0]!r} in place of what was dictated"
    if found := _MARKUP.search(text):
        return f"holds {found[0]!r}, a mark that a program reads and nobody dictated: export it as plain text"
    if found := _TIME.search(text):
        return f"holds the time {found[0]!r}, which nobody dictated: remove it"
    if found := _PAGE.search(text):
        return f"holds the line {found[0].strip()!r}, which a program printed: remove it"
    if found := _BROKEN_WORD.search(text):
        return f"breaks a word at the end of a line, {' '.join(found[0].split())!r}: join its halves"
    return None
