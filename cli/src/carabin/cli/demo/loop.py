"""The demo's steps in order; each does its work through the same commands that an operator types."""

import asyncio
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

from carabin.cli.commands.evaluate import WITH_LEXICON
from carabin.client import FinalText, ModelSwitched
from carabin.registry.artifacts.checkpoints import latest_checkpoint
from carabin.registry.artifacts.datasets import latest_dataset, list_datasets
from carabin.registry.connect import connect, store_settings
from carabin.registry.embedded.store import EmbeddedStore
from carabin.registry.settings import data_dir
from carabin.registry.stages.lexicons import production_lexicons
from carabin.registry.stages.read import read_production
from carabin.trainer.models.embedded import install_base_model
from rich.console import Console

from .dictation import Outcome, dictate
from .held_out import held_out
from .plan import MODEL, Plan
from .steps import DemoFailed, Steps, require_port, served
from .tables import day_one, errors_table, next_commands

LEXICON: Final = "demo"
POLL_S = 2.0
"""The demo's transcriber looks often, so that nobody waits for the swap; in production 10 s are soon enough."""


def run(console: Console, plan: Plan, port: int) -> dict[str, Any]:
    """Run the whole demo and return what it measured.

    Raises:
        DemoFailed: a step did not give what the next one needs; everything that was started is stopped.
    """
    steps = Steps(console)
    port = require_port(port)
    with ExitStack() as stack:
        with steps.step("Start the object store"):
            _start_store(steps, stack)
        with steps.step("Publish the stock Whisper base and promote it"):
            stock = _publish_stock(steps)
        with steps.step("Speak French medical reports into a dataset"):
            dataset = _datasets(steps, plan)
        with steps.step("Make a lexicon of the reports, without those that are held out"):
            lexicon = _lexicon(steps, plan, dataset)
        with steps.step("Fine-tune Whisper on them"):
            run_name, metrics = _train(steps, plan, dataset)
        with steps.step("Export the checkpoint as a validated model version"):
            tuned = steps.carabin("export", run_name, "--model", MODEL)[0]["version"]
        with steps.step("Dictate held-out sentences live; promote the lexicon, then the new version, in the middle"):
            outcome = _dictate(steps, console, plan, port, lexicon, tuned)
        with steps.step("Measure both versions on the held-out dictations, without the lexicon and with it"):
            columns = _compare(steps, plan, dataset, lexicon, {"stock": stock, "fine-tuned": tuned})
        console.print(errors_table(columns))
        console.print(day_one(columns["stock"], columns["stock with lexicon"]))
        console.print(next_commands(port))
    return {
        "stock": stock,
        "tuned": tuned,
        "metrics": metrics,
        "columns": columns,
        "seconds": steps.seconds,
        "connections": outcome.connections,
        "spoken": outcome.spoken,
        "switches": [switch.version for switch in outcome.switches],
        "lines": [
            {"model_version": final.model_version, "text": final.text, "lexicon": list(final.lexicon)}
            for final in outcome.finals
        ],
    }


def _start_store(steps: Steps, stack: ExitStack) -> None:
    """Start the embedded store, to be stopped at the end, unless it runs already."""
    store = EmbeddedStore()
    if store.status() is None:
        stack.callback(store.stop)
    endpoint = steps.carabin("store", "start", "--port", "0")["endpoint"]
    steps.note(f"S3 on http://{endpoint}, its data in {store.folder}")


def _publish_stock(steps: Steps) -> str:
    """Put the stock model into production, by a rollback where the demo ran before."""
    folder = install_base_model(data_dir() / "base" / "whisper-base")
    version = str(steps.carabin("export", "checkpoint", "--ct2-folder", str(folder), "--model", MODEL)[0]["version"])
    production = read_production(connect(), store_settings().models_bucket, MODEL)
    if production is None:
        _promote(steps, version, "the stock model, before anything was learnt")
    elif production != version:
        steps.carabin("models", "rollback", "--to", version, *_entry("the demo begins with the stock model again"))
    return version


def _promote(steps: Steps, version: str, reason: str) -> None:
    steps.carabin("models", "promote", version, *_entry(reason))


def _entry(reason: str) -> tuple[str, ...]:
    """Options of what stands in the promotion log."""
    return ("--model", MODEL, "--reason", reason, "--by", "demo")


