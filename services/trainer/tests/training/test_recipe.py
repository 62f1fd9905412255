"""A whole run with everything that helps tiny data: augmented sound, hidden stretches, times, and an early end."""

import shutil
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import soundfile
import torch
from carabin.registry.artifacts.checkpoints import fetch_checkpoint
from carabin.registry.testing.memory import MemoryStore
from carabin.trainer.checkpoints import saver
from carabin.trainer.data import dictations
from carabin.trainer.errors import DatasetInvalid
from carabin.trainer.features import examples
from carabin.trainer.features.mel import Mel
from carabin.trainer.features.spec_augment import SpecAugment
from safetensors.torch import load_file

from ..helpers.training import BUCKETS, EventRecorder, a_store, run, settings

LONGEST = 60
"""Steps of the schedule: far more than validation bears at this rate."""


@pytest.fixture
def store(tones_folder: Path) -> MemoryStore:
    return a_store(tones_folder)


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the weights of every checkpoint of a run are kept, by step, whatever the run removes."""
    folder = tmp_path / "kept"
    folder.mkdir()
    honest = saver.seal

    def seal(checkpoint: Path) -> None:
        shutil.copyfile(checkpoint / "model.safetensors", folder / checkpoint.name.removeprefix("checkpoint-"))
        honest(checkpoint)

    monkeypatch.setattr(saver, "seal", seal)
    return folder


def test_a_run_that_no_longer_learns_ends_early_and_gives_its_best_weights(
    tiny: Path, store: MemoryStore, tmp_path: Path, kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    masked: list[int] = []
    honest = examples.mask

    def mask(mel: Mel, n_frames: int, amount: SpecAugment, rng: np.random.Generator) -> Mel:
        masked.append(n_frames)
        return honest(mel, n_frames, amount, rng)

    monkeypatch.setattr(examples, "mask", mask)
    recorder = EventRecorder()
    wanted = settings(
        tiny, tmp_path / "w", augment=True, spec_augment=True, timestamps=0.5, patience=2,
        learning_rate=2e-2, max_steps=LONGEST, checkpoint_steps=3,
    )  # fmt: skip
    result = run(wanted, store, recorder=recorder)

    validation = {event.step: event.metrics["eval_loss"] for event in recorder.events if "eval_loss" in event.metrics}
    best = min(validation, key=lambda step: validation[step])
    assert result.state == "finished"
    assert max(validation) == best + 2 * 3 < LONGEST  # two validations without a better one
    assert len(set(masked)) > 12  # other lengths at other speeds
    assert result.checkpoint is not None
    final = load_file(
        fetch_checkpoint(store, BUCKETS.checkpoints_bucket, result.checkpoint, tmp_path / "f") / "model.safetensors"
    )
    at_best, at_end = load_file(kept / str(best)), load_file(kept / str(max(validation)))
    assert all(torch.equal(final[name], at_best[name]) for name in at_best)
    assert any(not torch.equal(final[name], at_end[name]) for name in at_end)


def test_a_recording_that_becomes_unreadable_mid_epoch_is_named_and_the_run_goes_on_once_it_is_back(
    tiny: Path, store: MemoryStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder, honest = EventRecorder(), dictations.decode

    def unreadable(data: bytes) -> npt.NDArray[np.float32]:
        if max((step for step, _ in recorder.losses), default=0) >= 3:
            raise soundfile.SoundFileError("flac decoder lost sync")
        return honest(data)

    wanted = settings(tiny, tmp_path / "w", augment=True)
    with monkeypatch.context() as patched:
        patched.setattr(dictations, "decode", unreadable)
        with pytest.raises(DatasetInvalid, match=r"train.parquet: dictation \d+ \(noise\) cannot be decoded: flac"):
            run(wanted, store, recorder=recorder)
    again = EventRecorder()
    assert run(wanted, store, recorder=again).state == "finished"
    assert [step for step, _ in again.losses] == [3, 4, 5, 6]
