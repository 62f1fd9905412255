"""The tables of an evaluation as pandas data frames: its figures, dictations and missed terms."""

from collections.abc import Mapping, Sequence

import pandas as pd

from .evaluate import ScoredDictation
from .labels import LABELS, NOTES, rate_text


def figures_table(metrics: Mapping[str, float], baseline: Mapping[str, float]) -> pd.DataFrame:
    """Return one row for each metric that was measured, in reading order.

    Returns:
        the columns label, note, before, value and change: texts as the report shows them; `before` and `change`
        (better, same or worse) are empty where `baseline` has no such metric.
    """
    names = pd.Index([name for name in LABELS if name in metrics], name="metric")
    return pd.DataFrame(
        {
            "label": [LABELS[name] for name in names],
            "note": [NOTES.get(name, "") for name in names],
            "before": [rate_text(name, baseline) if name in baseline else "" for name in names],
            "value": [rate_text(name, metrics) for name in names],
            "change": [_change(name, metrics[name], baseline.get(name)) for name in names],
        },
        index=names,
    )


def dictations_table(rows: Sequence[ScoredDictation]) -> pd.DataFrame:
    """Return one row for each dictation, indexed by its place in `rows`, those that most need a look first.

    Returns:
        the columns critical (critical errors), errors (wrong words), words (those dictated) and rate (errors / words).
    """
    frame = pd.DataFrame(
        {
            "critical": [sum(count.errors for count in row.critical.values()) for row in rows],
            "errors": [row.words.errors for row in rows],
            "words": [row.words.total for row in rows],
            "rate": [row.words.rate for row in rows],
        },
        index=pd.RangeIndex(len(rows), name="dictation"),
    )
    return frame.sort_values(["critical", "rate"], ascending=False, kind="stable")


def missed_table(rows: Sequence[ScoredDictation], most: int = 20) -> pd.DataFrame:
    """Return the terms that were missed most often, at most `most`, with the columns term and times."""
    terms = pd.Series([term for row in rows for term in row.missed_terms], dtype="str", name="term")
    counted = terms.value_counts().rename("times").reset_index()
    return counted.sort_values(["times", "term"], ascending=[False, True]).head(most).reset_index(drop=True)


def _change(name: str, after: float, before: float | None) -> str:
    if before is None:
        return ""
    if after == before:
        return "same"
    return "better" if (after > before) == (name == "term_recall") else "worse"
