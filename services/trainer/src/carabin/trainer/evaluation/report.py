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
from .labels import KINDS
from .svg import Curve, svg
from .tables import dictations_table, figures_table, missed_table
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
    shown = [_shown(evaluation, place) for place in dictations_table(evaluation.rows).index[:worst]]
    return environment.get_template("report.html").render(
        heading=heading,
        figures=figures_table(evaluation.metrics, baseline).to_dict("records"),
        has_baseline=bool(baseline),
        counts={"medical": len(evaluation.rows), "general": len(evaluation.general_rows)},
        curves=[(curve.title, svg(curve)) for curve in curves],
        shown=shown,
        rows=evaluation.rows,
        missed=missed_table(evaluation.rows).to_dict("records"),
        silence=evaluation.silence,
    )


def _shown(evaluation: Evaluation, place: int) -> _Shown:
    row = evaluation.rows[place]
    critical = ", ".join(KINDS[kind] for kind, count in row.critical.items() if count.errors)
    audio = ""
    if place < len(evaluation.dictations):
        flac = encode_flac(evaluation.dictations[place].audio)
        audio = "data:audio/flac;base64," + base64.b64encode(flac).decode("ascii")
    return _Shown(row, diff(row.reference, row.hypothesis), critical, audio)
