"""What a training step costs: ours beside the Hugging Face notebook's recipe, same model, data, batch and threads.

The notebook pads every dictation to 30 s and checkpoints gradients. Each recipe runs in a process of its own, so that
its peak memory is its own; the first step, which pays for what is built once, is not counted.

    python bench/train.py --threads 1 --batch 8 --steps 3
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

NOTEBOOK = "notebook"
OURS = ("full", "frozen-encoder", "lora", "decoder")
TARGETS = {"full": 6.0, "decoder": 12.0}
"""Times the notebook's samples per CPU-second."""
EPOCHS = 3
"""Over which the decoder mode's one encoding of the data is shared out."""
PEER_STEPS = 1
"""A step of the notebook's costs a minute of one core."""


@dataclass(frozen=True)
class Cost:
    """One recipe's figures; CPU-seconds are those of all threads."""

    recipe: str
    samples: int
    cpu_s: float
    wall_s: float
    once_cpu_s: float
    """Per sample, before the first epoch: features, and encoder states where they are cached."""
    peak_rss_mb: float
    precision: str

    @property
    def rate(self) -> float:
        """Samples per CPU-second, what is done once shared out over EPOCHS."""
        return 1 / (self.cpu_s / self.samples + self.once_cpu_s / EPOCHS)

    @property
    def rate_per_further_epoch(self) -> float:
        """Samples per CPU-second once everything is cached."""
        return self.samples / self.cpu_s


def main() -> None:
    """Measure each recipe in a process of its own and print them side by side."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--steps", type=int, default=3, help="steps that are counted; the notebook's recipe takes one")
    parser.add_argument("--base", default="embedded", help="embedded, a hub id or a folder")
    parser.add_argument("--recipes", nargs="+", default=[NOTEBOOK, *OURS], choices=[NOTEBOOK, *OURS])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    parser.add_argument("--data", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        sys.stdout.write(json.dumps(vars(measure(options.one, options))) + "\n")
        return
    with tempfile.TemporaryDirectory(prefix="carabin-bench-") as scratch:
        options.data = prepare(Path(scratch), options)
        costs = [in_a_process(recipe, options) for recipe in options.recipes]
    report(costs, options)


def prepare(scratch: Path, options: argparse.Namespace) -> Path:
    """Speak enough report sentences for every step, and rebuild the base model, once for all recipes."""
    from carabin.trainer.base_source import resolve_base
    from carabin.trainer.build_parquet import Row, write_dataset
    from carabin.trainer.corpus import medical_sentences
    from carabin.trainer.synthesize_engines import open_engine
    from carabin.trainer.synthesize_text import spoken
    from carabin.trainer.synthesize_voices import SPEAKERS

    engine, wanted = open_engine("pico"), options.batch * (options.steps + 1)
    sentences = [sentence.text for sentence in medical_sentences()[:wanted]]
    rows = [
        Row.of(engine.speak(spoken(text), SPEAKERS[number % len(SPEAKERS)]), text, None, "pico")
        for number, text in enumerate(sentences)
    ]
    write_dataset(scratch / "data", {"train": rows, "validation": rows[:1], "test": rows[:1]})
    (scratch / "base").symlink_to(resolve_base(options.base, scratch / "cache"))
    return scratch


def in_a_process(recipe: str, options: argparse.Namespace) -> Cost:
    """Measure one recipe in a process of its own."""
    arguments = ["--one", recipe, "--data", str(options.data), "--threads", str(options.threads)]
    arguments += ["--batch", str(options.batch), "--steps", str(options.steps)]
    environment = {**os.environ, "OMP_NUM_THREADS": str(options.threads)}
    done = subprocess.run(
        [sys.executable, __file__, *arguments], stdout=subprocess.PIPE, text=True, env=environment, check=True
    )
    return Cost(**json.loads(done.stdout.splitlines()[-1]))


def measure(recipe: str, options: argparse.Namespace) -> Cost:
    """Train for the steps asked and say what they cost."""
    import torch
    from carabin.trainer.launch import quiet

    quiet()
    torch.set_num_threads(options.threads)
    steps = min(options.steps, PEER_STEPS) if recipe == NOTEBOOK else options.steps
    before = time.process_time()
    trainer, n_samples, precision = (notebook if recipe == NOTEBOOK else ours)(recipe, options, steps)
    once = (time.process_time() - before) / n_samples
    clock = StepClock()
    trainer.add_callback(clock.callback())
    trainer.train()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Cost(recipe, options.batch * steps, clock.cpu_s, clock.wall_s, once, peak, precision)


class StepClock:
    """Notes the time at the end of every step; the first is not counted."""

    def __init__(self) -> None:
        self._ends: list[tuple[float, float]] = []

    def callback(self) -> Any:
        """Return a Trainer callback that notes."""
        from transformers import TrainerCallback

        ends = self._ends

        class Note(TrainerCallback):
            def on_step_end(self, *_: Any, **__: Any) -> None:
                ends.append((time.process_time(), time.monotonic()))

        return Note()

    @property
    def cpu_s(self) -> float:
        return self._ends[-1][0] - self._ends[0][0]

    @property
    def wall_s(self) -> float:
        return self._ends[-1][1] - self._ends[0][1]


def ours(recipe: str, options: argparse.Namespace, steps: int) -> tuple[Any, int, str]:
    """Return our trainer for a mode, its features computed."""
    from carabin.trainer.device import choose_precision, has_bf16
    from carabin.trainer.dictations import load_split
    from carabin.trainer.fit import arguments, make_recipe
    from carabin.trainer.loop import WhisperTrainer
    from carabin.trainer.material import collator, make_material
    from carabin.trainer.model import load_whisper, prepare
    from carabin.trainer.settings import TrainerSettings

    base, work = (options.data / "base").resolve(), options.data / recipe
    settings = TrainerSettings.load(
        dataset="bench",
        mode=recipe,
        batch_size=options.batch,
        max_steps=steps + 1,
        work_dir=work,
        checkpoint_steps=10_000,
    )
    computed = choose_precision("auto", cuda=False, bf16=has_bf16(cuda=False))
    model = load_whisper(base)
    how = make_recipe(settings, base, model, work / "features", computed)
    dictations = load_split(options.data / "data", "train")
    material = make_material("train", dictations, how, model, training=True, progress=lambda *_: None)
    sampler = material.sampler(options.batch, seed=0)
    trained = prepare(model, recipe, train_embeddings=False, lora_rank=16)
    wanted = arguments(settings, work, computed, world=1, steps_an_epoch=len(sampler))
    wanted.save_strategy = wanted.eval_strategy = "no"
    wanted.load_best_model_at_end, wanted.report_to = False, []
    trainer = WhisperTrainer(
        model=trained,
        args=wanted,
        examples=material.examples,
        data_collator=collator(how),
        sampler=sampler,
        validation={},
    )
    return trainer, len(dictations), computed


def notebook(_: str, options: argparse.Namespace, steps: int) -> tuple[Any, int, str]:
    """Return the notebook's trainer: mel padded to 30 s, gradient checkpointing, everything trained, float32."""
    import torch
    from carabin.trainer.dictations import load_split
    from transformers import (
        Seq2SeqTrainer,
        Seq2SeqTrainingArguments,
        WhisperFeatureExtractor,
        WhisperForConditionalGeneration,
        WhisperTokenizerFast,
    )

    base = (options.data / "base").resolve()
    extractor = WhisperFeatureExtractor.from_pretrained(base)
    tokenizer = WhisperTokenizerFast.from_pretrained(base, language="french", task="transcribe")
    dictations = load_split(options.data / "data", "train")
    rows = [
        {
            "input_features": extractor(each.audio, sampling_rate=16_000).input_features[0],
            "labels": tokenizer(each.sentence).input_ids,
        }
        for each in dictations
    ]

    def collate(batch: list[dict[str, Any]]) -> dict[str, torch.Tensor]:
        labels = tokenizer.pad([{"input_ids": row["labels"]} for row in batch], return_tensors="pt")
        masked = labels["input_ids"].masked_fill(labels["attention_mask"].ne(1), -100)
        features = torch.stack([torch.as_tensor(row["input_features"]) for row in batch])
        return {"input_features": features, "labels": masked[:, 1:]}

    arguments = Seq2SeqTrainingArguments(
        output_dir=str(options.data / NOTEBOOK),
        per_device_train_batch_size=options.batch,
        max_steps=steps + 1,
        learning_rate=1e-5,
        activation_checkpointing=True,
        use_cpu=True,
        save_strategy="no",
        report_to=[],
        disable_tqdm=True,
        remove_unused_columns=False,
        dataloader_pin_memory=False,
    )
    model = WhisperForConditionalGeneration.from_pretrained(base, dtype=torch.float32)
    model.config.use_cache = False
    trainer = Seq2SeqTrainer(model=model, args=arguments, train_dataset=rows, data_collator=collate)
    return trainer, len(dictations), "fp32"


