"""The recipes that bench/train.py compares, each trained and measured in the process that calls `measure`."""

import resource
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from carabin.registry.serving_window import FULL_WINDOW, WindowPolicy

NOTEBOOK = "notebook"
OURS = ("full", "frozen-encoder", "lora", "decoder")
LEARNING_RATE = 2e-5
"""Of the notebook's recipe here: our full mode's, because its own schedule of 700 steps learns nothing in so few."""
WHOLE_WINDOW = WindowPolicy(min_frames=FULL_WINDOW)
SAFE_WINDOW = WindowPolicy()


@dataclass(frozen=True)
class Task:
    """What every recipe is given."""

    data: Path
    """Holds `data/` (Parquet), `base/` (Hugging Face) and what the recipes write."""
    threads: int
    batch: int
    epochs: int
    score: bool = True


@dataclass(frozen=True)
class Cost:
    """One recipe's figures; CPU-seconds are those of all threads."""

    recipe: str
    precision: str
    samples: int
    """Trained on, without the first step's."""
    cpu_s: float
    wall_s: float
    once_cpu_s: float
    """A sample, before the first epoch: features, and encoder states where they are cached."""
    epochs: int
    peak_rss_mb: float
    gpu_mb: float
    """Most memory of the GPU that tensors held at a time; 0 without one."""
    errors: list[tuple[int, int]] = field(default_factory=list)
    """(word errors, words) of each validation dictation, decoded as this model would be served."""

    @property
    def rate(self) -> float:
        """Samples per CPU-second, what is done once shared out over the epochs."""
        return 1 / (self.cpu_s / self.samples + self.once_cpu_s / self.epochs)

    @property
    def rate_per_further_epoch(self) -> float:
        """Samples per CPU-second once everything is cached."""
        return self.samples / self.cpu_s


class StepClock:
    """Notes the time at the end of every step; the first, which pays for what is built once, is not counted."""

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


def measure(recipe: str, task: Task) -> dict[str, Any]:
    """Train for the task's epochs, score what came out, and say what it cost; a Cost's fields."""
    import torch
    from carabin.trainer.launch import quiet

    quiet()
    torch.set_num_threads(task.threads)
    before = time.process_time()
    trainer, n_samples, precision = (notebook if recipe == NOTEBOOK else ours)(recipe, task)
    once = (time.process_time() - before) / n_samples
    clock = StepClock()
    trainer.add_callback(clock.callback())
    trainer.train()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    gpu_mb = torch.cuda.max_memory_allocated() / 2**20 if torch.cuda.is_available() else 0.0
    counted = n_samples * task.epochs - task.batch
    errors = score(recipe, trainer.model, task) if task.score else []
    cost = Cost(recipe, precision, counted, clock.cpu_s, clock.wall_s, once, task.epochs, peak, gpu_mb, errors)
    return asdict(cost)


def ours(recipe: str, task: Task) -> tuple[Any, int, str]:
    """Return our trainer for a mode, its features computed; on the GPU where there is one, as the notebook's."""
    import torch
    from carabin.trainer.data.dictations import load_split
    from carabin.trainer.features.prepare import collator, prepare_split
    from carabin.trainer.models.whisper import load_whisper, prepare
    from carabin.trainer.runtime.device import choose_precision, has_bf16
    from carabin.trainer.settings import TrainerSettings
    from carabin.trainer.training.arguments import arguments, feature_config
    from carabin.trainer.training.trainer import WhisperTrainer

    base, work = (task.data / "base").resolve(), task.data / recipe
    settings = TrainerSettings.load(
        dataset="bench", mode=recipe, batch_size=task.batch, epochs=task.epochs, work_dir=work, checkpoint_steps=10_000
    )
    cuda = torch.cuda.is_available()
    computed = choose_precision("auto", cuda=cuda, bf16=has_bf16(cuda=cuda))
    model = load_whisper(base)
    config = feature_config(settings, base, model, work / "features", computed)
    dictations = load_split(task.data / "data", "train")
    prepared = prepare_split("train", dictations, config, model, training=True, progress=lambda *_: None)
    sampler = prepared.sampler(task.batch, seed=0)
    trained = prepare(model, settings.mode, train_embeddings=False, lora_rank=16)
    wanted = arguments(settings, work, computed, world=1, steps_an_epoch=len(sampler))
    wanted.save_strategy = wanted.eval_strategy = "no"
    wanted.load_best_model_at_end, wanted.report_to = False, []
    trainer = WhisperTrainer(
        model=trained,
        args=wanted,
        examples=prepared.examples,
        data_collator=collator(config),
        sampler=sampler,
        validation={},
    )
    return trainer, len(dictations), computed


