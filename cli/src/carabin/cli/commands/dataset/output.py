"""Where a dataset that is made goes to, and what is said of it; the options that all its commands share."""

import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from carabin.cli.output import write_json
from carabin.registry.connect import connect, store_settings
from carabin.registry.layout import safe_name
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


@contextmanager
def target_folder(folder: Path | None) -> Iterator[Path]:
    """Yield the folder to write to: the one that was asked for, or one that goes when the block ends."""
    if folder:
        yield folder
        return
    with tempfile.TemporaryDirectory(prefix="carabin-dataset-") as scratch:
        yield Path(scratch) / "dataset"


def build_cache(name: str) -> Path:
    """Return where builds of this dataset keep what they decoded (XDG Base Directory Specification, version 0.8)."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "carabin" / "builds" / name


def finish(
    name: str, target: Path, sizes: Mapping[str, Any], source: dict[str, str], folder: Path | None, as_json: bool
) -> None:
    """Publish the dataset folder, unless it was asked for as a folder, and say what it is."""
    from carabin.trainer.datasets.publish import publish_folder

    if folder:
        write_json({"folder": str(folder)}) if as_json else typer.echo(f"{folder}: {sizes_line(sizes)}")
        return
    store, settings = connect(), store_settings()
    manifest = publish_folder(
        store, settings.datasets_bucket, safe_name(name), target, sizes, datetime.now(UTC), source=source
    )
    if as_json:
        write_json(manifest.model_dump(mode="json"))
    else:
        typer.echo(f"Published {manifest.name} {manifest.version}: {sizes_line(sizes)}")


def sizes_line(sizes: Mapping[str, Any]) -> str:
    """Return each split with its dictations and minutes, in one line."""
    parts = [f"{split} {size.dictations} ({size.duration_s / 60:.1f} min)" for split, size in sizes.items()]
    return ", ".join(parts)


def show_findings(report: Any) -> None:
    """Write each finding of the quality gate to standard error."""
    for finding in report.findings:
        sys.stderr.write(f"{finding.action}: {finding.message}\n")


@contextmanager
def progress_bar(title: str, quiet: bool) -> Iterator[Callable[[int, int], None] | None]:
    """Draw a bar with its end in sight on a terminal; one line at the start elsewhere, nothing for machines."""
    if quiet:
        yield None
        return
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    if not console.is_terminal:
        sys.stderr.write(f"{title}...\n")
    with Progress(*columns, console=console, disable=not console.is_terminal) as bars:
        task = bars.add_task(title, total=None)
        yield lambda done, total: bars.update(task, completed=done, total=total)
