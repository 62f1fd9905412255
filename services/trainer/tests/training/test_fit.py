"""Two steps of training: what is given with each checkpoint, and which weights come out."""

import errno
import json
import threading
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import torch
from carabin.trainer.checkpoints.layout import STATE, folder_of, has_ended, mark_ended, seal
from carabin.trainer.datasets.local import LocalDataset, Replay
from carabin.trainer.models.whisper import load_whisper, merged_state, write_weights
from carabin.trainer.runtime.progress import Progress
from carabin.trainer.runtime.run import RunContext
from carabin.trainer.training.fit import Fit, best_of, fit
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.summary.writer.record_writer import RecordWriter

from ..helpers.training import BUCKETS, EventRecorder, a_store, settings

NAME = "model.encoder.conv1.bias"


@dataclass
class Checkpoints:
    """What was saved: steps, whether training ended there, and the losses."""

    ended: dict[int, bool] = field(default_factory=dict)
    losses: dict[int, dict[str, float]] = field(default_factory=dict)

    def __call__(self, step: int, folder: Path, losses: dict[str, float]) -> None:
        assert (folder / "model.safetensors").is_file()
        self.ended[step], self.losses[step] = has_ended(folder), losses


def fitted(
    tiny: Path, dataset: Path, work: Path, saved: Checkpoints, *, stop: bool = False, resume: Path | None = None
) -> Fit:
    recorder = EventRecorder()
    wanted = settings(tiny, work, max_steps=2, checkpoint_steps=1)

    def stopped() -> bool:
        return stop and any(event.phase.startswith("train") for event in recorder.events)

    run = RunContext(wanted, a_store(), BUCKETS, Progress("r", (recorder,)), stopped)
    data = LocalDataset("tones", "v1", "d" * 64, dataset)
    return fit(run, load_whisper(tiny), tiny, data, Replay((), (), ()), resume, saved)


def test_each_checkpoint_comes_with_the_newest_losses_and_the_last_is_marked(
    tiny: Path, tones_folder: Path, tmp_path: Path
) -> None:
    saved = Checkpoints()
    found = fitted(tiny, tones_folder, tmp_path, saved)
    assert (found.step, found.stopped) == (2, False)
    assert saved.ended == {1: False, 2: True}
    assert set(saved.losses[1]) == {"loss", "eval_loss", "eval_medical_loss"}
    logged = [entry["loss"] for entry in found.history if "loss" in entry]
    assert [saved.losses[step]["loss"] for step in (1, 2)] == logged
    assert logged[0] != logged[1]


def test_a_training_that_was_stopped_is_not_marked_as_ended(tiny: Path, tones_folder: Path, tmp_path: Path) -> None:
    saved = Checkpoints()
    found = fitted(tiny, tones_folder, tmp_path, saved, stop=True)
    assert (found.step, found.stopped) == (1, True)
    assert saved.ended == {1: False}


def shifted(tiny: Path, folder: Path, shift: float) -> Path:
    """Write a sealed checkpoint whose weights are those of `tiny`, one of them moved by `shift`."""
    model = load_whisper(tiny)
    with torch.no_grad():
        model.model.encoder.conv1.bias += shift
    write_weights(model, folder)
    return folder


def shift_of(tiny: Path, state: dict[str, torch.Tensor]) -> float:
    return round(float((state[NAME] - merged_state(load_whisper(tiny))[NAME]).mean()), 3)


@pytest.mark.parametrize(
    ("best", "kept", "shift"),
    [(2, True, 2.0), (2, False, 4.0), (None, True, 4.0), (4, True, 4.0)],
    ids=["the best beside it", "the best was lost", "none was the best", "the last was the best"],
)
def test_a_training_that_ended_gives_its_best_weights_without_a_step(
    tiny: Path, tones_folder: Path, tmp_path: Path, best: int | None, kept: bool, shift: float
) -> None:
    work = tmp_path / "r"
    before = shifted(tiny, folder_of(work, 2), 2.0)
    if kept:
        seal(before)
    ended = shifted(tiny, folder_of(work, 4), 4.0)
    (ended / STATE).write_text(json.dumps({"global_step": 4, "best_global_step": best, "log_history": [{"step": 4}]}))
    mark_ended(ended)
    seal(ended)
    model = load_whisper(tiny)
    assert best_of(model, ended).global_step == 4
    assert shift_of(tiny, merged_state(model)) == shift
    saved = Checkpoints()
    found = fitted(tiny, tones_folder, tmp_path, saved, resume=ended)
    assert (found.step, found.stopped, list(found.history)) == (4, False, [{"step": 4}])
    assert shift_of(tiny, found.state) == shift
    assert saved.ended == {}


def test_what_is_logged_is_drawn_for_tensorboard_beside_the_runs_folder(
    tiny: Path, tones_folder: Path, tmp_path: Path
) -> None:
    fitted(tiny, tones_folder, tmp_path, Checkpoints())
    curves = EventAccumulator(str(tmp_path / "tensorboard" / "r"))
    curves.Reload()
    assert [event.step for event in curves.Scalars("train/loss")] == [1, 2]


def test_curves_that_cannot_be_written_do_not_end_a_training(
    tiny: Path, tones_folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "tensorboard").write_text("a file where the folder should be")
    found = fitted(tiny, tones_folder, tmp_path, Checkpoints())
    assert (found.step, found.stopped) == (2, False)
    [said] = [record for record in caplog.records if vars(record).get("event") == "curves_ended"]
    assert vars(said)["folder"] == str(tmp_path / "tensorboard" / "r")


def test_curves_whose_writer_dies_do_not_end_a_training(
    tiny: Path, tones_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(threading, "excepthook", lambda _: None)
    monkeypatch.setattr(RecordWriter, "write", full)
    found = fitted(tiny, tones_folder, tmp_path, Checkpoints())
    assert (found.step, found.stopped) == (2, False)
    assert [vars(record).get("event") for record in caplog.records].count("curves_ended") == 1