def _lexicon(steps: Steps, plan: Plan, dataset: str) -> Path:
    """Write the words of the reports that are not held out; withdraw the lexicon of an earlier run."""
    file = data_dir() / "demo" / f"{LEXICON}.tsv"
    file.parent.mkdir(parents=True, exist_ok=True)
    name = f"{plan.medical}@{dataset}"
    # A hospital's thousands of reports hold a word many times; these few hundred hold most of theirs once.
    built = steps.carabin("lexicon", "build", "--dataset", name, "--min-count", "1", "--out", str(file))
    steps.note(f"{built['entries']} words from {built['reports']} sentences")
    if LEXICON in production_lexicons(connect(), store_settings().models_bucket, MODEL):
        steps.carabin("lexicon", "withdraw", LEXICON, *_entry("the demo begins without a lexicon again"))
    return file


def _datasets(steps: Steps, plan: Plan) -> str:
    """Synthesize what is not there yet; return the medical dataset's version."""
    store, bucket = connect(), store_settings().datasets_bucket
    for name, corpus in ((plan.medical, "medical"), (plan.general, "general")):
        if list_datasets(store, bucket, name):
            steps.note(f"dataset {name} is there already")
        else:
            steps.carabin("dataset", "synthesize", "--corpus", corpus, "--name", name, *plan.synthesis)
    manifest = latest_dataset(store, bucket, plan.medical)
    for split, count in manifest.counts.items():
        steps.note(f"{split}: {count.dictations} dictations, {count.duration_s / 60:.0f} min")
    return manifest.version


def _train(steps: Steps, plan: Plan, dataset: str) -> tuple[str, dict[str, float]]:
    """Train, or take the finished run of this very dataset; one that was cut off goes on."""
    name = f"{plan.medical}-{dataset.rpartition('-')[2]}"
    newest = latest_checkpoint(connect(), store_settings().checkpoints_bucket, name)
    if newest is not None and newest.final:
        steps.note(f"run {name} is finished already")
        return name, dict(newest.metrics)
    result = steps.carabin(
        "train", f"{plan.medical}@{dataset}", "--replay", plan.general, "--run", name, *plan.training
    )
    if result["checkpoint"] is None:
        raise DemoFailed(f"run {name} ended as {result['state']}, without a checkpoint")
    return name, result["metrics"]


def _compare(
    steps: Steps, plan: Plan, dataset: str, lexicon: Path, versions: Mapping[str, str]
) -> dict[str, dict[str, float]]:
    """Return each version's figures on held-out dictations, without the lexicon and with it, by the column's title."""
    found = steps.carabin(
        "evaluate", *versions.values(), "--model", MODEL, "--dataset", f"{plan.medical}@{dataset}",
        "--general", plan.general, "--lexicon", str(lexicon), "--limit", str(plan.compared),
    )  # fmt: skip
    ends = {"": "", WITH_LEXICON: " with lexicon"}
    return {f"{title}{ends[end]}": found[f"{row}{end}"] for title, row in versions.items() for end in ends}


def _dictate(steps: Steps, console: Console, plan: Plan, port: int, lexicon: Path, tuned: str) -> Outcome:
    clips, url = held_out(plan), f"ws://127.0.0.1:{port}"
    environment = {"CARABIN_TRANSCRIBER_POLL_S": str(POLL_S)}
    log = data_dir() / "demo-transcriber.log"

    async def promote_lexicon() -> None:
        await asyncio.to_thread(
            steps.carabin, "lexicon", "promote", str(lexicon), *_entry("demo: the words of the hospital's reports")
        )

    async def promote_model() -> None:
        await asyncio.to_thread(_promote, steps, tuned, "demo: learnt the hospital's words")

    def show(event: FinalText | ModelSwitched) -> None:
        if isinstance(event, ModelSwitched):
            console.print(f"   [bold magenta]── from here on the text is written by {event.version} ──[/bold magenta]")
            return
        words = f" [yellow](from the lexicon: {', '.join(event.lexicon)})[/yellow]" if event.lexicon else ""
        console.print(f"   [cyan]{event.model_version}[/cyan] {event.text.strip()}{words}", soft_wrap=True)

    with served(("--port", str(port), "--grpc-port", "0", "--model-name", MODEL), port, log, environment):
        outcome = asyncio.run(dictate(url, clips, plan.before, plan.after, (promote_lexicon, promote_model), show))
    if not outcome.switches:
        raise DemoFailed(f"the transcriber never changed to {tuned}; its log is {log}")
    return outcome
