"""`carabin train`: fine-tune Whisper on a dataset of the store, or follow a run that trains elsewhere."""

import os
import re
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from carabin.cli.output import write_json
from carabin.registry.connect import connect, store_settings
from carabin.registry.settings import data_dir
from carabin.service.logging import configure_logging
from carabin.service.shutdown import stop_on_signals
from rich.console import Console
from rich.table import Table

from .kubernetes_job import print_job
from .set_option import parse_settings, setting_pairs

# The trainer's libraries take seconds to import: only the command itself needs them.

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)

DEFAULT_ADDRESS = "127.0.0.1:9094"
SHOWN = ("wer", "wer_raw", "cer", "term_recall", "critical_errors", "general_wer", "hallucinated_words")


@app.command(epilog="Example: carabin train demo --replay demo-general --epochs 3")
def train(
    dataset: Annotated[
        str | None,
        typer.Argument(
            metavar="DATASET[@VERSION]|CSV",
            help="What to learn from; a CSV of audio,sentence, with test.csv beside it, is made a dataset first.",
        ),
    ] = None,
    mode: Annotated[str | None, typer.Option(help="decoder (cached encoder), full, frozen-encoder or lora.")] = None,
    epochs: Annotated[float | None, typer.Option(min=0.01, help="Passes over the training split.")] = None,
    base: Annotated[
        str | None, typer.Option(help="embedded, a hub id, a folder, run:NAME[@STEP] or model:NAME[@VERSION].")
    ] = None,
    replay: Annotated[
        str | None,
        typer.Option(metavar="DATASET[@VERSION]", help="General speech mixed in, so that it is not forgotten."),
    ] = None,
    run: Annotated[str | None, typer.Option(help="The run's name; one that was interrupted is resumed.")] = None,
    preset: Annotated[str | None, typer.Option(help="notebook: the Hugging Face notebook's hyper-parameters.")] = None,
    batch_size: Annotated[int | None, typer.Option(min=1, help="Dictations of a step.")] = None,
    learning_rate: Annotated[float | None, typer.Option(help="Peak learning rate; the mode's own by default.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Everything random depends on it.")] = None,
    evaluate: Annotated[
        bool | None, typer.Option("--evaluate/--no-evaluate", help="Score the test split at the end.")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Decode at most so many dictations of each set.")] = None,
    setting: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="Any other setting; `carabin settings trainer` lists them."),
    ] = None,
    follow: Annotated[
        str | None, typer.Option(metavar="RUN", help="Watch a run that trains elsewhere; its token is CARABIN_TOKEN.")
    ] = None,
    address: Annotated[str, typer.Option(help="host:port of that trainer's WatchRun.")] = DEFAULT_ADDRESS,
    authority: Annotated[
        Path | None, typer.Option("--ca", help="PEM file of who signed that trainer's certificate, where it has one.")
    ] = None,
    kubernetes: Annotated[
        bool,
        typer.Option(
            "--kubernetes",
            help="Train nothing here: read the cluster's CronJob carabin-trainer in JSON and print its Job.",
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object at the end.")] = False,
) -> None:
    """Fine-tune Whisper and publish the outcome as a checkpoint; Ctrl-C saves, and the same command goes on."""
    console = Console(stderr=True)
    if follow:
        _follow(follow, address, authority, console, as_json=as_json)
        return
    if dataset is None:
        raise typer.BadParameter("name a dataset, or a run to --follow")
    given = {
        "dataset": dataset,
        "mode": mode,
        "epochs": epochs,
        "base": base,
        "replay": replay,
        "run": run,
        "batch_size": batch_size,
        "learning_rate": learning_rate,
        "seed": seed,
        "evaluate": evaluate,
        "evaluate_limit": limit,
    }
    chosen = {name: value for name, value in given.items() if value is not None}
    if kubernetes:
        print_job(chosen, setting or [], preset)
        return
    result = _train(chosen, setting or [], preset, console)
    if as_json:
        write_json(result)
    else:
        Console().print(_table(result))


def _train(given: dict[str, Any], extra: list[str], preset: str | None, console: Console) -> dict[str, Any]:
    from carabin.trainer.launch import launch, quiet
    from carabin.trainer.settings import PRESETS, TrainerSettings

    if preset is not None and preset not in PRESETS:
        raise typer.BadParameter(
            f"there is no preset {preset!r}: choose one of {', '.join(PRESETS)}", param_hint="--preset"
        )
    pairs = setting_pairs(extra, TrainerSettings.model_fields)
    quiet()
    if not console.is_terminal:
        configure_logging("trainer")
    if given["dataset"].endswith(".csv"):
        given["dataset"] = _published(Path(given["dataset"]), console)
    values = {"work_dir": data_dir() / "train", **PRESETS.get(preset or "", {}), **parse_settings(pairs), **given}
    result = launch(
        TrainerSettings.load(**values),
        connect(),
        store_settings(),
        console,
        stop_on_signals().is_set,
        datetime.now(UTC),
    )
    return {
        "run": result.run,
        "state": result.state,
        "step": result.step,
        "checkpoint": str(result.checkpoint.ref) if result.checkpoint else None,
        "metrics": dict(result.checkpoint.metrics) if result.checkpoint else {},
        "window": result.checkpoint.window.model_dump() if result.checkpoint else None,
        "seconds": dict(result.seconds),
    }


def _published(csv: Path, console: Console) -> str:
    """Make a dataset of a notebook's CSV, named after its folder; return NAME@VERSION."""
    from carabin.trainer.datasets.from_csv import dataset_from_csv
    from carabin.trainer.quality.report import GateReport

    name = re.sub(r"[^A-Za-z0-9._-]+", "-", csv.resolve().parent.name).strip(".-") or csv.stem
    report, bucket = GateReport(), store_settings().datasets_bucket
    try:
        manifest = dataset_from_csv(connect(), bucket, name, csv, datetime.now(UTC), report=report)
    finally:
        for line in report.sums():
            sys.stderr.write(f"{line}\n")
    counts = ", ".join(f"{split} {count.dictations}" for split, count in manifest.counts.items())
    console.print(f"dataset {name}@{manifest.version}: {counts}", highlight=False, soft_wrap=True)
    return f"{name}@{manifest.version}"


def _follow(run: str, address: str, authority: Path | None, console: Console, *, as_json: bool) -> None:
    from carabin.trainer.runtime.terminal import show
    from carabin.trainer.runtime.watch_client import follow

    shown = show(console)
    try:
        last = follow(run, address, shown, token=os.environ.get("CARABIN_TOKEN"), authority=authority)
    finally:
        shown.close()
    if as_json:
        write_json({"run": run, "text": last.text, "metrics": dict(last.metrics)})


def _table(result: dict[str, Any]) -> Table:
    table = Table(title=f"Run {result['run']}: {result['state']} at step {result['step']}")
    table.add_column("on test")
    table.add_column("stock", justify="right")
    table.add_column("fine-tuned", justify="right")
    metrics = result["metrics"]
    for name in SHOWN:
        if name in metrics:
            stock = metrics.get(f"stock_{name}")
            table.add_row(name, "" if stock is None else f"{stock:.3f}", f"{metrics[name]:.3f}")
    return table
