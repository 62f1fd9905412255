"""`carabin dataset`: make, check and list datasets of dictations."""

import json
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from carabin.registry.artifacts.datasets import (
    DatasetManifest,
    fetch_dataset,
    latest_dataset,
    list_datasets,
    read_dataset,
)
from carabin.registry.connect import connect, store_settings
from carabin.registry.layout import safe_name
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

# The trainer's libraries take seconds to import: each command imports what it needs.

app = typer.Typer(
    help="Make, check and list datasets of dictations.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

Name = Annotated[str | None, typer.Option("--name", help="Dataset name in the store.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Reference = Annotated[str, typer.Argument(metavar="NAME[@VERSION]", help="A dataset in the store; its newest version.")]
Out = Annotated[
    Path | None, typer.Option("--folder", help="Write the dataset to this new folder instead of publishing it.")
]


@app.command(epilog="Example: carabin dataset synthesize --corpus medical --name demo")
def synthesize(
    corpus: Annotated[str, typer.Option(help="medical, general, or a file with one sentence a line.")] = "medical",
    name: Name = None,
    engine: Annotated[str, typer.Option(help="pico, espeak-ng, piper or bark.")] = "pico",
    voice: Annotated[Path | None, typer.Option(help="The engine's voice file or model folder.")] = None,
    takes: Annotated[int, typer.Option(min=1, max=5, help="Speakers that read each training sentence.")] = 2,
    limit: Annotated[int | None, typer.Option(min=10, help="Only the first so many sentences.")] = None,
    folder: Out = None,
    as_json: AsJson = False,
) -> None:
    """Speak a corpus with synthetic voices and publish it; splits share no sentence."""
    from carabin.trainer.corpus import sentences_of
    from carabin.trainer.datasets.splits import GENERAL_SHARES, SHARES
    from carabin.trainer.synthesis.engines import open_engine
    from carabin.trainer.synthesis.plan import plan, synthesize

    sentences = sentences_of(corpus)[:limit]
    shares = GENERAL_SHARES if corpus == "general" else SHARES
    planned = plan(sentences, takes=takes, shares=shares)
    speaker = open_engine(engine, voice)
    source = {"kind": "synthesized", "engine": engine, "corpus": Path(corpus).name, "sentences": str(len(sentences))}
    with _target(folder) as target, _progress("Speaking", as_json) as progress:
        sizes = synthesize(planned, speaker, target, progress=progress)
        _finish(name or f"{Path(corpus).stem}-fr", target, sizes, source, folder, as_json)


@app.command(epilog="Example: carabin dataset build recordings/ reports/ --name cardiology")
def build(
    audio_dir: Annotated[Path | None, typer.Argument(help="Folder of wav or flac recordings.")] = None,
    report_dir: Annotated[Path | None, typer.Argument(help="Folder of txt reports with the recordings' names.")] = None,
    name: Name = None,
    csv: Annotated[Path | None, typer.Option(help="CSV of audio,sentence instead of the folders.")] = None,
    test_csv: Annotated[Path | None, typer.Option(help="CSV of the test split, beside --csv.")] = None,
    skip_bad: Annotated[bool, typer.Option("--skip-bad", help="Leave refused files out instead of stopping.")] = False,
    segment: Annotated[bool, typer.Option(help="Cut dictations over 30 s at their pauses.")] = True,
    speakers_from_folders: Annotated[bool, typer.Option(help="A first subfolder names the speaker.")] = False,
    gate_report: Annotated[Path | None, typer.Option(help="Write every judgement to this JSON file.")] = None,
    dry_run: Annotated[bool, typer.Option(help="Judge only; publish nothing.")] = False,
    folder: Out = None,
    as_json: AsJson = False,
) -> None:
    """Make a dataset of your own dictations: each file is judged first, and nothing is published half."""
    from carabin.trainer.datasets.build import build as build_dataset
    from carabin.trainer.errors import DatasetRefused
    from carabin.trainer.quality.report import GateReport

    report = GateReport()
    candidates = _collect(audio_dir, report_dir, csv, test_csv, speakers_from_folders, report)
    dataset = safe_name(name or (csv.stem if csv else "dictations"))
    try:
        with _target(folder) as target, _progress("Judging", as_json) as progress:
            built = build_dataset(
                candidates, target, report,
                skip_bad=skip_bad, aligner=_open_aligner if segment else None, progress=progress,
            )  # fmt: skip
            _show_findings(report)
            source = {"kind": "csv" if csv else "folders", "accepted": str(report.accepted)} | {
                "refused": str(len(report.refused)), "speakers_disjoint": str(built.speakers_disjoint).lower(),
            }  # fmt: skip
            if dry_run:
                typer.echo(json.dumps(report.as_dict(), ensure_ascii=False) if as_json else _sizes_line(built.sizes))
                return
            _finish(dataset, target, built.sizes, source, folder, as_json)
    except DatasetRefused:
        if as_json:
            typer.echo(json.dumps(report.as_dict(), ensure_ascii=False))
        raise
    finally:
        if gate_report:
            report.write(gate_report)


@app.command(epilog="Example: carabin dataset from-corrections --name corrected")
def from_corrections(
    name: Name = None,
    bucket: Annotated[str, typer.Option("--bucket", help="The bucket of corrections.")] = "corrections",
    folder: Out = None,
    as_json: AsJson = False,
) -> None:
    """Make a dataset of what clinicians corrected and agreed to teach; suspicious edits are named and left out."""
    from carabin.trainer.datasets.corrections import build_from_corrections, source_of

    with _target(folder) as target:
        built, judged, report = build_from_corrections(connect(), bucket, target, datetime.now(UTC))
        _show_findings(report)
        for each in judged.quarantined:
            sys.stderr.write(f"quarantine: {each.id}: {each.reason}\n")
        _finish(name or "corrections", target, built.sizes, source_of(judged), folder, as_json)


@app.command("list", epilog="Example: carabin dataset list --json")
def list_(as_json: AsJson = False) -> None:
    """List the datasets of the store."""
    store, settings = connect(), store_settings()
    bucket = settings.datasets_bucket
    manifests = [read_dataset(store, bucket, name, version) for name, version in list_datasets(store, bucket)]
    if as_json:
        typer.echo(json.dumps([manifest.model_dump(mode="json") for manifest in manifests], ensure_ascii=False))
        return
    table = Table("dataset", "train", "validation", "test", "hours")
    table.add_column("version", no_wrap=True)
    for manifest in manifests:
        counts = [str(manifest.counts[split].dictations) for split in ("train", "validation", "test")]
        table.add_row(manifest.name, *counts, f"{_hours(manifest):.2f}", manifest.version)
    Console().print(table)


@app.command(epilog="Example: carabin dataset show demo")
def show(reference: Reference, as_json: AsJson = False) -> None:
    """Show one dataset: its splits, where it came from, and its files with their hashes."""
    _, manifest = _manifest(reference)
    if as_json:
        typer.echo(manifest.model_dump_json(indent=2))
        return
    typer.echo(f"{manifest.name} {manifest.version}, made {manifest.created_at:%Y-%m-%d %H:%M} UTC")
    for split, count in manifest.counts.items():
        typer.echo(f"  {split:<11}{count.dictations:>6} dictations {count.duration_s / 60:>8.1f} min")
    for key, value in sorted(manifest.source.items()):
        typer.echo(f"  {key}: {value}")
    for entry in manifest.files:
        typer.echo(f"  {entry.sha256}  {entry.path} ({entry.size} bytes)")


@app.command(epilog="Example: carabin dataset check demo")
def check(
    reference: Annotated[str, typer.Argument(metavar="NAME[@VERSION]|FOLDER", help="In the store, or a folder here.")],
    as_json: AsJson = False,
) -> None:
    """Judge a dataset again: hashes, durations, label lengths, leaks between splits; exit code 1 if it fails."""
    from carabin.trainer.quality.dataset import check_dataset

    with tempfile.TemporaryDirectory(prefix="carabin-check-") as scratch, _progress("Checking", as_json) as progress:
        folder = Path(reference)
        if not folder.is_dir():
            store, manifest = _manifest(reference)
            folder = fetch_dataset(store, store_settings().datasets_bucket, manifest, Path(scratch) / "dataset")
        report = check_dataset(folder, progress=progress)
    if as_json:
        typer.echo(json.dumps(report.as_dict(), ensure_ascii=False))
    else:
        _show_findings(report)
        typer.echo(f"{reference}: {report.accepted} dictations are sound, {len(report.refused)} findings refuse it.")
    if report.refused:
        raise typer.Exit(1)


def _collect(
    audio_dir: Path | None,
    report_dir: Path | None,
    csv: Path | None,
    test_csv: Path | None,
    speakers_from_folders: bool,
    report: Any,
) -> list[Any]:
    from carabin.trainer.datasets.collect import collect_csv, collect_folders

    if csv and not audio_dir:
        split = "train" if test_csv else None
        found = collect_csv(csv, report, split=split)
        return found + (collect_csv(test_csv, report, split="test") if test_csv else [])
    if audio_dir and report_dir and not (csv or test_csv):
        return collect_folders(audio_dir, report_dir, report, speakers_from_folders=speakers_from_folders)
    raise typer.BadParameter("give AUDIO_DIR and REPORT_DIR, or --csv FILE (with --test-csv FILE if you have one)")


def _open_aligner() -> Any:
    """Install the embedded stock model for the time of the build: only it says when words are spoken."""
    from carabin.trainer.models.embedded import install_base_model
    from carabin.trainer.segmentation.align import WhisperAligner

    with tempfile.TemporaryDirectory(prefix="carabin-aligner-") as scratch:
        return WhisperAligner(install_base_model(Path(scratch) / "base"))


@contextmanager
def _target(folder: Path | None) -> Iterator[Path]:
    if folder:
        yield folder
        return
    with tempfile.TemporaryDirectory(prefix="carabin-dataset-") as scratch:
        yield Path(scratch) / "dataset"


def _finish(
    name: str, target: Path, sizes: Mapping[str, Any], source: dict[str, str], folder: Path | None, as_json: bool
) -> None:
    """Publish the dataset folder, unless it was asked for as a folder, and say what it is."""
    from carabin.trainer.datasets.publish import publish_folder

    if folder:
        typer.echo(json.dumps({"folder": str(folder)}) if as_json else f"{folder}: {_sizes_line(sizes)}")
        return
    store, settings = connect(), store_settings()
    manifest = publish_folder(
        store, settings.datasets_bucket, safe_name(name), target, sizes, datetime.now(UTC), source=source
    )
    if as_json:
        typer.echo(manifest.model_dump_json())
    else:
        typer.echo(f"Published {manifest.name} {manifest.version}: {_sizes_line(sizes)}")


def _sizes_line(sizes: Mapping[str, Any]) -> str:
    parts = [f"{split} {size.dictations} ({size.duration_s / 60:.1f} min)" for split, size in sizes.items()]
    return ", ".join(parts)


def _show_findings(report: Any) -> None:
    for finding in report.findings:
        sys.stderr.write(f"{finding.action}: {finding.message}\n")


def _manifest(reference: str) -> tuple[Any, DatasetManifest]:
    store, bucket = connect(), store_settings().datasets_bucket
    name, _, version = reference.partition("@")
    found = read_dataset(store, bucket, name, version) if version else latest_dataset(store, bucket, name)
    return store, found


def _hours(manifest: DatasetManifest) -> float:
    return sum(count.duration_s for count in manifest.counts.values()) / 3600


@contextmanager
def _progress(title: str, quiet: bool) -> Iterator[Callable[[int, int], None] | None]:
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
