"""A run's checkpoints on this machine: complete or absent, and laid out as the store wants them.

The Trainer writes `checkpoint-<step>/` file by file; a crash in between leaves half of one. A complete one has a seal,
written last. In the store the weights and processor lie at the root and all that resuming needs under `training/`.
"""

import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import soundfile
from carabin.registry.errors import DiskFailed
from carabin.service.shortage import translate_shortage
from safetensors import SafetensorError

from ..errors import ResumeRefused

SEAL: Final = "complete.json"
TRAINING: Final = "training"
STATE: Final = "trainer_state.json"
ENDED: Final = "schedule_ended.json"
FOR_RESUMING: Final = (
    "optimizer",
    "scheduler",
    "rng_state",
    "trainer_state",
    "training_args",
    "scaler",
    "adapter",
    "schedule",
    SEAL,
)
"""Files whose names begin so go under `training/`; an adapter is there because the root holds it merged."""


@contextmanager
def translate_disk_errors(folder: Path) -> Iterator[None]:
    """Turn what each library says of a full disk into one error, naming `folder`.

    Raises:
        DiskFailed: it is full, or may not be written; what was complete before still is.
        ResourcesExhausted: memory or threads are short, not the disk.
    """
    try:
        with translate_shortage(folder):
            yield
    except (OSError, SafetensorError, soundfile.SoundFileError) as error:
        raise DiskFailed(f"cannot write {folder}: {error}; the last complete checkpoint is kept") from error


def folder_of(work: Path, step: int) -> Path:
    """Return where the Trainer keeps the checkpoint of `step`."""
    return work / f"checkpoint-{step}"


def step_of(folder: Path) -> int:
    """Return the step of a folder that `folder_of` named."""
    return int(folder.name.rpartition("-")[2])


def seal(folder: Path) -> None:
    """Declare a checkpoint complete: its files reach the disk first."""
    files = [path for path in folder.rglob("*") if path.is_file() and path != folder / SEAL]
    sizes = {path.relative_to(folder).as_posix(): path.stat().st_size for path in files}
    for path in files:
        path.chmod(0o644)  # safetensors writes 0600, which another container's user cannot read
        _to_disk(path)
    seal_file(folder / SEAL, json.dumps(sizes))


def seal_file(file: Path, text: str) -> None:
    """Write `file` so that it is there with all of `text`, on the disk, or not at all."""
    scratch = file.with_name(f".{file.name}")
    scratch.write_text(text, encoding="utf-8")
    _to_disk(scratch)
    scratch.rename(file)


def mark_ended(folder: Path) -> None:
    """Note, before the seal, that training ended here: by its schedule or early, not because somebody asked."""
    (folder / ENDED).write_text("{}")


def has_ended(folder: Path) -> bool:
    """Return whether training ended with this checkpoint, so that only evaluation is left."""
    return (folder / ENDED).is_file()


def is_complete(folder: Path) -> bool:
    """Return whether a checkpoint was sealed and still has every file in its size.

    Raises:
        ResourcesExhausted: files or memory are short, so that nobody knows; what is incomplete would be removed.
    """
    try:
        with translate_shortage(folder):
            sizes = json.loads((folder / SEAL).read_text())
            return all((folder / path).stat().st_size == size for path, size in sizes.items())
    except (OSError, ValueError):
        return False


def local_steps(work: Path) -> list[int]:
    """Return the steps of the complete checkpoints here, ascending; half-written ones are removed.

    Raises:
        ResourcesExhausted: see `is_complete`.
    """
    steps = []
    with translate_shortage(work):
        for folder in work.glob("checkpoint-*"):
            step = folder.name.removeprefix("checkpoint-")
            if step.isdigit() and is_complete(folder):
                steps.append(int(step))
            else:
                shutil.rmtree(folder, ignore_errors=True)
    return sorted(steps)


def stage(folder: Path, target: Path, processor: Sequence[Path]) -> Path:
    """Lay a local checkpoint out for the store, by hard links: it may be deleted here while it is still uploaded."""
    shutil.rmtree(target, ignore_errors=True)
    (target / TRAINING).mkdir(parents=True)
    for path in sorted(folder.iterdir()):
        if path.is_file():
            resuming = path.name.startswith(FOR_RESUMING)
            _link(path, (target / TRAINING if resuming else target) / path.name)
    for path in processor:
        if not (target / path.name).exists():
            _link(path, target / path.name)
    return target


def unstage(source: Path, folder: Path) -> Path:
    """Undo `stage`: lay a checkpoint fetched from the store out for the Trainer, and seal it.

    Raises:
        ResumeRefused: weights are all that it holds.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for path in [*source.glob("*"), *(source / TRAINING).glob("*")]:
        if path.is_file() and path.name != SEAL:
            _link(path, folder / path.name)
    if not (folder / STATE).is_file():
        raise ResumeRefused(f"{source}: it holds no training state, so that nothing can be resumed from it")
    _adopt_best(folder)
    seal(folder)
    return folder


def _adopt_best(folder: Path) -> None:
    """The state names the best checkpoint by a path of the machine that wrote it: here it lies beside `folder`."""
    state = json.loads((folder / STATE).read_text())
    best = state.get("best_global_step")
    state["best_model_checkpoint"] = str(folder_of(folder.parent, best)) if best else None
    (folder / STATE).unlink()  # a link to what was fetched, which stays as it is
    (folder / STATE).write_text(json.dumps(state, indent=2))


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:  # another filesystem, or one without hard links
        shutil.copy2(source, target)


def _to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
