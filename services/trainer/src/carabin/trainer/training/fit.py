"""The optimisation: prepared splits in, one loop, the best weights out."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from transformers import EarlyStoppingCallback, WhisperForConditionalGeneration, set_seed
from transformers.trainer_callback import PrinterCallback, ProgressCallback, TrainerState

from ..checkpoints.layout import STATE, folder_of, has_ended, is_complete, mark_ended, step_of
from ..data.dictations import Dictation
from ..datasets.local import Joined, LocalDataset, Replay
from ..features.collate import Collator
from ..features.prepare import FeatureConfig, PreparedSplit, collator, prepare_split
from ..features.silence import silences
from ..models.whisper import inner, merged_state, move_to, prepare, read_weights
from ..runtime.run import RunContext
from .arguments import arguments, feature_config
from .callbacks import Curves, Report, StopWhenAsked
from .trainer import WhisperTrainer

MEDICAL, GENERAL = "medical", "general"

Saved = Callable[[int, Path, dict[str, float]], None]


@dataclass(frozen=True)
class Fit:
    """What training gave."""

    step: int
    stopped: bool
    model: WhisperForConditionalGeneration
    state: dict[str, Tensor]
    """The best weights by validation loss, adapters merged, on the CPU."""
    history: Sequence[dict[str, Any]]


def fit(
    run: RunContext,
    model: WhisperForConditionalGeneration,
    base: Path,
    dataset: LocalDataset,
    replay: Replay,
    resume: Path | None,
    saved: Saved,
) -> Fit:
    """Train `model` in place.

    Args:
        resume: the local checkpoint to go on from.
        saved: given the step, folder and last validation losses of every checkpoint, on the main process.

    Raises:
        TrainingError: the loss is no number, memory does not suffice, or the device cannot do what was asked.
    """
    settings = run.settings
    config = feature_config(settings, base, model, run.work / "features", run.precision)
    move_to(model, "cuda" if torch.cuda.is_available() else "cpu")
    train, validation = _splits(run, dataset, replay, config, model)
    set_seed(settings.seed)  # adapters begin at random
    trained = prepare(model, settings.mode, train_embeddings=settings.train_embeddings, lora_rank=settings.lora_rank)
    stop = StopWhenAsked(run.stopped_together)
    trainer = _trainer(run, trained, train, validation, collator(config), stop, saved)
    if resume is not None and has_ended(resume):
        trainer.state = best_of(trained, resume)
    else:
        done = step_of(resume) if resume else 0
        with run.timed("train"), run.progress.phase(f"train ({settings.mode}, {run.precision})", done=done):
            trainer.train(resume_from_checkpoint=str(resume) if resume else None)
    weights = merged_state(trained)
    return Fit(trainer.state.global_step, stop.stopped, inner(_plain(trained)), weights, trainer.state.log_history)


def _splits(
    run: RunContext,
    dataset: LocalDataset,
    replay: Replay,
    config: FeatureConfig,
    model: WhisperForConditionalGeneration,
) -> tuple[PreparedSplit, dict[str, PreparedSplit]]:
    """Return what is trained on, and what each validation loss is measured on."""
    settings = run.settings
    with run.timed("features"), run.main_first():
        spoken = dataset.split("train")
        quiet = silences(round(settings.silence_share * len(spoken)), settings.seed)
        train = _prepared(run, "train", Joined((spoken, replay.train, quiet)), config, model, training=True)
        validation = {MEDICAL: _prepared(run, "validation", dataset.split("validation"), config, model, training=False)}
        if len(replay.validation):
            validation[GENERAL] = _prepared(run, "general", replay.validation, config, model, training=False)
    return train, validation


def _trainer(
    run: RunContext,
    model: torch.nn.Module,
    train: PreparedSplit,
    validation: Mapping[str, PreparedSplit],
    collate: Collator,
    stop: StopWhenAsked,
    saved: Saved,
) -> WhisperTrainer:
    settings = run.settings
    rank, world = run.processes.process_index, run.processes.num_processes
    sampler = train.sampler(settings.batch_size, seed=settings.seed, rank=rank, world=world)

    def keep(step: int, folder: Path) -> None:
        if trainer.control.should_training_stop and not stop.stopped:
            mark_ended(folder)
        saved(step, folder, _losses(trainer.state.log_history))

    trainer = WhisperTrainer(
        model=model,
        args=arguments(settings, run.work, run.precision, world=world, steps_an_epoch=len(sampler)),
        examples=train.examples,
        eval_dataset=validation[MEDICAL].examples,
        data_collator=collate,
        sampler=sampler,
        validation={
            name: part.loader(settings.batch_size, collate, rank=rank, world=world) for name, part in validation.items()
        },
        saved=keep,
        callbacks=[stop, Report(run.progress), Curves(run.work.parent / "tensorboard" / run.work.name)]
        + ([EarlyStoppingCallback(settings.patience)] if settings.patience else []),
    )
    trainer.remove_callback(PrinterCallback)
    trainer.remove_callback(ProgressCallback)
    return trainer


def best_of(model: torch.nn.Module, ended: Path) -> TrainerState:
    """Load the best weights of a training that ended into `model`; return its state.

    The best checkpoint lies beside the last one, unless it was lost, in which case the last is the best there is.
    """
    state: TrainerState = TrainerState.load_from_json(str(ended / STATE))
    best = folder_of(ended.parent, state.best_global_step or state.global_step)
    read_weights(model, best if is_complete(best) else ended)
    return state


def _prepared(
    run: RunContext,
    name: str,
    dictations: Sequence[Dictation],
    config: FeatureConfig,
    model: WhisperForConditionalGeneration,
    *,
    training: bool,
) -> PreparedSplit:
    what = "encode" if config.cached else "features of"
    with run.progress.phase(f"{what} {name}", len(dictations)) as advance:
        return prepare_split(
            name, dictations, config, model, training=training, progress=advance, stopped=run.stopped
        )  # fmt: skip


def _losses(history: Sequence[dict[str, Any]]) -> dict[str, float]:
    """Return the newest value of each loss."""
    newest: dict[str, float] = {}
    for entry in history:
        newest |= {name: float(value) for name, value in entry.items() if name == "loss" or name.endswith("_loss")}
    return newest


def _plain(model: Any) -> Any:
    """Return the Whisper without its adapters, to be overwritten."""
    return model.unload() if hasattr(model, "unload") else model
