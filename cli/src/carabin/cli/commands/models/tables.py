"""How model versions look: tables a person likes to read, plain data for machines."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import typer
from carabin.cli.output import write_json
from carabin.registry.artifacts.manifest import ModelManifest
from carabin.registry.stages.log import StageRecord
from carabin.registry.stages.promotions import PromotionRecord
from carabin.registry.stages.regressions import Change
from carabin.registry.stages.resolve import SHARE, STAGE, Decision
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from .context import one_line

LogRecord = PromotionRecord | StageRecord
LOG_OF: Mapping[type[LogRecord], str] = {PromotionRecord: "promotion", StageRecord: "stage"}
"""What each kind of record is called in the log."""

SHOWN_METRICS = ("wer", "term_recall", "critical_errors", "general_wer")
_STYLES = {"production": "bold green", "canary": "yellow", "shadow": "cyan", "archived": "dim"}


@dataclass(frozen=True, slots=True)
class VersionRow:
    """One version as lists show it."""

    manifest: ModelManifest
    tags: dict[str, str]
    serves: bool

    @property
    def stage(self) -> str:
        """Its stage, with the share of a canary; `production` that lost to a rival says so."""
        stage = self.tags.get(STAGE, "")
        if stage == "canary":
            return f"canary {self.tags.get(SHARE, '?')}"
        return "production, outdone" if stage == "production" and not self.serves else stage

    def data(self) -> dict[str, Any]:
        """The row for machines."""
        return {
            "version": self.manifest.version,
            "stage": self.tags.get(STAGE, ""),
            "serves": self.serves,
            "created_at": self.manifest.created_at.isoformat(),
            "quantization": self.manifest.format.quantization,
            "total_bytes": self.manifest.total_bytes,
            "metrics": self.manifest.metrics,
            "tags": self.tags,
        }


def print_json(data: Any) -> None:
    """Print `data` as JSON, and nothing else."""
    write_json(data, indent=2)


def print_versions(name: str, rows: Sequence[VersionRow], decision: Decision, total: int) -> None:
    """Print the versions of one model, newest first, and what an operator should look at."""
    shown = f", {len(rows)} shown" if len(rows) < total else ""
    table = Table(box=box.SIMPLE, title=f"{name}: {total} version{'s' * (total > 1)}{shown}", title_justify="left")
    for column in ("version", "stage", "form", "size", *SHOWN_METRICS, "promoted"):
        table.add_column(column, no_wrap=column == "version", justify="right" if column in SHOWN_METRICS else "left")
    for row in rows:
        promoted = f"{row.tags['promoted-at'][:10]} by {row.tags['promoted-by']}" if "promoted-by" in row.tags else ""
        table.add_row(
            row.manifest.version,
            Text(row.stage, _STYLES.get(row.stage.split(" ")[0], "")),
            row.manifest.format.quantization,
            size(row.manifest.total_bytes),
            *(figure(row.manifest.metrics.get(metric)) for metric in SHOWN_METRICS),
            promoted,
        )
    console().print(table)
    for problem in decision.problems:
        typer.echo(f"Look: {problem}.", err=True)


def print_version(row: VersionRow, log: Sequence[LogRecord]) -> None:
    """Print all that is known of one version; `log` holds the records of both logs."""
    manifest = row.manifest
    grid = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    grid.add_row("version", f"{manifest.name} {manifest.version}")
    grid.add_row("stage", row.stage)
    grid.add_row("created", f"{manifest.created_at:%Y-%m-%d %H:%M:%S %Z}")
    form = manifest.format
    grid.add_row("form", f"{form.quantization}, {form.n_mels} mel bins, {form.vocabulary_size} tokens")
    grid.add_row("audio context", f"{manifest.min_window_frames} frames, {manifest.window_margin_frames} beyond speech")
    for label, values in (("source", manifest.source), ("provenance", manifest.provenance)):
        for key, value in values.items():
            grid.add_row(f"{label}: {key}", value)
    for metric, measured in manifest.metrics.items():
        grid.add_row(metric, figure(measured))
    if manifest.smoke:
        grid.add_row("smoke dictation", f"{manifest.smoke.path}, WER at most {manifest.smoke.max_error:g}")
    if manifest.report:
        grid.add_row("report", manifest.report)
    grid.add_row("signed by", ", ".join(manifest.signatures) or "nobody")
    for entry in manifest.files:
        grid.add_row(f"file {entry.path}", f"{size(entry.size)}, sha256 {entry.sha256[:16]}…")
    for record in log:
        if manifest.version in _versions_of(record):
            grid.add_row(f"{LOG_OF[type(record)]} {record.number}", describe_record(record))
    console().print(grid)


def print_changes(old: str | None, new: str, changes: Sequence[Change]) -> None:
    """Print figures before and after, worse ones marked."""
    if not any(change.delta is not None for change in changes):
        typer.echo(f"No figure of {new} can be compared with {old or 'production, which is empty'}.")
        return
    table = Table(box=box.SIMPLE)
    table.add_column("metric")
    for column in (old or "", new, "change"):
        table.add_column(column, justify="right", overflow="fold")
    table.add_column("")
    for change in changes:
        delta = "" if change.delta is None else f"{change.delta:+.3f}"
        table.add_row(change.metric, figure(change.old), figure(change.new), delta, _verdict(change))
    console().print(table)


def differing_facts(before: ModelManifest, after: ModelManifest) -> dict[str, tuple[str, str]]:
    """Return what two versions say differently of themselves, such as `source.run`, before and after."""
    facts = [
        {
            **{f"source.{key}": value for key, value in manifest.source.items()},
            **{f"provenance.{key}": value for key, value in manifest.provenance.items()},
            **{f"format.{key}": str(value) for key, value in manifest.format.model_dump().items()},
            "min_window_frames": str(manifest.min_window_frames),
            "window_margin_frames": str(manifest.window_margin_frames),
        }
        for manifest in (before, after)
    ]
    pairs = {key: (facts[0].get(key, "nothing"), facts[1].get(key, "nothing")) for key in {**facts[0], **facts[1]}}
    return {key: pair for key, pair in pairs.items() if pair[0] != pair[1]}


def describe_promotion(record: PromotionRecord) -> str:
    """Return one line of the log in words, whatever the record holds."""
    forced = ", against its metrics" if record.forced and record.kind == "promote" else ""
    return one_line(
        f"{record.at:%Y-%m-%d %H:%M} {record.kind} {record.previous or 'nothing'} -> {record.version}"
        f" by {record.by}{forced}: {record.reason}"
    )


def describe_record(record: LogRecord) -> str:
    """Return one line of either log in words, whatever the record holds."""
    if isinstance(record, PromotionRecord):
        return describe_promotion(record)
    share = f" {record.share:g}" if record.share else ""
    instead = f" instead of {', '.join(record.displaced)}" if record.displaced else ""
    return one_line(
        f"{record.at:%Y-%m-%d %H:%M} {record.stage}{share} {record.version}{instead} by {record.by}: {record.reason}"
    )


def size(total_bytes: int) -> str:
    """Return bytes as a person reads them."""
    value = float(total_bytes)
    for unit in ("B", "kB", "MB"):
        if value < 1000:
            return f"{value:.0f} {unit}"
        value /= 1000
    return f"{value:.1f} GB"


def figure(value: float | None) -> str:
    """Return a figure of a table, empty where there is none."""
    return "" if value is None else f"{value:.3f}"


def console() -> Console:
    """Return a console on what standard output is now; without a terminal, wide enough for whole versions."""
    return Console(file=sys.stdout, width=None if sys.stdout.isatty() else 160)


def _versions_of(record: LogRecord) -> tuple[str | None, ...]:
    if isinstance(record, PromotionRecord):
        return record.version, record.previous
    return record.version, *record.displaced


def _verdict(change: Change) -> Text:
    if change.is_regression:
        return Text("worse: refused unless forced", "bold red")
    if change.worsening > 0:
        return Text("worse", "yellow")
    return Text("better", "green") if change.worsening < 0 else Text("")
