"""`carabin dataset synthesize | build | from-corrections`: datasets out of voices, recordings and corrections."""

import sys
import tempfile
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import typer
from carabin.cli.output import write_json
from carabin.registry.connect import connect
from carabin.registry.layout import safe_name

from .output import AsJson, build_cache, finish, progress_bar, show_findings, sizes_line, target_folder

# The trainer's libraries take seconds to import: each command imports what it needs.

Name = Annotated[str | None, typer.Option("--name", help="Dataset name in the store.")]
Out = Annotated[
    Path | None, typer.Option("--folder", help="Write the dataset to this new folder instead of publishing it.")
]


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
    from carabin.trainer.datasets.splits import GENERAL_SHARES, SHARES
    from carabin.trainer.synthesis.engines import open_engine
    from carabin.trainer.synthesis.plan import plan, synthesize
    from carabin.trainer.text.corpus import sentences_of

    sentences = sentences_of(corpus)[:limit]
    shares = GENERAL_SHARES if corpus == "general" else SHARES
    planned = plan(sentences, takes=takes, shares=shares)
    speaker = open_engine(engine, voice)
    source = {"kind": "synthesized", "engine": engine, "corpus": Path(corpus).name, "sentences": str(len(sentences))}
    with target_folder(folder) as target, progress_bar("Speaking", as_json) as progress:
        sizes = synthesize(planned, speaker, target, progress=progress)
        finish(name or f"{Path(corpus).stem}-fr", target, sizes, source, folder, as_json)


def build(
    audio_dir: Annotated[Path | None, typer.Argument(help="Folder of recordings, in any usual container.")] = None,
    report_dir: Annotated[
        Path | None, typer.Argument(help="Folder of txt or rtf reports with the recordings' names.")
    ] = None,
    name: Name = None,
    csv: Annotated[Path | None, typer.Option(help="CSV of audio,sentence instead of the folders.")] = None,
    test_csv: Annotated[Path | None, typer.Option(help="CSV of the test split, beside --csv.")] = None,
    skip_bad: Annotated[bool, typer.Option("--skip-bad", help="Leave refused files out instead of stopping.")] = False,
    accept_damaged: Annotated[
        bool, typer.Option("--accept-damaged", help="Take what can be decoded of damaged and cut-off recordings.")
    ] = False,
    mappings: Annotated[
        list[str] | None,
        typer.Option("--map", metavar="THERE=HERE", help="What a folder of another machine, in the CSV, is here."),
    ] = None,
    audit: Annotated[
        Path | None,
        typer.Option(
            "--audit",
            metavar="PAGE.html",
            help="Keep out reports that the stock model finds no likelier for their recording.",
        ),
    ] = None,
    segment: Annotated[bool, typer.Option(help="Cut dictations over 30 s at their pauses.")] = True,
    speakers_from_folders: Annotated[bool, typer.Option(help="A first subfolder names the speaker.")] = False,
    work: Annotated[
        Path | None,
        typer.Option(help="Where decoded recordings stay for the next build.", show_default="in the user's cache"),
    ] = None,
    keep: Annotated[
        bool,
        typer.Option("--keep/--forget", help="Keep decoded recordings here: the next build does what is new."),
    ] = True,
    gate_report: Annotated[Path | None, typer.Option(help="Write every judgement to this JSON file.")] = None,
    dry_run: Annotated[bool, typer.Option(help="Judge only; publish and write no dataset.")] = False,
    folder: Out = None,
    as_json: AsJson = False,
) -> None:
    """Make a dataset of your own dictations: each file is judged first, and nothing is published half."""
    from carabin.trainer.datasets.build import build as build_dataset
    from carabin.trainer.datasets.pair_audit import PairAudit
    from carabin.trainer.errors import DatasetRefused
    from carabin.trainer.quality.report import GateReport

    report = GateReport()
    candidates = _collect(audio_dir, report_dir, csv, test_csv, speakers_from_folders, mappings or [], report)
    dataset = safe_name(name or (csv.stem if csv else "dictations"))
    open_aligner = cache(_open_aligner)
    audited = PairAudit(open_aligner(), audit, dataset) if audit else None
    try:
        with target_folder(None if dry_run else folder) as target, progress_bar("Judging", as_json) as progress:
            built = build_dataset(
                candidates, target, report,
                skip_bad=skip_bad, accept_damaged=accept_damaged,
                aligner=open_aligner if segment else None, audit=audited,
                work=work or build_cache(dataset), keep_work=keep, progress=progress,
            )  # fmt: skip
            sys.stderr.write(f"{built.decoded} recordings decoded, {built.known} known from the last build\n")
            source = {"kind": "csv" if csv else "folders", "accepted": str(report.accepted)} | {
                "refused": str(len(report.refused)), "speakers_disjoint": str(built.speakers_disjoint).lower(),
            }  # fmt: skip
            if dry_run:
                write_json(report.as_dict()) if as_json else typer.echo(sizes_line(built.sizes))
                return
            finish(dataset, target, built.sizes, source, folder, as_json)
    except DatasetRefused:
        if as_json:
            write_json(report.as_dict())
        raise
    finally:
        for line in report.sums():
            sys.stderr.write(f"{line}\n")
        if gate_report:
            report.write(gate_report)


def from_corrections(
    name: Name = None,
    bucket: Annotated[str, typer.Option("--bucket", help="The bucket of corrections.")] = "corrections",
    folder: Out = None,
    as_json: AsJson = False,
) -> None:
    """Make a dataset of what clinicians corrected and agreed to teach; suspicious edits are named and left out."""
    from carabin.trainer.datasets.corrections import build_from_corrections, source_of

    with target_folder(folder) as target:
        built, judged, report = build_from_corrections(connect(), bucket, target, datetime.now(UTC))
        show_findings(report)
        for each in judged.quarantined:
            sys.stderr.write(f"quarantine: {each.id}: {each.reason}\n")
        finish(name or "corrections", target, built.sizes, source_of(judged), folder, as_json)


def _collect(
    audio_dir: Path | None,
    report_dir: Path | None,
    csv: Path | None,
    test_csv: Path | None,
    speakers_from_folders: bool,
    mappings: list[str],
    report: Any,
) -> list[Any]:
    from carabin.trainer.datasets.collect import collect_folders
    from carabin.trainer.datasets.collect_tables import collect_tables
    from carabin.trainer.datasets.file_names import PathMapping

    pairs = [text.rpartition("=") for text in mappings]
    if wrong := next(
        (text for text, (there, _, here) in zip(mappings, pairs, strict=True) if not there or not here), None
    ):
        raise typer.BadParameter(f"{wrong!r} is no THERE=HERE", param_hint="--map")
    mapped = [PathMapping(there, Path(here)) for there, _, here in pairs]
    if csv and not audio_dir:
        tables = [(csv, "train"), (test_csv, "test")] if test_csv else [(csv, None)]
        return collect_tables(tables, report, mappings=mapped)
    if audio_dir and report_dir and not (csv or test_csv):
        return collect_folders(audio_dir, report_dir, report, speakers_from_folders=speakers_from_folders)
    raise typer.BadParameter("give AUDIO_DIR and REPORT_DIR, or --csv FILE (with --test-csv FILE if you have one)")


def _open_aligner() -> Any:
    """Install the embedded stock model for the time of the build: only it says when words are spoken."""
    from carabin.trainer.models.embedded import install_base_model
    from carabin.trainer.segmentation.align import WhisperAligner

    with tempfile.TemporaryDirectory(prefix="carabin-aligner-") as scratch:
        return WhisperAligner(install_base_model(Path(scratch) / "base"))
