"""`carabin export`: turn checkpoints into validated model versions, take folders in, hand folders out.

Over 200 lines: the four commands share the ledger and the stages that they show.
"""

import sys
import time
from pathlib import Path
from typing import Annotated

import typer
from carabin.cli.interruption import until_interrupted
from carabin.cli.output import write_json
from carabin.exporter.errors import ExportCancelled, RequestInvalid
from carabin.exporter.jobs.ledger import Ledger
from carabin.exporter.jobs.pipeline import Exporter
from carabin.exporter.jobs.records import ExportRecord, owner_name
from carabin.exporter.jobs.request import ExportRequest, Step
from carabin.exporter.sources import (
    CheckpointSource,
    Ct2Folder,
    FolderCheckpoint,
    StoredCheckpoint,
    parse_reference,
)
from carabin.exporter.validation.samples import Sample, read_sample
from carabin.registry.artifacts.manifest import ModelManifest
from carabin.registry.artifacts.publish import fetch_model, read_manifest_and_document
from carabin.registry.artifacts.signing import signer_from_settings
from carabin.registry.connect import connect, store_settings
from carabin.registry.layout import manifest_key
from carabin.registry.settings import StoreSettings
from carabin.registry.stages.resolve import STAGE
from carabin.registry.store import ObjectStore
from rich.console import Console
from rich.table import Table
from typer.core import TyperGroup

from .models.context import Context, require_known

Name = Annotated[
    str, typer.Option("--model", "-m", "--name", envvar="CARABIN_MODEL", help="model name, such as cardio")
]
AsJson = Annotated[bool, typer.Option("--json", help="print one JSON document")]


class _CheckpointByDefault(TyperGroup):
    """Reads `carabin export RUN` as `carabin export checkpoint RUN`: it is what everybody comes for."""

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]
        if args and args[0] not in self.commands and args[0] != "--help":
            args = ["checkpoint", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=_CheckpointByDefault,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Turn checkpoints into validated model versions. `carabin export RUN --model MODEL` is the short form.",
    epilog="Example: carabin export cardio-1@200 --model cardio --quantization float16 --quantization int8",
)


@app.command(epilog="Example: carabin export checkpoint cardio-1 --model cardio --quantization int8")
def checkpoint(
    name: Name,
    run: Annotated[str | None, typer.Argument(metavar="RUN[@STEP]", help="a checkpoint in the registry")] = None,
    folder: Annotated[Path | None, typer.Option(help="a Hugging Face folder instead of a run")] = None,
    ct2_folder: Annotated[Path | None, typer.Option(help="a CTranslate2 folder, taken in as it is")] = None,
    quantization: Annotated[
        list[str] | None, typer.Option(help="may be given several times [default: float16]")
    ] = None,
    language: Annotated[str, typer.Option(help="language of the sample dictations")] = "fr",
    smoke_wav: Annotated[Path | None, typer.Option(help="recording to validate the model on")] = None,
    smoke_text: Annotated[str | None, typer.Option(help="what is said in it")] = None,
    retry: Annotated[bool, typer.Option(help="try again although this checkpoint failed before")] = False,
    work: Annotated[Path | None, typer.Option(help="folder for files under way")] = None,
    as_json: AsJson = False,
) -> None:
    """Convert a checkpoint, validate it, and publish each form as a candidate version."""
    if ct2_folder is not None and quantization:
        raise typer.BadParameter("--ct2-folder is taken in the form that it has: leave --quantization out")
    settings, store = _store()
    store.ensure_bucket(settings.models_bucket)
    request = ExportRequest(
        source=_source(store, settings, run, folder, ct2_folder),
        name=name,
        quantizations=tuple(quantization or ("float16",)),
        language=language,
        samples=_samples(smoke_wav, smoke_text),
        retry=retry,
    )
    exporter = Exporter(store, settings.models_bucket, _ledger(store, settings), work, signer_from_settings())
    with until_interrupted() as stop:
        try:
            manifests = exporter.export(request, _Progress(), stop)
        except ExportCancelled as error:
            if not stop.is_set():
                raise  # somebody cancelled it elsewhere
            _warn(f"carabin: {error}")
            raise typer.Exit(stop.exit_code) from error
    if as_json:
        _write_json([_describe(manifest) for manifest in manifests])
        return
    for manifest in manifests:
        signed = "signed" if manifest.signatures else "unsigned"
        form = manifest.format.quantization
        key = manifest_key(manifest.name, manifest.version)
        stage = store.get_tags(settings.models_bucket, key).get(STAGE, "candidate")
        stands = "a candidate" if stage == "candidate" else f"there already, as {stage}"
        sys.stdout.write(f"{manifest.name} {manifest.version} ({form}) is {stands}, {signed}\n")


