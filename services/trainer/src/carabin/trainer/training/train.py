"""One run from settings to a published checkpoint: the order of the steps, and what each failure leaves behind."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import torch
from carabin.registry.artifacts.checkpoints import CheckpointManifest, read_run
from carabin.registry.artifacts.datasets import DatasetManifest, find_dataset
from carabin.registry.errors import CarabinError, StoreError
from carabin.registry.settings import StoreSettings
from carabin.registry.store import ObjectStore

from ..checkpoints.layout import translate_disk_errors
from ..checkpoints.pending_final import PendingFinal, folder_of_final
from ..checkpoints.read_back import require_stored
from ..checkpoints.resume import finished
from ..checkpoints.samples import choose_samples
from ..checkpoints.saver import Saver
from ..errors import Stopped, UploadFailed
from ..finishing.candidate_evaluation import CandidateEvaluator
from ..finishing.curves import curves
from ..finishing.model_card import Card
from ..finishing.model_selector import ModelSelector
from ..models.whisper import merged_state
from ..runtime.memory import translate_memory_errors
from ..runtime.progress import Progress
from ..runtime.run import RECORDED, RunContext
from ..settings import TrainerSettings
from .fit import Fit, fit
from .same_training import require_same_training
from .start import Start, begin


@dataclass(frozen=True, slots=True)
class TrainResult:
    """How the run stands when the process ends."""

    run: str
    state: str
    """finished, or stopped when somebody asked."""
    step: int
    checkpoint: CheckpointManifest | None
    """The newest in the store."""
    seconds: Mapping[str, float]
    """By phase."""


def run_name(settings: TrainerSettings, now: datetime) -> str:
    """Return the run's name: the one given, or dataset and time."""
    return settings.run or f"{settings.dataset.partition('@')[0]}-{now:%Y%m%dT%H%M%SZ}"


def train(
    settings: TrainerSettings,
    store: ObjectStore,
    *,
    buckets: StoreSettings,
    progress: Progress,
    stopped: Callable[[], bool] = lambda: False,
) -> TrainResult:
    """Do a run, or what is left of it, and publish its final checkpoint.

    Args:
        progress: named after the run, by `run_name`.
        stopped: asked after every step and between dictations; True saves, uploads and returns.

    Raises:
        CarabinError: of every kind; the text names the cause, and the last complete checkpoint is kept.
    """
    run = RunContext(settings, store, buckets, progress, stopped)
    done = finished(store, run.bucket, run.name)
    # A name that was mistyped is no run that failed: it leaves no record, and its sentence stands alone.
    dataset = find_dataset(store, run.datasets_bucket, settings.dataset)
    replay = find_dataset(store, run.datasets_bucket, settings.replay) if settings.replay else None
    if done:
        _complete(run, done, dataset, replay)
        progress.end(f"run {run.name} is finished already", done.metrics)
        return TrainResult(run.name, "finished", done.step, done, {})
    if settings.threads:
        torch.set_num_threads(settings.threads)
    run.write_record(required=True)
    try:
        with translate_memory_errors(run.name):
            return _train(run)
    except Stopped as error:
        run.write_record(state="stopped", reason=str(error))
        progress.end(str(error))
        return TrainResult(run.name, "stopped", run.record.step, None, run.seconds)
    except Exception as error:
        # The text of a library's error may hold what was dictated.
        reason = str(error) if isinstance(error, CarabinError) else type(error).__name__
        run.write_record(state="failed", reason=reason, finished_at=None)
        raise


