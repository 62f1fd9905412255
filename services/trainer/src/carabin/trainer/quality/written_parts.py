"""Finds what is written in reports and seldom said: headings and signatures. They are named, and taken all the same.

« Conclusion, deux points » is really dictated by some: text alone does not show by whom.
"""

import re
from collections.abc import Callable, Iterable
from types import MappingProxyType
from typing import Final

from .report import GateReport

_SECTION: Final = (
    r"ant[ée]c[ée]dents|motif(?: de (?:la )?consultation| d'hospitalisation)?|anamn[èe]se|histoire de la maladie"
    r"|mode de vie|indications?|technique|protocole|r[ée]sultats?|conclusions?|synth[èe]se|au total|discussion"
    r"|commentaires?|examen(?: clinique| compl[ée]mentaire| physique)?|examens compl[ée]mentaires|biologie|imagerie"
    r"|allergies?|conduite [àa] tenir|traitements?(?: de sortie| habituel| d'entr[ée]e)?|compte[ -]rendu(?: de \w+)?"
    r"|objet|[ée]volution|diagnostic|renseignements cliniques|interpr[ée]tation"
)
_HEADING: Final = re.compile(
    rf"(?:^|(?<=[.!?:;)]\s))(?:(?:{_SECTION})|(?-i:[A-ZÀÂÇÉÈÊËÎÏÔÛÜŒ][A-ZÀÂÇÉÈÊËÎÏÔÛÜŒ' -]{{3,40}}))\s*:",
    re.IGNORECASE,
)
"""A section's name, or words in capitals, with a colon, where a sentence may begin."""
_TITLE: Final = r"(?:Dr|Docteur|Pr|Professeur|Mme le Dr|M\. le Pr)\.?"
_NAME: Final = r"[A-ZÀ-ÖØ-Þ][\w'’.-]*"
_SIGNATURE: Final = re.compile(
    rf"\b(?:(?i:bien |tr[èe]s )?(?i:cordialement|confraternellement|amicalement)\b"
    rf"|(?i:sign[ée]|valid[ée]|relu|dict[ée])(?:e?)(?: [ée]lectroniquement)? (?i:par|le)\b"
    rf"|(?i:fait) à {_NAME}(?: {_NAME})*,? le \d"
    rf"|{_TITLE} {_NAME}(?: {_NAME}){{0,3}},? (?:le )?\d{{1,2}}[/.]\d{{1,2}}[/.]\d{{2,4}})"
    rf"\S*(?:\s+\S+){{0,6}}\s*$"
    rf"|(?<=[.!?] ){_TITLE} {_NAME}(?: {_NAME}){{0,3}}\.?\s*$"
)
"""At the end: a closing formula, who signed, where and when, or a doctor's name alone."""
MAX_SHOWN: Final = 60


def judge_written_parts(reports: Iterable[tuple[str, str]], gate: GateReport) -> None:
    """Note once how many reports have headings and how many a signature, each with an example.

    Args:
        reports: (name, text) of each; the text on one line.
    """
    found: dict[str, list[tuple[str, str]]] = {}
    n_reports = 0
    for name, text in reports:
        n_reports += 1
        for rule, find in _PARTS.items():
            if part := find(text):
                found.setdefault(rule, []).append((name, part))
    for rule, parts in found.items():
        name, part = parts[0]
        gate.add(name, rule, "noted", _SENTENCES[rule].format(part=part, count=len(parts), n_reports=n_reports))


def heading(text: str) -> str | None:
    """Return the first heading of a text on one line, or None."""
    match = _HEADING.search(text)
    return match[0].strip() if match else None


def signature(text: str) -> str | None:
    """Return the closing formula or signature at the end of a text on one line, or None."""
    match = _SIGNATURE.search(text)
    return match[0].strip()[-MAX_SHOWN:] if match else None


_PARTS: Final = MappingProxyType[str, Callable[[str], str | None]](
    {"text-heading": heading, "text-signature": signature}
)
_ADVICE: Final = (
    "where nobody says it, the model learns to write it unsaid: remove it from the reports (nothing takes it out by "
    "itself; --audit keeps a pair out only where its sound speaks against the text as a whole)"
)
_SENTENCES: Final = MappingProxyType(
    {
        "text-heading": "has a heading, « {part} », as {count} of {n_reports} reports do: " + _ADVICE,
        "text-signature": "ends with a signature, « {part} », as {count} of {n_reports} reports do: " + _ADVICE,
    }
)
