"""A lexicon from a hospital's own reports: words that everyday French does not have, counted, spelled as written."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from .common import is_common
from .entries import MAX_TEXT, Entry, Lexicon, fold
from .errors import LexiconInvalid

MIN_COUNT: Final = 3
"""A word that stands in fewer reports is more often a slip or a name than a term."""
MISSPELLING_RATIO: Final = 20
"""So many times more frequent is the right spelling of a word that differs from it in one letter."""
MAX_ABBREVIATION: Final = 8
"""Letters of the longest abbreviation (« NT-proBNP » is mixed); a longer word in capitals is a headline's or a name."""

_TITLE: Final = (
    r"(?:messieurs|monsieur|mesdames|madame|mademoiselle|mmes?|mlles?|mr|mm?|drs?|docteurs?|prs?|professeurs?|ma[iî]tre"
    r"|née?|enfant|patiente?)"
)
_LABEL: Final = (
    r"(?:(?:pré)?noms?(?:\s+(?:de\s+naissance|de\s+famille|d['’]usage|marital|du\s+patient))?|patiente?|destinataire"
    r"|(?:médecin|correspondant|opérateur|opératrice|anesthésiste|chirurgien)(?:\s+[a-zà-ÿ]+)?|signé"
    r"|(?:signé|dicté|rédigé|relu|saisi|validé|adressée?)\s+par)"
)
_GAP: Final = r"[^\S\n]"
"""White space within a line: the next line begins another sentence."""
_INITIALS: Final = rf"(?:[A-ZÀ-Ý]\.(?:-?[A-ZÀ-Ý]\.)*{_GAP}*)"
_PART: Final = rf"(?:{_INITIALS}?(?:d['’])?[A-ZÀ-Ý][\w'’-]+{_GAP}*)"
"""In either case: a word in small letters, « veuve », may stand before the name."""
_PARTICLES: Final = rf"(?:(?:de|du|des|da|do|dos|di|del|della|la|van|von|der|den|ten){_GAP}+)*"
_CAPITAL: Final = rf"(?:{_INITIALS}?{_PARTICLES}(?:d['’])?(?-i:[A-ZÀ-Ý])[\w'’-]+{_GAP}*)"
_SECOND_TITLE: Final = rf"(?:(?:l[ea]{_GAP}+)?{_TITLE}(?:\.{_GAP}*|{_GAP}+))?"
"""« Monsieur le Docteur »."""
_NAME: Final = re.compile(
    rf"\b(?:{_TITLE}(?:\.{_GAP}*|{_GAP}+)|{_LABEL}{_GAP}*:{_GAP}*){_SECOND_TITLE}"
    rf"(?=(?P<capitals>{_CAPITAL}{{1,5}})?)(?P<parts>{_PART}{{1,3}})",
    re.IGNORECASE,
)
"""A name is up to five parts in capitals, and whatever is in capitals among the three words behind the title."""
_WORD: Final = re.compile(r"[^\W\d_][\w'’-]*\w")
_ADDRESS: Final = re.compile(r"\S+@\S+|\bhttps?://\S+|\bwww\.\S+")
_NUMBER: Final = re.compile(r"\d{4}")
"""In a word, of a patient's or a file's number; « CA125 » has three."""
_PARTS: Final = re.compile(r"[^\W\d_]{2,}")
_ELIDED: Final = re.compile(r"^(?:[cdjlmnst]|qu)['’]", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class LexiconProposal:
    """A proposal, to be read over before it is promoted."""

    lexicon: Lexicon
    reports: int
    names: tuple[str, ...]
    """Words kept out because they stand after a title or in the site's list of names."""
    misspellings: tuple[tuple[str, str], ...]
    """(kept out, the spelling that the reports prefer)."""


def build(reports: Iterable[str], *, min_count: int = MIN_COUNT, names: Iterable[str] = ()) -> LexiconProposal:
    """Return the terms of the reports.

    A name that stands after no title and in no list is not caught, unless fewer than `min_count` reports hold it; nor
    is a name that is also a word of French. Read the list over.

    Args:
        min_count: reports that must hold a word.
        names: the site's list of patients' and staff's names, first and family names in any order; accents and
            capitals do not count.

    Raises:
        LexiconInvalid: there is no report, or nothing in them is worth a lexicon.
    """
    spellings: dict[str, Counter[str]] = {}
    known = {part for name in names for part in _name_parts(name)}
    number = 0
    for text in reports:
        number += 1
        text = _ADDRESS.sub(" ", text)
        for match in _NAME.finditer(text):
            found = f"{match['parts']} {match['capitals'] or ''}".split()
            parts = [_ELIDED.sub("", part) for part in found]
            parts = [part for part in parts if part[:1].isupper() and not is_common(part)]
            known.update(*map(_name_parts, parts))
        for word in {_ELIDED.sub("", word) for word in _WORD.findall(text)}:
            if 2 < len(word) <= MAX_TEXT and not _NUMBER.search(word) and not is_common(word):
                spellings.setdefault(_plain(word), Counter())[word] += 1
    if not number:
        raise LexiconInvalid(
            "there is no report: give a folder of .txt and .rtf files, a .csv with a column of texts, or a dataset"
        )
    kept_out = {key for key in spellings if (parts := _name_parts(key)) and known.issuperset(parts)}
    counts = {key: seen.total() for key, seen in spellings.items() if key not in kept_out and seen.total() >= min_count}
    wrong = _misspellings(counts)
    entries = tuple(
        _entry(_spelling(spellings[key]), count)
        for key, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        if key not in wrong
    )
    if not entries:
        raise LexiconInvalid(
            f"{number} reports hold no word that {min_count} of them share and everyday French lacks: "
            "give more reports, or lower --min-count"
        )
    written = {key: fold(_spelling(spellings[key])) for pair in wrong.items() for key in pair}
    slips = sorted((written[slip], written[right]) for slip, right in wrong.items())
    return LexiconProposal(Lexicon(entries), number, tuple(sorted(kept_out)), tuple(slips))


def _entry(text: str, count: int) -> Entry:
    is_abbreviation = text.isupper() and len(text) <= MAX_ABBREVIATION
    return Entry(text, "abbreviation" if is_abbreviation else "word", count)


def _name_parts(name: str) -> list[str]:
    """Return the parts of a name or a compound word as lists of names spell them: without accents and capitals."""
    return _PARTS.findall(_plain(name))


def _plain(text: str) -> str:
    """Return a text without accents and capitals: reports that leave them out hold the same words."""
    return "".join(char for char in unicodedata.normalize("NFD", fold(text)) if not unicodedata.combining(char))


def _spelling(seen: Counter[str]) -> str:
    """Return how the word is most often written; where a capital only opens sentences, the small letter wins."""
    small = {spelling for spelling in seen if spelling.islower()}
    best, _ = max(seen.items(), key=lambda item: (item[1], item[0]))
    return best.lower() if best.istitle() and best.lower() in small else best


def _misspellings(counts: dict[str, int]) -> dict[str, str]:
    """Return words that differ in one letter from one that is twenty times as frequent, with that one."""
    by_pattern: dict[str, list[str]] = {}
    for word in counts:
        for place in range(len(word)):
            by_pattern.setdefault(word[:place] + word[place + 1 :], []).append(word)
        by_pattern.setdefault(word, []).append(word)
    wrong: dict[str, str] = {}
    for group in by_pattern.values():
        best = max(group, key=lambda word: counts[word])
        for word in group:
            if word != best and counts[best] >= MISSPELLING_RATIO * counts[word] and len(word) > 4:
                wrong[word] = best
    return wrong
