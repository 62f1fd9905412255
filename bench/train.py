"""What training costs and gives: ours beside the Hugging Face notebook's recipe, all else being the same.

The notebook pads every dictation to 30 s and checkpoints gradients. Each recipe runs in a process of its own, so that
its peak memory is its own. What each learnt is decoded as it would be served: the notebook's in Whisper's 30 s window,
ours in windows of at least 7.5 s with 3 s after the speech; sentences of the validation are never trained on.

    python bench/train.py --threads 2 --sentences 56 --epochs 2
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from train_recipes import NOTEBOOK, OURS, SAFE_WINDOW, Cost, Task, errors_of, measure

TARGETS = {"full": 6.0, "decoder": 12.0}
"""Times the notebook's samples per CPU-second."""
MEMORY_LIMIT_MB, MEMORY_BATCH = 4096, 16
"""A full fine-tune at the notebook's batch size must fit in 4 GB."""


def main() -> None:
    """Measure each recipe in a process of its own and print them side by side."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--sentences", type=int, default=56, help="dictations that are trained on")
    parser.add_argument("--validation", type=int, default=48, help="dictations of other sentences that are scored")
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--base", default="embedded", help="embedded, a hub id or a folder")
    parser.add_argument("--recipes", nargs="+", default=[NOTEBOOK, *OURS], choices=[NOTEBOOK, *OURS])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    parser.add_argument("--data", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--no-score", action="store_true", help="only time and memory")
    options = parser.parse_args()
    if options.one:
        task = Task(options.data, options.threads, options.batch, options.epochs, score=not options.no_score)
        sys.stdout.write(json.dumps(measure(options.one, task)) + "\n")
        return
    with tempfile.TemporaryDirectory(prefix="carabin-bench-") as scratch:
        task = Task(prepare(Path(scratch), options), options.threads, options.batch, options.epochs)
        stock = [] if options.no_score else stock_errors(task)
        costs = [in_a_process(recipe, options, task.data) for recipe in options.recipes]
        options.batch, options.epochs, options.no_score = MEMORY_BATCH, 1, True
        memory = in_a_process("full", options, task.data) if "full" in options.recipes else None
    if options.json:
        sys.stdout.write(json.dumps({"stock": stock, "costs": [vars(cost) for cost in costs]}) + "\n")
    else:
        sys.stdout.write("\n".join(report(costs, stock, memory, task, options)) + "\n")


def prepare(scratch: Path, options: argparse.Namespace) -> Path:
    """Speak report sentences by several voices, and rebuild the base model, once for all recipes."""
    from carabin.trainer.datasets.parquet import DatasetRow, write_dataset
    from carabin.trainer.models.resolve import resolve_base
    from carabin.trainer.synthesis.engines import open_engine
    from carabin.trainer.synthesis.spoken_text import spoken
    from carabin.trainer.synthesis.voices import SPEAKERS
    from carabin.trainer.text.corpus import medical_sentences

    engine, sentences = open_engine("pico"), [sentence.text for sentence in medical_sentences()]
    rows = [
        DatasetRow.of(engine.speak(spoken(text), SPEAKERS[number % len(SPEAKERS)]), text, None, "pico")
        for number, text in enumerate(sentences[:: max(1, len(sentences) // (options.sentences + options.validation))])
    ]
    train, validation = rows[: options.sentences], rows[options.sentences :][: options.validation]
    write_dataset(scratch / "data", {"train": train, "validation": validation, "test": validation[:1]})
    (scratch / "base").symlink_to(resolve_base(options.base, scratch / "cache"))
    return scratch


def stock_errors(task: Task) -> list[tuple[int, int]]:
    """Return the errors of the base model itself."""
    from carabin.trainer.models.ct2_export import write_ct2

    return errors_of(write_ct2((task.data / "base").resolve(), task.data / "stock-ct2"), task, SAFE_WINDOW)


def in_a_process(recipe: str, options: argparse.Namespace, data: Path) -> Cost:
    """Measure one recipe in a process of its own."""
    arguments = ["--one", recipe, "--data", str(data), "--threads", str(options.threads)]
    arguments += ["--batch", str(options.batch), "--epochs", str(options.epochs)]
    arguments += ["--no-score"] if options.no_score else []
    environment = {**os.environ, "OMP_NUM_THREADS": str(options.threads)}
    sys.stderr.write(f"{recipe}, batch {options.batch}...\n")
    done = subprocess.run(
        [sys.executable, __file__, *arguments], stdout=subprocess.PIPE, text=True, env=environment, check=True
    )
    return Cost(**json.loads(done.stdout.splitlines()[-1]))


def report(
    costs: list[Cost],
    stock: list[tuple[int, int]],
    memory: Cost | None,
    task: Task,
    options: argparse.Namespace,
) -> list[str]:
    """Return the lines of the table and what the goals ask."""
    peer = next((cost for cost in costs if cost.recipe == NOTEBOOK), None)
    words = sum(total for _, total in stock)
    given = f"{options.sentences} dictations, {task.epochs} epochs, batch {task.batch}, {task.threads} thread(s)"
    head = f"{'recipe':<15}{'computes':<9}{'samples/CPU-s':>14}{'times':>7}{'next epochs':>12}{'times':>7}"
    lines = [
        f"{given}; validation: {len(stock)} dictations of other sentences, {words} words",
        f"{head}{'peak MB':>9}   WER % (95 % interval)",
    ]
    if stock:
        lines.append(f"{'stock':<73}   {rate_text(stock)}")
    for cost in costs:
        times, later = (cost.rate / peer.rate, cost.rate_per_further_epoch / peer.rate) if peer else (0.0, 0.0)
        lines.append(
            f"{cost.recipe:<15}{cost.precision:<9}{cost.rate:>14.2f}{times:>7.1f}"
            f"{cost.rate_per_further_epoch:>12.2f}{later:>7.1f}{cost.peak_rss_mb:>9.0f}   {rate_text(cost.errors)}"
        )
        if cost.gpu_mb:
            lines.append(f"{'':<15}on the GPU: {cost.samples / cost.wall_s:.1f} samples/s, {cost.gpu_mb:.0f} MB")
    if peer:
        lines += [line for cost in costs for line in goals(cost, peer)]
    if memory:
        verdict = "met" if memory.peak_rss_mb <= MEMORY_LIMIT_MB else "NOT met"
        lines.append(f"full at batch {MEMORY_BATCH}: {memory.peak_rss_mb:.0f} of {MEMORY_LIMIT_MB} MB: {verdict}")
    lines.append(f"what is computed once is shared out over {task.epochs} epochs; `next epochs` is without it")
    return lines


def goals(cost: Cost, peer: Cost) -> list[str]:
    """Return what a recipe reached of its goals beside the notebook's: speed, and the same quality."""
    lines = []
    if target := TARGETS.get(cost.recipe):
        reached = (cost.rate if cost.recipe == "full" else cost.rate_per_further_epoch) / peer.rate
        verdict = "met" if reached >= target else "NOT met"
        lines.append(f"{cost.recipe}: {reached:.1f} of {target:.0f} times the notebook's speed: {verdict}")
    if cost.errors and peer.errors and cost is not peer:
        change = [(ours - theirs, total) for (ours, total), (theirs, _) in zip(cost.errors, peer.errors, strict=True)]
        low, high = bounds(change)
        verdict = "within" if rate(cost.errors) <= bounds(peer.errors)[1] else "ABOVE"
        lines.append(
            f"{cost.recipe}: WER {verdict} the notebook's interval; dictation by dictation "
            f"{100 * rate(change):+.1f} points ({100 * low:+.1f} to {100 * high:+.1f})"
        )
    return lines


def rate(errors: list[tuple[int, int]]) -> float:
    """Return all errors over all words."""
    return sum(count for count, _ in errors) / max(1, sum(total for _, total in errors))


def rate_text(errors: list[tuple[int, int]]) -> str:
    """Return a rate in percent with its bootstrap interval."""
    if not errors:
        return "not scored"
    low, high = bounds(errors)
    return f"{100 * rate(errors):.1f} ({100 * low:.1f} to {100 * high:.1f})"


def bounds(errors: list[tuple[int, int]]) -> tuple[float, float]:
    """Return the 95 % bootstrap interval over dictations."""
    from carabin.trainer.evaluation.bootstrap import interval
    from carabin.trainer.evaluation.error_rates import Counts

    return interval([Counts(count, total) for count, total in errors])


if __name__ == "__main__":
    main()