def notebook(_: str, task: Task) -> tuple[Any, int, str]:
    """Return the notebook's trainer: mel padded to 30 s, gradient checkpointing, everything trained, float32."""
    import torch
    from carabin.trainer.data.dictations import load_split
    from transformers import (
        Seq2SeqTrainer,
        Seq2SeqTrainingArguments,
        WhisperFeatureExtractor,
        WhisperForConditionalGeneration,
        WhisperTokenizer,
    )

    base = (task.data / "base").resolve()
    extractor = WhisperFeatureExtractor.from_pretrained(base)
    tokenizer = WhisperTokenizer.from_pretrained(base, language="french", task="transcribe")
    dictations = load_split(task.data / "data", "train")
    rows = [
        {
            "input_features": extractor(each.audio, sampling_rate=16_000).input_features[0],
            "labels": tokenizer(f" {each.sentence}").input_ids,  # with the space that Whisper learnt, to its advantage
        }
        for each in dictations
    ]

    def collate(batch: list[dict[str, Any]]) -> dict[str, torch.Tensor]:
        labels = tokenizer.pad([{"input_ids": row["labels"]} for row in batch], return_tensors="pt")
        masked = labels["input_ids"].masked_fill(labels["attention_mask"].ne(1), -100)
        features = torch.stack([torch.as_tensor(row["input_features"]) for row in batch])
        return {"input_features": features, "labels": masked[:, 1:]}

    arguments = Seq2SeqTrainingArguments(
        output_dir=str(task.data / NOTEBOOK),
        per_device_train_batch_size=task.batch,
        num_train_epochs=task.epochs,
        learning_rate=LEARNING_RATE,
        warmup_steps=0.1,
        activation_checkpointing=True,
        use_cpu=not torch.cuda.is_available(),
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


def score(recipe: str, model: Any, task: Task) -> list[tuple[int, int]]:
    """Return word errors and words of each validation dictation, in the window in which the model would be served."""
    from carabin.trainer.models.ct2_export import write_ct2, write_hf
    from carabin.trainer.models.whisper import inner, load_whisper, merged_state

    base = (task.data / "base").resolve()
    state = merged_state(model)
    plain = inner(model) if recipe == NOTEBOOK else load_whisper(base)
    folder = write_hf(plain, base, task.data / f"{recipe}-hf", state)
    window = WHOLE_WINDOW if recipe == NOTEBOOK else SAFE_WINDOW
    return errors_of(write_ct2(folder, task.data / f"{recipe}-ct2"), task, window)


def errors_of(ct2: Path, task: Task, window: WindowPolicy) -> list[tuple[int, int]]:
    """Decode the validation split through faster-whisper and count word errors, normalised."""
    from carabin.trainer.data.dictations import load_split
    from carabin.trainer.evaluation.evaluate import evaluate_model
    from carabin.trainer.text.terms import load_terms

    evaluation = evaluate_model(
        ct2,
        list(load_split(task.data / "data", "validation")),
        terms=load_terms(),
        beam_size=1,
        cpu_threads=task.threads,
        window=window,
        silence=False,
    )
    return [(row.words.errors, row.words.total) for row in evaluation.rows]
