"""`carabin evaluate`: several model versions side by side on one dataset's held-out dictations."""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import typer
from carabin.cli.output import write_json
from carabin.lexicon import Lexicon
from carabin.registry.artifacts.datasets import fetch_dataset, find_dataset
from carabin.registry.artifacts.manifest import ModelManifest
from carabin.registry.artifacts.publish import fetch_model, read_manifest
from carabin.registry.connect import connect, store_settings
from carabin.registry.settings import StoreSettings
from carabin.registry.store import ObjectStore
from carabin.trainer.data.dictations import Dictation, load_split
from carabin.trainer.datasets.local import Joined, limited
from carabin.trainer.evaluation.evaluate import ScoredDictation, evaluate_model, score, summarize
from carabin.trainer.evaluation.learnt import datasets_of, learnt_before
from carabin.trainer.text.terms import TermIndex, load_terms
from carabin.transcriber.core.api import Samples
from carabin.transcriber.inference.ct2 import Ct2Engine
from carabin.transcriber.runtime.lexicon_comparison import compare
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from .lexicon.files import read

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)

COLUMNS = {
    "wer": "WER %",
    "term_recall": "medical terms found %",
    "critical_errors": "critical errors",
    "general_wer": "general French WER %",
}
WITH_LEXICON: Final = " with the lexicon"
"""How the row of a version with the lexicon's words ends."""
PERCENT = frozenset({"wer", "term_recall", "general_wer"})
LEARNT: Final = "learnt_test_dictations"
"""How many of the test split's dictations the version has learnt; absent where a dataset of its lineage is gone."""


@dataclass(frozen=True, slots=True)
class HeldOut:
    """The test split of a dataset: where all of it lies, and the dictations that are decoded."""

    reference: str
    folder: Path
    dictations: Sequence[Dictation]


@app.command(epilog="Example: carabin evaluate 20261124T101500Z-0123456789ab --model francais --dataset demo")
def evaluate(
    versions: Annotated[list[str], typer.Argument(help="model versions, in the table's order")],
    name: Annotated[str, typer.Option("--model", "-m", envvar="CARABIN_MODEL", help="model name")],
    dataset: Annotated[str, typer.Option(help="dataset NAME or NAME@VERSION, whose test split is transcribed")],
    general: Annotated[str | None, typer.Option(help="dataset of general French, for its WER beside")] = None,
    lexicon: Annotated[
        Path | None, typer.Option(help="a lexicon's file: each version has a second row, with its words")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="at most so many dictations, spread over each set")] = None,
    json_output: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
) -> None:
    """Transcribe held-out dictations with each version, on the windows that serving uses, and compare their errors.

    Dictations that a version has learnt, as its lineage knows, are counted in a warning.
    With --lexicon, both rows of a version are decoded as the transcriber decodes the finals of a live dictation.
    """
    store, buckets = connect(), store_settings()
    words = read(lexicon) if lexicon else None
    with tempfile.TemporaryDirectory(prefix="carabin-evaluate-") as scratch:
        folder = Path(scratch)
        medical = held_out(store, buckets, dataset, folder / "medical", limit)
        other = held_out(store, buckets, general, folder / "general", limit) if general else None
        measured = {each.reference: each.folder for each in (medical, other) if each}
        found: dict[str, dict[str, float]] = {}
        for version in versions:
            manifest = read_manifest(store, buckets.models_bucket, name, version)
            learnt = learnt_before(datasets_of(manifest.source), measured, store, buckets.datasets_bucket, folder)
            for warning in learnt.warnings:
                typer.echo(f"{version}: {warning}", err=True)
            model = fetch_model(store, buckets.models_bucket, manifest, folder / version)
            rows = _measure(model, manifest, medical.dictations, other.dictations if other else (), words)
            for metrics in rows.values():
                metrics |= {LEARNT: float(learnt.dictations)} if learnt.checked else {}
            found |= rows
    if json_output:
        write_json(found)
    else:
        Console().print(comparison(found))


def held_out(store: ObjectStore, buckets: StoreSettings, dataset: str, target: Path, limit: int | None) -> HeldOut:
    """Fetch a dataset, `NAME` or `NAME@VERSION`, into `target`, and return its test split, or `limit` spread over it.

    Sounds are decoded when they are asked for: a large split does not fit in memory.
    """
    bucket = buckets.datasets_bucket
    manifest = find_dataset(store, bucket, dataset)
    fetched = fetch_dataset(store, bucket, manifest, target)
    return HeldOut(f"{manifest.name}@{manifest.version}", fetched, limited(load_split(fetched, "test"), limit))


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
    model: Path,
    manifest: ModelManifest,
    medical: Sequence[Dictation],
    general: Sequence[Dictation],
    lexicon: Lexicon | None,
) -> dict[str, dict[str, float]]:
    """Return a version's figures, and those with the lexicon where one is given, by the row's name."""
    version = manifest.version
    with Progress(console=Console(stderr=True)) as bars:
        task = bars.add_task(version, total=len(medical) + len(general))

        def advance(done: int, total: int) -> None:
            bars.update(task, completed=done, total=total)

        if lexicon is not None:
            without, with_it = _without_and_with(model, manifest, medical, general, lexicon, advance)
            return {version: without, f"{version}{WITH_LEXICON}": with_it}
        evaluation = evaluate_model(
            model, medical, terms=load_terms(), general=general, window=manifest.window, progress=advance
        )
    return {version: dict(evaluation.metrics)}


class _Sounds(Sequence[Samples]):
    """The sounds of dictations, decoded each time they are asked for: together they do not fit in memory."""

    def __init__(self, dictations: Sequence[Dictation]) -> None:
        self._dictations = dictations

    def __len__(self) -> int:
        return len(self._dictations)

    def __getitem__(self, place: int) -> Samples:  # type: ignore[override]
        return self._dictations[place].audio


def _without_and_with(
    model: Path,
    manifest: ModelManifest,
    medical: Sequence[Dictation],
    general: Sequence[Dictation],
    lexicon: Lexicon,
    advance: Callable[[int, int], None],
) -> tuple[dict[str, float], dict[str, float]]:
    dictations, terms = Joined([medical, general]), load_terms()
    index = TermIndex(terms)
    scored: dict[int, tuple[ScoredDictation, ScoredDictation]] = {}
    engine = Ct2Engine(model, version=manifest.version, replicas=1, windows=manifest.window)
    try:
        for place, without, with_it in compare(engine, lexicon, _Sounds(dictations)):
            said = dictations[place]
            scored[place] = score(said, without, index), score(said, with_it, index)
            advance(len(scored), len(dictations))
    finally:
        engine.close()
    first, second = ([scored[place][column] for place in range(len(dictations))] for column in (0, 1))
    n = len(medical)
    return summarize(first[:n], first[n:], {}, terms), summarize(second[:n], second[n:], {}, terms)
