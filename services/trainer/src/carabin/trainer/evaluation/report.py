"""Writes an evaluation for people and for machines: `report.html`, which needs no other file, and `report.json`."""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from ..data.audio import encode_flac
from .evaluate import Evaluation, ScoredDictation
from .labels import KINDS, LABELS, NOTES, rate_text
from .svg import Curve, svg
from .word_diff import DiffWord, diff

WORST: Final = 12
"""Dictations with sound: enough to see the kinds of error, and a file below 3 MB."""


@dataclass(frozen=True, slots=True)
class Heading:
    """What the report is about."""

    title: str = "Évaluation du modèle"
    model: str = ""
    dataset: str = ""
    decoder: str = "faster-whisper"


def write_report(
    evaluation: Evaluation,
    folder: Path,
    *,
    heading: Heading | None = None,
    baseline: Mapping[str, float] | None = None,
    curves: Sequence[Curve] = (),
    worst: int = WORST,
) -> tuple[Path, Path]:
    """Write both files into `folder` and return (html, json).

    Args:
        baseline: the metrics of the model before training, to stand beside.
        curves: what training recorded, one drawing each.
        worst: dictations shown with their sound and a word by word comparison.
    """
    folder.mkdir(parents=True, exist_ok=True)
    heading = heading or Heading()
    html, data = folder / "report.html", folder / "report.json"
    html.write_text(_html(evaluation, heading, baseline or {}, curves, worst), encoding="utf-8")
    text = json.dumps(as_dict(evaluation, heading, baseline or {}), ensure_ascii=False, indent=1)
    data.write_text(text + "\n", encoding="utf-8")
    return html, data


def as_dict(evaluation: Evaluation, heading: Heading, baseline: Mapping[str, float]) -> dict[str, Any]:
    """Return everything but the sounds."""
    return {
        "heading": asdict(heading),
        "metrics": evaluation.metrics,
        "baseline": dict(baseline),
        "dictations": [asdict(row) for row in evaluation.rows],
        "general": [asdict(row) for row in evaluation.general_rows],
        "silence": evaluation.silence,
    }


def worst_first(rows: Sequence[ScoredDictation]) -> list[int]:
    """Return the places of the rows that most need a look: critical errors first, then the share of wrong words."""

    def badness(place: int) -> tuple[int, float]:
        row = rows[place]
        return sum(count.errors for count in row.critical.values()), row.words.rate

    return sorted(range(len(rows)), key=badness, reverse=True)


@dataclass(frozen=True, slots=True)
class _Shown:
    """One dictation as the page shows it."""

    row: ScoredDictation
    words: list[DiffWord]
    critical: str
    audio: str


def _html(
    evaluation: Evaluation, heading: Heading, baseline: Mapping[str, float], curves: Sequence[Curve], worst: int
) -> str:
    environment = Environment(
        loader=PackageLoader("carabin.trainer"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    shown = [_shown(evaluation, place) for place in worst_first(evaluation.rows)[:worst]]
    return environment.get_template("report.html").render(
        heading=heading,
        lines=_lines(evaluation.metrics, baseline),
        has_baseline=bool(baseline),
        counts={"medical": len(evaluation.rows), "general": len(evaluation.general_rows)},
        curves=[(curve.title, svg(curve)) for curve in curves],
        shown=shown,
        rows=evaluation.rows,
        missed=_most_missed(evaluation.rows),
        silence=evaluation.silence,
    )


def _lines(metrics: Mapping[str, float], baseline: Mapping[str, float]) -> list[dict[str, str]]:
    return [
        {
            "label": label,
            "note": NOTES.get(name, ""),
            "before": rate_text(name, baseline) if name in baseline else "",
            "value": rate_text(name, metrics),
            "change": _change(name, metrics[name], baseline[name]) if name in baseline else "",
        }
        for name, label in LABELS.items()
        if name in metrics
    ]


def _change(name: str, after: float, before: float) -> str:
    if after == before:
        return "same"
    return "better" if (after > before) == (name == "term_recall") else "worse"


def _shown(evaluation: Evaluation, place: int) -> _Shown:
    row = evaluation.rows[place]
    critical = ", ".join(KINDS[kind] for kind, count in row.critical.items() if count.errors)
    audio = ""
    if place < len(evaluation.dictations):
        flac = encode_flac(evaluation.dictations[place].audio)
        audio = "data:audio/flac;base64," + base64.b64encode(flac).decode("ascii")
    return _Shown(row, diff(row.reference, row.hypothesis), critical, audio)


def _most_missed(rows: Sequence[ScoredDictation], most: int = 20) -> list[tuple[str, int]]:
    missed: dict[str, int] = {}
    for row in rows:
        for term in row.missed_terms:
            missed[term] = missed.get(term, 0) + 1
    return sorted(missed.items(), key=lambda item: (-item[1], item[0]))[:most]
