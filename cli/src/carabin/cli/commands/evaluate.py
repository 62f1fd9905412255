"""`carabin evaluate`: several model versions side by side on one dataset's held-out dictations."""

import tempfile
from pathlib import Path
from typing import Annotated

import typer
from carabin.cli.output import write_json
from carabin.registry.artifacts.datasets import fetch_dataset
from carabin.registry.artifacts.publish import fetch_model, read_manifest
from carabin.registry.connect import connect, store_settings
from carabin.registry.settings import StoreSettings
from carabin.registry.store import ObjectStore
from carabin.trainer.data.dictations import Dictation, load_split
from carabin.trainer.datasets.local import named
from carabin.trainer.evaluation.evaluate import evaluate_model
from carabin.trainer.text.terms import load_terms
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)

COLUMNS = {
    "wer": "WER %",
    "term_recall": "medical terms found %",
    "critical_errors": "critical errors",
    "general_wer": "general French WER %",
}
PERCENT = frozenset({"wer", "term_recall", "general_wer"})


@app.command(epilog="Example: carabin evaluate 20261124T101500Z-0123456789ab --model francais --dataset demo")
def evaluate(
    versions: Annotated[list[str], typer.Argument(help="model versions, in the table's order")],
    name: Annotated[str, typer.Option("--model", "-m", envvar="CARABIN_MODEL", help="model name")],
    dataset: Annotated[str, typer.Option(help="dataset NAME or NAME@VERSION, whose test split is transcribed")],
    general: Annotated[str | None, typer.Option(help="dataset of general French, for its WER beside")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="at most so many dictations of each set")] = None,
    json_output: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
) -> None:
    """Transcribe held-out dictations with each version, on the windows that serving uses, and compare their errors."""
    store, buckets = connect(), store_settings()
    with tempfile.TemporaryDirectory(prefix="carabin-evaluate-") as scratch:
        folder = Path(scratch)
        medical = held_out(store, buckets, dataset, folder / "medical", limit)
        other = held_out(store, buckets, general, folder / "general", limit) if general else []
        found = {
            version: _measure(store, buckets, name, version, medical, other, folder / version) for version in versions
        }
    if json_output:
        write_json(found)
    else:
        Console().print(comparison(found))


def held_out(
    store: ObjectStore, buckets: StoreSettings, dataset: str, target: Path, limit: int | None
) -> list[Dictation]:
    """Fetch a dataset, `NAME` or `NAME@VERSION`, into `target`, and return its test split."""
    bucket = buckets.datasets_bucket
    manifest = named(store, bucket, dataset)
    return list(load_split(fetch_dataset(store, bucket, manifest, target), "test"))[:limit]


def comparison(found: dict[str, dict[str, float]]) -> Table:
    """A table of one row per version; a dash where a figure was not measured."""
    table = Table("version", *COLUMNS.values())
    for version, metrics in found.items():
        table.add_row(version, *(_cell(key, metrics.get(key)) for key in COLUMNS))
    return table


def _cell(key: str, value: float | None) -> str:
    if value is None:
        return "–"
    return f"{100 * value:.1f}" if key in PERCENT else f"{value:.0f}"


def _measure(
    store: ObjectStore,
    buckets: StoreSettings,
    name: str,
    version: str,
    medical: list[Dictation],
    general: list[Dictation],
    target: Path,
) -> dict[str, float]:
    bucket = buckets.models_bucket
    manifest = read_manifest(store, bucket, name, version)
    model = fetch_model(store, bucket, manifest, target)
    with Progress(console=Console(stderr=True)) as bars:
        task = bars.add_task(version, total=len(medical) + len(general))
        evaluation = evaluate_model(
            model,
            medical,
            terms=load_terms(),
            general=general,
            window=manifest.window,
            progress=lambda done, total: bars.update(task, completed=done, total=total),
        )
    return dict(evaluation.metrics)
