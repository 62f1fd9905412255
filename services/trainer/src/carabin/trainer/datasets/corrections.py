"""What clinicians corrected, as training data and as terms to expect; the transcriber wrote it, the store holds it.

The two services meet in the bucket alone, whose layout and record are `carabin.registry.corrections`.
"""

import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from difflib import SequenceMatcher
from pathlib import Path
from typing import Final

import jiwer
from carabin.registry.corrections import CorrectionRecord, read_correction
from carabin.registry.store import ObjectStore

from ..quality.report import GateReport
from ..quality.text import judge_text
from ..text.normalize import normalize
from .build import Built, build
from .collect import CandidateDictation

MAX_LENGTH_RATIO: Final = 2.0
"""More than twice as many words, or less than half: the clinician wrote something that was not said."""
MAX_WORD_ERROR: Final = 0.5
"""Half of the words changed: a rewriting, not a correction."""
MAX_TERM_WORDS: Final = 4
MIN_TERM_LETTERS: Final = 4


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A correction that nobody should learn from before somebody looked at it."""

    id: str
    reason: str


@dataclass(slots=True)
class CorrectionSet:
    """The corrections of a bucket, judged."""

    accepted: list[CorrectionRecord] = field(default_factory=list)
    quarantined: list[Quarantined] = field(default_factory=list)


def read_corrections(store: ObjectStore, bucket: str, now: datetime) -> list[CorrectionRecord]:
    """Return what has not expired, the oldest first; a file that is no record is skipped.

    Raises:
        BucketMissing: there is no such bucket.
    """
    found = []
    for key in store.list(bucket, ""):
        if key.endswith(".json"):
            record = read_correction(store, bucket, key)
            if record is not None and record.expires_at > now:
                found.append(record)
    return sorted(found, key=lambda record: (record.created_at, record.id))


def judge(records: Sequence[CorrectionRecord]) -> CorrectionSet:
    """Keep the last correction of each utterance, and put suspicious ones in quarantine."""
    last = {(record.person, record.session, record.utterance): record for record in records}
    judged = CorrectionSet()
    for record in records:
        if last[(record.person, record.session, record.utterance)] is not record:
            judged.quarantined.append(Quarantined(record.id, "a later correction of the same utterance replaces it"))
            continue
        reason = _suspicion(record)
        if reason is None:
            judged.accepted.append(record)
        else:
            judged.quarantined.append(Quarantined(record.id, reason))
    return judged


def _suspicion(record: CorrectionRecord) -> str | None:
    """Return why a correction may not be what was said, or None."""
    raw, corrected = normalize(record.raw), normalize(record.corrected)
    if not corrected:
        return "no word is left"
    gate = GateReport()
    if judge_text(record.corrected, record.id, gate) is None:
        return gate.refused[0].reason
    if not raw:
        return "nothing had been recognised: the text cannot be checked against the speech"
    ratio = len(corrected.split()) / len(raw.split())
    if ratio > MAX_LENGTH_RATIO or ratio < 1 / MAX_LENGTH_RATIO:
        return f"it has {ratio:.1f} times as many words as were recognised"
    changed = float(jiwer.wer(corrected, raw))
    if changed > MAX_WORD_ERROR:
        return f"{changed:.0%} of its words differ from what was recognised"
    return None


def build_from_corrections(
    store: ObjectStore, bucket: str, folder: Path, now: datetime
) -> tuple[Built, CorrectionSet, GateReport]:
    """Write the dataset folder `folder` of the corrections that have audio.

    Returns:
        What was built, what was put in quarantine, and the gate's judgements. Publish it with `source_of(...)`, which
        names the pseudonyms in it, so that one person's part can be found again and deleted.

    Raises:
        DatasetRefused: nothing is left to learn from.
        DatasetInvalid: there is too little for three splits, or `folder` exists.
    """
    judged = judge(read_corrections(store, bucket, now))
    report = GateReport()
    with tempfile.TemporaryDirectory(prefix="carabin-corrections-") as scratch:
        candidates = list(_candidates(store, bucket, judged, Path(scratch), report))
        return build(candidates, folder, report, skip_bad=True), judged, report


def source_of(judged: CorrectionSet) -> dict[str, str]:
    """Return the provenance of a dataset made of these corrections."""
    persons = sorted({record.person for record in judged.accepted if record.audio})
    return {
        "kind": "corrections",
        "persons": ",".join(persons),
        "accepted": str(len(judged.accepted)),
        "quarantined": str(len(judged.quarantined)),
    }


def _candidates(
    store: ObjectStore, bucket: str, judged: CorrectionSet, scratch: Path, report: GateReport
) -> Iterator[CandidateDictation]:
    for record in judged.accepted:
        text = judge_text(record.corrected, record.id, report)
        if record.audio is None or text is None:
            continue
        wav = scratch / f"{record.id}.wav"
        store.download(bucket, record.audio, wav)
        yield CandidateDictation(wav, text, record.id, speaker=record.person)


@dataclass(frozen=True, slots=True)
class Term:
    """Words that were written where others had been recognised."""

    text: str
    corrections: int
    persons: int
    recognized: tuple[str, ...]
    """What was recognised instead, the most frequent first."""


def suggest_terms(records: Sequence[CorrectionRecord], *, min_corrections: int = 2, min_persons: int = 1) -> list[Term]:
    """Return terms worth expecting, the most often corrected first.

    Names of patients are corrected too: `min_persons` of two or more keeps what one clinician alone wrote out, and
    somebody should read the list before it is used.
    """
    counts: Counter[str] = Counter()
    persons: dict[str, set[str]] = {}
    recognized: dict[str, Counter[str]] = {}
    for record in judge(records).accepted:
        for term, instead in _replacements(record):
            counts[term] += 1
            persons.setdefault(term, set()).add(record.person)
            recognized.setdefault(term, Counter())[instead] += 1
    terms = [
        Term(term, count, len(persons[term]), tuple(text for text, _ in recognized[term].most_common(3)))
        for term, count in counts.items()
        if count >= min_corrections and len(persons[term]) >= min_persons
    ]
    return sorted(terms, key=lambda term: (-term.corrections, term.text))


def _replacements(record: CorrectionRecord) -> Iterator[tuple[str, str]]:
    """Yield (written, recognised) for every place where words with letters were replaced."""
    raw, corrected = _words(record.raw), _words(record.corrected)
    matcher = SequenceMatcher(None, [word.casefold() for word in raw], [word.casefold() for word in corrected], False)
    for kind, raw_from, raw_to, corrected_from, corrected_to in matcher.get_opcodes():
        written = corrected[corrected_from:corrected_to]
        term = " ".join(written)
        letters = sum(char.isalpha() for char in term)
        digits = any(char.isdigit() for char in term)
        if kind == "replace" and len(written) <= MAX_TERM_WORDS and letters >= MIN_TERM_LETTERS and not digits:
            yield term, " ".join(raw[raw_from:raw_to])


def _words(text: str) -> list[str]:
    return [word for word in (part.strip('.,;:!?…«»"()[]\u00a0\u202f') for part in text.split()) if word]
