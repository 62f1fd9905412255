"""Scores a CTranslate2 model on dictations through faster-whisper, the decoder that serves it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Final

from carabin.registry.serving_window import WindowPolicy

from ..data.dictations import Dictation
from ..errors import EvaluationFailed
from ..text.normalize import fold_accents, normalize
from ..text.terms import TermIndex
from .bootstrap import interval
from .critical_errors import KINDS, critical_errors
from .decoder import EvaluationDecoder
from .error_rates import Counts, character_errors, corpus_rate, missed_terms, word_errors
from .hallucinations import hallucinated_words

Progress = Callable[[int, int], None]
"""Called with the dictations decoded so far and all of them."""

_WITH_INTERVAL: Final = ("wer", "cer", "term_recall", "general_wer")


@dataclass(frozen=True, slots=True)
class ScoredDictation:
    """One dictation's score; counts are against its own reference."""

    reference: str
    hypothesis: str
    speaker: str | None
    source: str
    duration_s: float
    words: Counts
    raw_words: Counts
    accentless_words: Counts
    characters: Counts
    raw_characters: Counts
    terms: Counts
    missed_terms: tuple[str, ...]
    critical: dict[str, Counts]


@dataclass(frozen=True)
class Evaluation:
    """Scores over all dictations, each dictation's own, and what was written without speech."""

    metrics: dict[str, float]
    rows: tuple[ScoredDictation, ...]
    general_rows: tuple[ScoredDictation, ...]
    silence: dict[str, str]
    dictations: Sequence[Dictation] = field(repr=False, default=())

    def write(self, folder: Path) -> tuple[Path, Path]:
        """Write `report.html` and `report.json` into `folder`; see `report.write_report` for curves and a baseline."""
        from .report import write_report

        return write_report(self, folder)


def evaluate_model(
    ct2_folder: Path,
    dictations: Sequence[Dictation],
    *,
    terms: Sequence[str],
    general: Sequence[Dictation] = (),
    compute_type: str = "int8",
    beam_size: int = 5,
    language: str = "fr",
    device: str = "cpu",
    cpu_threads: int = 0,
    window: WindowPolicy | None = None,
    silence: bool = True,
    progress: Progress | None = None,
) -> Evaluation:
    """Decode and score `dictations`, everyday speech (`general`) and, with `silence`, clips without speech.

    Args:
        ct2_folder: a model ready for faster-whisper.
        terms: the medical terms whose recall is measured.
        window: the encoder window that serving uses; 30 s without it.

    Returns:
        rates between 0 and 1 (above 1 when words are made up) under the keys wer, wer_raw, wer_no_accents, cer,
        cer_raw, term_recall, critical_error_rate, general_wer, and for some `_low` and `_high`, the 95 % interval;
        counts under critical_errors, critical_<kind> and hallucinated_words.

    Raises:
        EvaluationFailed: the model does not load, or there is no dictation.
    """
    if not dictations:
        raise EvaluationFailed("there is no dictation to score the model on")
    decoder = EvaluationDecoder(
        ct2_folder, compute_type=compute_type, beam_size=beam_size, language=language,
        device=device, cpu_threads=cpu_threads, window=window,
    )  # fmt: skip
    index, total = TermIndex(terms), len(dictations) + len(general)
    rows: list[ScoredDictation] = []
    for dictation in chain(dictations, general):  # one at a time: a large split does not fit in memory
        rows.append(score(dictation, decoder.text(dictation.audio), index))
        if progress:
            progress(len(rows), total)
    medical, everyday = tuple(rows[: len(dictations)]), tuple(rows[len(dictations) :])
    invented = hallucinated_words(decoder.text) if silence else {}
    return Evaluation(summarize(medical, everyday, invented), medical, everyday, invented, dictations)


def score(dictation: Dictation, hypothesis: str, index: TermIndex) -> ScoredDictation:
    """Compare one hypothesis with its dictation."""
    reference, written = normalize(dictation.sentence), normalize(hypothesis)
    wanted = index.find(reference.split())
    missed = missed_terms(reference, written, index)
    return ScoredDictation(
        reference=dictation.sentence,
        hypothesis=hypothesis,
        speaker=dictation.speaker,
        source=dictation.source,
        duration_s=dictation.duration_s,
        words=word_errors(reference, written),
        raw_words=word_errors(dictation.sentence, hypothesis),
        accentless_words=word_errors(fold_accents(reference), fold_accents(written)),
        characters=character_errors(reference, written),
        raw_characters=character_errors(dictation.sentence, hypothesis),
        terms=Counts(len(wanted) - len(missed), len(wanted)),
        missed_terms=tuple(missed),
        critical=critical_errors(reference.split(), written.split()),
    )


def summarize(
    medical: Sequence[ScoredDictation], everyday: Sequence[ScoredDictation], silence: dict[str, str]
) -> dict[str, float]:
    """Return the metrics of `evaluate_model` from the dictations' own counts."""
    counted = {
        "wer": [row.words for row in medical],
        "wer_raw": [row.raw_words for row in medical],
        "wer_no_accents": [row.accentless_words for row in medical],
        "cer": [row.characters for row in medical],
        "cer_raw": [row.raw_characters for row in medical],
        "term_recall": [row.terms for row in medical],
        "critical_error_rate": [count for row in medical for count in row.critical.values()],
    }
    if everyday:
        counted["general_wer"] = [row.words for row in everyday]
    metrics = {name: corpus_rate(counts) for name, counts in counted.items()}
    for name in _WITH_INTERVAL:
        if name in counted:
            metrics[f"{name}_low"], metrics[f"{name}_high"] = interval(counted[name])
    by_kind = {kind: sum(row.critical[kind].errors for row in medical) for kind in KINDS}
    metrics |= {f"critical_{kind}": float(errors) for kind, errors in by_kind.items()}
    metrics["critical_errors"] = float(sum(by_kind.values()))
    if silence:
        metrics["hallucinated_words"] = float(sum(len(normalize(text).split()) for text in silence.values()))
    return metrics
