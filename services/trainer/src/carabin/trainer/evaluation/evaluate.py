"""Scores a CTranslate2 model on dictations through faster-whisper, the decoder that serves it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields
from itertools import chain
from pathlib import Path

from carabin.registry.serving_window import WindowPolicy

from ..data.dictations import Dictation
from ..errors import EvaluationFailed
from ..text.normalize import normalize
from ..text.terms import TermIndex
from .bootstrap import interval
from .compute_metrics import compute_metrics
from .decoder import EvaluationDecoder
from .error_rates import corpus_rate
from .hallucinations import hallucinated_words
from .text_scores import TextScore, score_text

Progress = Callable[[int, int], None]
"""Called with the dictations decoded so far and all of them."""


@dataclass(frozen=True, slots=True)
class ScoredDictation(TextScore):
    """One dictation's score, with what was said and written."""

    reference: str
    hypothesis: str
    speaker: str | None
    source: str
    duration_s: float


@dataclass(frozen=True)
class Evaluation:
    """Scores over all dictations, each dictation's own, and what was written without speech."""

    metrics: dict[str, float]
    rows: tuple[ScoredDictation, ...]
    general_rows: tuple[ScoredDictation, ...]
    silence: dict[str, str]
    dictations: Sequence[Dictation] = field(repr=False, default=())


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
    return Evaluation(summarize(medical, everyday, invented, terms), medical, everyday, invented, dictations)


def score(dictation: Dictation, hypothesis: str, index: TermIndex) -> ScoredDictation:
    """Compare one hypothesis with its dictation."""
    found = score_text(dictation.sentence, hypothesis, index)
    return ScoredDictation(
        **{field.name: getattr(found, field.name) for field in fields(found)},
        reference=dictation.sentence,
        hypothesis=hypothesis,
        speaker=dictation.speaker,
        source=dictation.source,
        duration_s=dictation.duration_s,
    )


def summarize(
    medical: Sequence[ScoredDictation],
    everyday: Sequence[ScoredDictation],
    silence: dict[str, str],
    terms: Sequence[str],
) -> dict[str, float]:
    """Return the metrics of `evaluate_model` from what was said and written."""
    metrics = compute_metrics([row.reference for row in medical], [row.hypothesis for row in medical], terms)
    if everyday:
        words = [row.words for row in everyday]
        metrics["general_wer"] = corpus_rate(words)
        metrics["general_wer_low"], metrics["general_wer_high"] = interval(words)
    if silence:
        metrics["hallucinated_words"] = float(sum(len(normalize(text).split()) for text in silence.values()))
    return metrics