def report(costs: list[Cost], options: argparse.Namespace) -> None:
    """Print the table, or JSON."""
    peer = next((cost for cost in costs if cost.recipe == NOTEBOOK), None)
    if options.json:
        sys.stdout.write(json.dumps([vars(cost) for cost in costs]) + "\n")
        return
    lines = [f"batch {options.batch}, {options.threads} thread(s); samples per CPU-second, times the notebook's"]
    lines.append(
        f"{'recipe':<16}{'computes':<10}{'samples/CPU-s':>14}{'times':>8}{'next epochs':>13}{'times':>8}{'peak MB':>9}"
    )
    for cost in costs:
        times, later = (cost.rate / peer.rate, cost.rate_per_further_epoch / peer.rate) if peer else (0.0, 0.0)
        lines.append(
            f"{cost.recipe:<16}{cost.precision:<10}{cost.rate:>14.2f}{times:>8.1f}"
            f"{cost.rate_per_further_epoch:>13.2f}{later:>8.1f}{cost.peak_rss_mb:>9.0f}"
        )
    if peer:
        for cost in costs:
            if target := TARGETS.get(cost.recipe):
                reached = cost.rate / peer.rate if cost.recipe == "full" else cost.rate_per_further_epoch / peer.rate
                lines.append(
                    f"{cost.recipe}: {reached:.1f} of {target:.0f} times: {'met' if reached >= target else 'NOT met'}"
                )
    lines.append(f"what is computed once is shared out over {EPOCHS} epochs; `next epochs` is without it")
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