@app.command(epilog="Example: carabin export download 20261124T101500Z-0123456789ab ./cardio --model cardio")
def download(
    version: Annotated[str, typer.Argument(help="a model version")],
    folder: Annotated[Path, typer.Argument(help="folder to create")],
    name: Name,
    as_json: AsJson = False,
) -> None:
    """Fetch a version as a folder that plain faster-whisper opens, every byte verified, with its manifest."""
    settings, store = _store()
    manifest, document = read_manifest_and_document(store, settings.models_bucket, name, version)
    fetch_model(store, settings.models_bucket, manifest, folder, _each_file)
    (folder / "manifest.json").write_bytes(document)
    if as_json:
        _write_json({"folder": str(folder), **_describe(manifest)})
    else:
        sys.stdout.write(f"{folder}: {name} {version}; faster_whisper.WhisperModel({str(folder)!r}) opens it\n")


@app.command("list", epilog="Example: carabin export list --model cardio")
def list_exports(name: Name, as_json: AsJson = False) -> None:
    """Show every export of a model: those that run, that are done, and that failed, with the reason."""
    settings, store = _store()
    records = _ledger(store, settings).list(name, lambda error: _warn(str(error)))
    if not records:
        require_known(Context(store, settings.models_bucket, name))
    if as_json:
        _write_json([record.model_dump(mode="json") for record in records])
        return
    table = Table(box=None)
    for column in ("export", "checkpoint", "state", "versions", "reason"):
        table.add_column(column, overflow="fold", no_wrap=column == "export")
    for record in records:
        table.add_row(*_row(record))
    Console(file=sys.stdout, width=None if sys.stdout.isatty() else 160).print(table, markup=False)


@app.command(epilog="Example: carabin export cancel 0123456789abcdef --model cardio")
def cancel(export: Annotated[str, typer.Argument(help="id, as `list` shows it")], name: Name) -> None:
    """Ask the exporter at work on it to stop; nothing of it becomes visible."""
    settings, store = _store()
    record = _ledger(store, settings).request_cancel(name, export)
    said = "is asked to stop" if record.cancel_requested else f"is {record.state}"
    sys.stdout.write(f"export {export} of {record.checkpoint} {said}\n")


def _store() -> tuple[StoreSettings, ObjectStore]:
    settings = store_settings()
    return settings, connect(settings)


def _ledger(store: ObjectStore, settings: StoreSettings) -> Ledger:
    return Ledger(store, settings.models_bucket, owner_name())


def _source(
    store: ObjectStore, settings: StoreSettings, run: str | None, folder: Path | None, ct2_folder: Path | None
) -> CheckpointSource:
    if sum(given is not None for given in (run, folder, ct2_folder)) != 1:
        raise typer.BadParameter("give exactly one of RUN[@STEP], --folder and --ct2-folder")
    if run is not None and (Path(run) / "config.json").is_file():
        raise typer.BadParameter(
            f"{run} is a model's folder: give it with --folder, or --ct2-folder if it is CTranslate2's"
        )
    if run is not None:
        return StoredCheckpoint(store, settings.checkpoints_bucket, *parse_reference(run))
    return FolderCheckpoint(folder) if folder else Ct2Folder(ct2_folder or Path())


def _samples(wav: Path | None, text: str | None) -> tuple[Sample, ...]:
    if (wav is None) != (text is None):
        raise RequestInvalid("--smoke-wav and --smoke-text belong together: a recording and what is said in it")
    return (read_sample(wav, text),) if wav and text else ()


class _Progress:
    """Prints each step with the seconds since the start."""

    def __init__(self) -> None:
        self._started_s = time.monotonic()

    def __call__(self, step: Step) -> None:
        sys.stderr.write(f"{time.monotonic() - self._started_s:7.1f} s  {step.stage:<8} {step.detail}\n")


def _each_file(path: str, size: int) -> None:
    sys.stderr.write(f"{size / 1e6:10.1f} MB  {path}\n")


def _describe(manifest: ModelManifest) -> dict[str, object]:
    return {
        "name": manifest.name,
        "version": manifest.version,
        "quantization": manifest.format.quantization,
        "bytes": manifest.total_bytes,
        "smoke": manifest.smoke.text if manifest.smoke else None,
        "signed": bool(manifest.signatures),
    }


def _row(record: ExportRecord) -> tuple[str, ...]:
    versions = ", ".join(f"{form}: {version}" for form, version in record.versions.items())
    state = f"{record.state}: {record.stage}" if record.state == "running" else record.state
    return record.id, record.checkpoint, state, versions, record.reason


def _warn(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def _write_json(document: object) -> None:
    write_json(document, indent=2)
