"""Tests of the loss over any number of processes, and of memory that does not suffice."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from carabin.trainer import loop
from carabin.trainer.errors import OutOfMemory

from .training import Heard, a_store, run, settings

WORKER = Path(__file__).parent / "two_processes.py"


def test_two_processes_take_the_steps_that_one_takes(tiny: Path, tones_folder: Path, tmp_path: Path) -> None:
    heard = Heard()
    run(settings(tiny, tmp_path / "one", max_steps=4, checkpoint_steps=4), a_store(tones_folder), heard=heard)
    command = [
        sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2", str(WORKER),
        str(tiny), str(tones_folder), str(tmp_path),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    losses = json.loads((tmp_path / "losses.json").read_text())
    assert [step for step, _ in losses] == [step for step, _ in heard.losses] == [1, 2, 3, 4]
    for (_, shared), (_, alone) in zip(losses, heard.losses, strict=True):
        assert shared == pytest.approx(alone, rel=1e-5)


@pytest.fixture
def small_memory(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """A device that holds no more dictations at once than the number in the list."""
    room = [100]
    honest = loop.summed_loss

    def summed(model: torch.nn.Module, batch: dict[str, Any]) -> torch.Tensor:
        if model.training and len(batch["labels"]) > room[0]:
            raise torch.OutOfMemoryError("no memory left")
        return honest(model, batch)

    monkeypatch.setattr(loop, "summed_loss", summed)
    monkeypatch.setattr(loop.WhisperTrainer, "_may_fail", lambda _: True)
    monkeypatch.setattr(torch.cuda, "empty_cache", lambda: None)
    return room


def test_a_batch_that_does_not_fit_is_taken_in_parts_with_the_same_losses(
    tiny: Path, tones_folder: Path, tmp_path: Path, small_memory: list[int]
) -> None:
    whole, parts = Heard(), Heard()
    short = {"max_steps": 3, "checkpoint_steps": 3}
    run(settings(tiny, tmp_path / "whole", **short), a_store(tones_folder), heard=whole)
    small_memory[0] = 2
    run(settings(tiny, tmp_path / "parts", **short), a_store(tones_folder), heard=parts)
    assert [loss for _, loss in parts.losses] == pytest.approx([loss for _, loss in whole.losses], rel=1e-5)
    halved = [event.metrics for event in parts.events if "out_of_memory_parts" in event.metrics]
    assert halved == [{"out_of_memory_parts": 2.0, "micro_batch": 2.0}]


def test_memory_for_not_even_one_dictation_ends_the_run_with_advice(
    tiny: Path, tones_folder: Path, tmp_path: Path, small_memory: list[int]
) -> None:
    small_memory[0] = 0
    with pytest.raises(OutOfMemory, match="lower the batch size"):
        run(settings(tiny, tmp_path / "w"), a_store(tones_folder))
