"""When training stops because somebody asked, and what of the Trainer's log is passed on."""

import math
from pathlib import Path

import pytest
from carabin.trainer.runtime.progress import Progress
from carabin.trainer.training.callbacks import Report, StopWhenAsked
from transformers import TrainerControl, TrainerState, TrainingArguments

from ..helpers.training import EventRecorder


def arguments(folder: Path, strategy: str = "steps") -> TrainingArguments:
    return TrainingArguments(output_dir=str(folder), save_strategy=strategy, report_to=[])


def state(step: int, *, epoch: float | None = 0.5, max_steps: int = 6) -> TrainerState:
    return TrainerState(global_step=step, max_steps=max_steps, epoch=epoch, is_world_process_zero=True)


def stop_at(
    folder: Path, step: int, *, asked: bool = True, epoch: float = 0.5, strategy: str = "steps"
) -> TrainerControl:
    """Return what the Trainer is told after `step`, and after the epoch that ends there or later."""
    stop, control = StopWhenAsked(lambda: asked), TrainerControl(should_evaluate=False, should_save=False)
    stop.on_step_end(arguments(folder, strategy), state(step, epoch=epoch), control)
    assert stop.stopped == control.should_training_stop
    return control


def test_nothing_changes_while_nobody_asks(tmp_path: Path) -> None:
    control = stop_at(tmp_path, 3, asked=False)
    assert (control.should_training_stop, control.should_save) == (False, False)


def test_the_step_that_runs_is_saved_and_the_last(tmp_path: Path) -> None:
    control = stop_at(tmp_path, 3)
    assert (control.should_training_stop, control.should_save) == (True, True)


def test_after_the_last_step_there_is_nothing_left_to_stop(tmp_path: Path) -> None:
    assert stop_at(tmp_path, 5).should_training_stop
    assert not stop_at(tmp_path, 6).should_training_stop


@pytest.mark.parametrize(
    ("epoch", "strategy", "saved"),
    [(2.0, "epoch", False), (2.0, "steps", True), (1.5, "epoch", True)],
    ids=["validated and saved anyway", "saved by steps", "within an epoch"],
)
def test_where_an_epoch_ends_it_is_not_saved_twice(tmp_path: Path, epoch: float, strategy: str, saved: bool) -> None:
    assert stop_at(tmp_path, 3, epoch=epoch, strategy=strategy).should_save is saved


@pytest.mark.parametrize(
    ("asked", "epoch", "kept"),
    [(True, 1.5, False), (True, 2.0, True), (False, 1.5, True), (True, None, False)],
    ids=["a part of an epoch", "a whole epoch", "nobody asked", "no epoch known"],
)
def test_a_part_of_an_epoch_is_not_validated(tmp_path: Path, asked: bool, epoch: float | None, kept: bool) -> None:
    stop = StopWhenAsked(lambda: asked)
    stop.on_step_end(arguments(tmp_path, "epoch"), state(3, epoch=epoch), TrainerControl())
    control = TrainerControl(should_evaluate=True, should_save=True)  # as the Trainer sets them where epochs are saved
    stop.on_epoch_end(arguments(tmp_path, "epoch"), state(3, epoch=epoch), control)
    assert (control.should_evaluate, control.should_save) == (kept, kept)


def reported(folder: Path, logs: dict[str, float] | None, *, main: bool = True) -> list[tuple[int, dict[str, float]]]:
    recorder = EventRecorder()
    now = state(4)
    now.is_world_process_zero = main
    Report(Progress("r", (recorder,))).on_log(arguments(folder), now, TrainerControl(), logs=logs)
    return [(event.step, dict(event.metrics)) for event in recorder.events]


def test_losses_rates_and_memory_are_passed_on_and_the_rest_is_not(tmp_path: Path) -> None:
    logs = {
        "loss": 2.5,
        "eval_general_loss": 3.0,
        "learning_rate": 1e-4,
        "grad_norm": 0.5,
        "epoch": 1.0,
        "runtime": 9.0,
    }
    shown = {"loss": 2.5, "eval_general_loss": 3.0, "learning_rate": 1e-4, "grad_norm": 0.5}
    assert reported(tmp_path, logs) == [(4, shown)]
    assert reported(tmp_path, {"out_of_memory_parts": 2, "micro_batch": 4}) == [
        (4, {"out_of_memory_parts": 2.0, "micro_batch": 4.0})
    ]


@pytest.mark.parametrize("logs", [None, {}, {"epoch": 1.0}, {"train_loss": 2.0, "loss": 1.0}])
def test_what_is_no_measure_of_a_step_is_not_passed_on(tmp_path: Path, logs: dict[str, float] | None) -> None:
    assert reported(tmp_path, logs) == []


def test_one_process_speaks_for_all(tmp_path: Path) -> None:
    assert reported(tmp_path, {"loss": math.pi}, main=False) == []


def test_each_step_moves_the_progress(tmp_path: Path) -> None:
    recorder = EventRecorder()
    Report(Progress("r", (recorder,))).on_step_end(arguments(tmp_path), state(4), TrainerControl())
    assert [(event.kind, event.done, event.total) for event in recorder.events] == [("advance", 4, 6)]
