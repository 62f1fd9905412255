"""The measures of one transcript beside its reference, and of many: from texts alone, without a model."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ..text.normalize import fold_accents, normalize
from ..text.terms import TermIndex
from .bootstrap import interval
from .critical_errors import KINDS, critical_errors
from .error_rates import Counts, character_errors, corpus_rate, missed_terms, word_errors

_WITH_INTERVAL: Final = ("wer", "cer", "term_recall")


@dataclass(frozen=True, slots=True)
class TextScore:
    """One transcript's errors; counts are against its own reference."""

    words: Counts
    raw_words: Counts
    accentless_words: Counts
    characters: Counts
    raw_characters: Counts
    terms: Counts
    missed_terms: tuple[str, ...]
    critical: dict[str, Counts]


def score_text(reference: str, hypothesis: str, index: TermIndex) -> TextScore:
    """Compare a hypothesis with its reference, both as written."""
    said, written = normalize(reference), normalize(hypothesis)
    wanted, missed = index.find(said.split()), missed_terms(said, written, index)
    return TextScore(
        words=word_errors(said, written),
        raw_words=word_errors(reference, hypothesis),
        accentless_words=word_errors(fold_accents(said), fold_accents(written)),
        characters=character_errors(said, written),
        raw_characters=character_errors(reference, hypothesis),
        terms=Counts(len(wanted) - len(missed), len(wanted)),
        missed_terms=tuple(missed),
        critical=critical_errors(said.split(), written.split()),
    )


def rates(scores: Sequence[TextScore]) -> dict[str, float]:
    """Return wer, wer_raw, wer_no_accents, cer, cer_raw, term_recall, critical_error_rate and the critical counts.

    Rates are over the whole corpus, between 0 and 1 (above 1 when words are made up); `<name>_low` and `<name>_high`
    are the 95 % interval.
    """
    counted = {
        "wer": [score.words for score in scores],
        "wer_raw": [score.raw_words for score in scores],
        "wer_no_accents": [score.accentless_words for score in scores],
        "cer": [score.characters for score in scores],
        "cer_raw": [score.raw_characters for score in scores],
        "term_recall": [score.terms for score in scores],
        "critical_error_rate": [count for score in scores for count in score.critical.values()],
    }
    metrics = {name: corpus_rate(counts) for name, counts in counted.items()}
    for name in _WITH_INTERVAL:
        metrics[f"{name}_low"], metrics[f"{name}_high"] = interval(counted[name])
    by_kind = {kind: sum(score.critical[kind].errors for score in scores) for kind in KINDS}
    metrics |= {f"critical_{kind}": float(errors) for kind, errors in by_kind.items()}
    return metrics | {"critical_errors": float(sum(by_kind.values()))}