def _train(run: RunContext) -> TrainResult:
    with run.timed("fetch"):
        start = begin(run)
    before = merged_state(start.model)
    samples = choose_samples(start.dataset.split("validation")) if run.main else ()
    with Saver(run, start.base, start.identity, start.source, samples) as saver:
        kept = saver.find_kept()
        if run.any_process(kept is not None):
            return _publish_kept(run, saver, kept)
        fitted = fit(run, start.model, start.base, start.dataset, start.replay, start.resume, saver.add)
        if fitted.stopped:
            raise Stopped(f"stopped after step {fitted.step}; `carabin train --run {run.name}` goes on from there")
        if not run.main:
            return TrainResult(run.name, "finished", fitted.step, None, run.seconds)
        with run.timed("finish"), translate_disk_errors(run.work):
            evaluator = CandidateEvaluator(
                fitted.model, start.base, run.work, run.settings, start.evaluation_sets(), run.progress, run.stopped
            )
            selector = ModelSelector(evaluator, run.work, run.settings, run.progress)
            outcome = selector.select_and_evaluate(
                before, fitted.state, _card(run, start, fitted), curves(fitted.history)
            )
        # The average of weights is no step of the optimizer's: it gets the number after the last one.
        saver.publish_final(outcome.folder, fitted.step + 1, outcome.metrics, outcome.window)
    return _finished(run, saver.published)


def _publish_kept(run: RunContext, saver: Saver, kept: PendingFinal | None) -> TrainResult:
    """Publish the outcome that an earlier start evaluated and could not bring to the store."""
    if kept is None:  # the main process has it
        return TrainResult(run.name, "finished", 0, None, run.seconds)
    run.progress.note(f"step {kept.step} is evaluated already; it is uploaded")
    saver.publish_kept(kept)
    return _finished(run, saver.published)


def _finished(run: RunContext, published: CheckpointManifest | None) -> TrainResult:
    """Declare the run finished and remove its work: only where the store holds the final checkpoint.

    Raises:
        UploadFailed: it does not, or does not take the run's last record.
    """
    if published is None or not published.final:
        raise UploadFailed(f"run {run.name}: the store holds no final checkpoint; {run.work} is kept")
    _declare_finished(run, published)
    run.progress.end(f"run {run.name} is finished", published.metrics)
    return TrainResult(run.name, "finished", published.step, published, run.seconds)


def _declare_finished(run: RunContext, published: CheckpointManifest) -> None:
    """Write the run's last record, and remove its work.

    Raises:
        UploadFailed: the store does not take the record.
    """
    step = published.step - 1
    try:
        run.write_record(
            required=True,
            state="finished",
            finished_at=datetime.now(UTC),
            step=step,
            metrics=dict(published.metrics),
            total_steps=step,
            reason=None,
        )
    except StoreError as error:
        raise UploadFailed(
            f"run {run.name}: the store holds its final checkpoint, and does not take the record that it is finished:"
            f" {error}; {run.work} is kept, `carabin train --run {run.name}` with the same settings goes on from there"
        ) from error
    run.clean()


def _complete(
    run: RunContext, done: CheckpointManifest, dataset: DatasetManifest, replay: DatasetManifest | None
) -> None:
    """Do what is left where an earlier start ended between its final checkpoint's manifest and its own last word.

    Raises:
        ResumeRefused: the finished run is another training than the one that is asked for.
        ManifestInvalid: the store does not hold what the manifest names.
        UploadFailed: the store does not take the run's last record.
    """
    if not run.main:
        return
    record = read_run(run.store, run.bucket, run.name)
    require_same_training(run, done, record, dataset, replay)
    if record is not None and record.state == "finished":
        run.clean()
        return
    run.record = record or run.record
    require_stored(run.store, run.bucket, done, folder_of_final(run.work, done.step))
    _declare_finished(run, done)


def _card(run: RunContext, start: Start, fitted: Fit) -> Callable[..., Card]:
    def card(**outcome: object) -> Card:
        settings = {**run.settings.values_of(*RECORDED), "steps": str(fitted.step)}
        if start.replay.wanted:
            settings["replayed"] = str(start.replay)
        return Card(run=run.name, source=start.source, settings=settings, **outcome)  # type: ignore[arg-type]

    return card
