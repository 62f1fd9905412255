"""What the formatter makes of speech: sentences with commands and the tables' cases, through voice and model."""

import re
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path
from typing import Final

from carabin.transcriber.formatting import Formatter
from format_decode import SpokenDecoder, spoken_cases
from format_judge import Outcomes, judge
from format_recognised import values
from format_tables import MARKS, read_rows

SPOKEN: Final = Path(__file__).with_name("format_spoken.tsv")

CRITICAL: Final = re.compile(
    r"(?<![\w/])(?:[0-9]+(?:[,/.][0-9]+)?(?:\s?(?:mg/kg|mg|µg|g/dL|mmol/L|mmHg|mL|cm³|cm²|m²|cm|mm|kg|g|L|UI|%|bpm|°C|°))?"
    r"|[CDTLS][0-9]{1,2}(?:-[CDTLS]?[0-9]{1,2})?|pas|sans|ni|aucune?|absence|droite?|gauche|bilatérale?)(?!\w)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class SpokenScore:
    sentences: int
    marks: int
    """Signs and lines that the sentences ask for."""
    executed: int
    whisper_alone: int
    """Of these, how many Whisper writes without the formatter."""
    false_marks: int
    critical: int
    """Numbers with their units, levels, laterality and negation in the sentences."""
    wrong_before: int
    wrong_after: int


def score_spoken(formatter: Formatter, decoder: SpokenDecoder, *, show: bool) -> SpokenScore:
    """Speak sentences with commands, recognise them, format what Whisper wrote."""
    totals: Counter[str] = Counter()
    for said, written in read_rows(SPOKEN):
        transcript = decoder.transcribe(said)
        expected, got = written.replace("\\n", "\n"), formatter.final(transcript).text
        if show:
            sys.stderr.write(f"whisper  {transcript}\nwritten  {got!r}\nexpected {expected!r}\n\n")
        totals.update(_compare(expected, transcript, got))
    return SpokenScore(**totals)


def score_kinds(formatter: Formatter, decoder: SpokenDecoder, per_kind: int, *, show: bool) -> dict[str, Outcomes]:
    """Return by kind what became of so many spoken cases that have values, from the voice to the report.

    Args:
        per_kind: at most so many of each kind, spread over the specialties.
        show: write what was recognised and is still not written to the standard error.
    """
    kinds: dict[str, list[tuple[str, str]]] = {}
    for _, kind, said, wanted in spoken_cases():
        if values(wanted):
            kinds.setdefault(kind, []).append((said, wanted))
    found: dict[str, Outcomes] = {}
    for kind, spoken in sorted(kinds.items()):
        outcomes = Outcomes()
        for said, wanted in spoken[:: max(1, -(-len(spoken) // max(1, per_kind)))][:per_kind]:
            transcript = decoder.transcribe(said)
            written = formatter.final(transcript).text
            verdict = judge(wanted, transcript, written)
            outcomes.add(verdict)
            if show and verdict == "missed":
                sys.stderr.write(f"missed   {transcript}\nwritten  {written!r}\nwanted   {wanted!r}\n\n")
        if outcomes.cases:
            found[kind] = outcomes
    return found


def _compare(expected: str, transcript: str, got: str) -> dict[str, int]:
    wanted, marks = _marks(expected), _marks(got)
    executed = _common(wanted, marks)
    critical = _critical(expected)
    return {
        "sentences": 1,
        "marks": len(wanted),
        "executed": executed,
        "whisper_alone": _common(wanted, _marks(transcript)),
        "false_marks": len(marks) - executed,
        "critical": critical.total(),
        "wrong_before": (critical - _critical(transcript)).total(),
        "wrong_after": (critical - _critical(got)).total(),
    }


def _marks(text: str) -> list[str]:
    return MARKS.findall(text.rstrip())


def _critical(text: str) -> Counter[str]:
    return Counter(re.sub(r"\s", "", token.casefold()) for token in CRITICAL.findall(text))


def _common(wanted: Sequence[str], got: Sequence[str]) -> int:
    return sum(block.size for block in SequenceMatcher(None, wanted, got, False).get_matching_blocks())
