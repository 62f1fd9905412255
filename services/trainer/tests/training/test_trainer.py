"""Tests of the loss over any number of processes, and of memory that does not suffice."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterable
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from carabin.registry.testing.memory import MemoryStore
from carabin.trainer.checkpoints.layout import local_steps
from carabin.trainer.errors import OutOfMemory, ResumeRefused
from carabin.trainer.runtime.progress import Progress
from carabin.trainer.runtime.run import RunContext
from carabin.trainer.training import trainer as loop

from ..helpers.training import BUCKETS, EventRecorder, a_store, run, settings

WORKER = str(Path(__file__).parents[1] / "helpers" / "worker.py")


def read(lines: Iterable[str]) -> list[tuple[int, float]]:
    return [(int(step), float(loss)) for step, loss in map(json.loads, lines)]


def test_two_machines_take_the_steps_that_one_process_takes(tiny: Path, tones_folder: Path, tmp_path: Path) -> None:
    recorder = EventRecorder()
    run(settings(tiny, tmp_path / "one", max_steps=4, checkpoint_steps=2), a_store(tones_folder), recorder=recorder)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        rendezvous = f"--rdzv-endpoint=127.0.0.1:{free.getsockname()[1]}"
    launcher = [sys.executable, "-m", "carabin.trainer.runtime.torchrun", "--nnodes=2", "--nproc-per-node=1"]
    launcher += ["--rdzv-backend=c10d", "--rdzv-id=r", rendezvous, WORKER, str(tiny), str(tones_folder)]
    with ExitStack() as stack:
        machines = [  # each with a disk of its own
            stack.enter_context(
                subprocess.Popen(
                    [*launcher, str(tmp_path / disk), "4", "2"],
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    text=True,
                )
            )
            for disk in ("left", "right")
        ]
        printed = [machine.communicate(timeout=300) for machine in machines]
    assert [machine.returncode for machine in machines] == [0, 0], printed
    losses = read([line for out, _ in printed for line in out.splitlines()])
    assert [step for step, _ in losses] == [step for step, _ in recorder.losses] == [1, 2, 3, 4]
    for (_, shared), (_, alone) in zip(losses, recorder.losses, strict=True):
        assert shared == pytest.approx(alone, rel=1e-5)


def test_machines_that_find_different_checkpoints_do_not_go_on(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = RunContext(settings(tiny, tmp_path), MemoryStore(), BUCKETS, Progress("r"), lambda: False)
    alone.agree(4)
    monkeypatch.setattr("carabin.trainer.runtime.run.gather_object", lambda steps: [*steps, 6])
    alone.processes = SimpleNamespace(num_processes=2)  # type: ignore[assignment]
    with pytest.raises(ResumeRefused, match=r"run r: its processes find checkpoints of different steps \(4, 6\)"):
        alone.agree(4)


def test_processes_stop_and_save_together_whichever_of_them_is_asked(
    tiny: Path, tones_folder: Path, tmp_path: Path
) -> None:
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2", WORKER]
    done = subprocess.run(
        [*launcher, str(tiny), str(tones_folder), str(tmp_path / "two"), "9", "9"],
        capture_output=True,
        text=True,
        env={**os.environ, "STOP_RANK": "1"},
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    *losses, last = done.stdout.splitlines()
    assert [step for step, _ in read(losses)] == [1, 2, 3]  # asked once two were done: the third is the last
    assert json.loads(last) == {"stored": [3]}


def test_a_killed_process_resumes_with_the_curve_of_one_that_lived(
    tiny: Path, tones_folder: Path, tmp_path: Path
) -> None:
    whole, rest = EventRecorder(), EventRecorder()
    steps = {"max_steps": 5, "checkpoint_steps": 1}
    run(settings(tiny, tmp_path / "whole", **steps), a_store(tones_folder), recorder=whole)
    work = tmp_path / "killed"
    command = [sys.executable, WORKER, str(tiny), str(tones_folder), str(work), "5", "1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as child:
        assert child.stdout is not None
        first = read(islice(child.stdout, 3))
        child.send_signal(signal.SIGKILL)
    assert [step for step, _ in first] == [1, 2, 3]
    resumed_at = local_steps(work / "r")[-1]
    assert resumed_at >= 2
    run(settings(tiny, work, **steps), a_store(tones_folder), recorder=rest)
    assert first[:resumed_at] + rest.losses == whole.losses


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
    whole, parts = EventRecorder(), EventRecorder()
    short = {"max_steps": 3, "checkpoint_steps": 3}
    run(settings(tiny, tmp_path / "whole", **short), a_store(tones_folder), recorder=whole)
    small_memory[0] = 2
    run(settings(tiny, tmp_path / "parts", **short), a_store(tones_folder), recorder=parts)
    assert [loss for _, loss in parts.losses] == pytest.approx([loss for _, loss in whole.losses], rel=1e-5)
    halved = [event.metrics for event in parts.events if "out_of_memory_parts" in event.metrics]
    assert halved == [{"out_of_memory_parts": 2.0, "micro_batch": 2.0}]


def test_memory_for_not_even_one_dictation_ends_the_run_with_advice(
    tiny: Path, tones_folder: Path, tmp_path: Path, small_memory: list[int]
) -> None:
    small_memory[0] = 0
    with pytest.raises(OutOfMemory, match="lower the batch size"):
        run(settings(tiny, tmp_path / "w"), a_store(tones_folder))
