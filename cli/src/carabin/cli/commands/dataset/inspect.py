"""`carabin dataset list | check`: the datasets of the store, and whether one is sound."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer
from carabin.cli.output import write_json
from carabin.registry.artifacts.datasets import DatasetManifest, list_datasets, read_dataset
from carabin.registry.connect import connect, store_settings
from rich.console import Console
from rich.table import Table

from .output import AsJson, progress_bar, show_findings
from .reference import Reference, dataset_folder


def list_(as_json: AsJson = False) -> None:
    """List the datasets of the store."""
    store, settings = connect(), store_settings()
    bucket = settings.datasets_bucket
    manifests = [read_dataset(store, bucket, name, version) for name, version in list_datasets(store, bucket)]
    if as_json:
        write_json([manifest.model_dump(mode="json") for manifest in manifests])
        return
    table = Table("dataset", "train", "validation", "test", "hours")
    table.add_column("version", no_wrap=True)
    for manifest in manifests:
        counts = [str(manifest.counts[split].dictations) for split in ("train", "validation", "test")]
        table.add_row(manifest.name, *counts, f"{_hours(manifest):.2f}", manifest.version)
    Console().print(table)


def check(
    reference: Reference,
    audit: Annotated[
        Path | None,
        typer.Option(
            "--audit", metavar="PAGE.html", help="Ask the stock model how likely each report is for its recording."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Judge a dataset again: hashes, durations, label lengths, leaks between splits; exit code 1 if it fails."""
    from carabin.trainer.quality.dataset import check_dataset

    with dataset_folder(reference) as folder, progress_bar("Checking", as_json) as progress:
        report = check_dataset(folder, progress=progress)
        if audit:
            with progress_bar("Comparing reports with recordings", as_json) as compared:
                _audit(folder, audit, reference, report, compared)
    if as_json:
        write_json(report.as_dict())
    else:
        show_findings(report)
        typer.echo(f"{reference}: {report.accepted} dictations are sound, {len(report.refused)} findings refuse it.")
    if report.refused:
        raise typer.Exit(1)


def _audit(folder: Path, page: Path, title: str, report: Any, progress: Callable[[int, int], None] | None) -> None:
    """Score every pair with the stock model, write the page, and refuse what does not belong together."""
    from carabin.trainer.data.audio import encode_flac
    from carabin.trainer.data.dictations import SPLITS, load_split
    from carabin.trainer.datasets.local import Joined
    from carabin.trainer.models.embedded import install_base_model
    from carabin.trainer.quality.audit import audit
    from carabin.trainer.quality.audit_page import write_audit_page
    from carabin.trainer.segmentation.align import WhisperAligner

    splits = [load_split(folder, name) for name in SPLITS]
    everything = Joined(splits)
    named = [(f"{name}[{place}] ({split.sources[place]})", split.sentences[place])
             for name, split in zip(SPLITS, splits, strict=True) for place in range(len(split))]  # fmt: skip
    with tempfile.TemporaryDirectory(prefix="carabin-aligner-") as scratch:
        aligner = WhisperAligner(install_base_model(Path(scratch) / "base"))
    pairs = []
    for pair in audit(named, lambda index: everything[index].audio, aligner.evidence):
        pairs.append(pair)
        if not pair.belongs:
            reason = f"has a report that is not what is dictated in it (evidence {pair.evidence:.2f}): see {page}"
            report.add(pair.source, "text-audio-mismatch", "refused", reason)
        if progress:
            progress(len(pairs), len(named))
    write_audit_page(
        page,
        title,
        pairs,
        lambda index: encode_flac(everything[index].audio),
        lambda index: aligner.transcribe(everything[index].audio),
    )


def _hours(manifest: DatasetManifest) -> float:
    return sum(count.duration_s for count in manifest.counts.values()) / 3600
