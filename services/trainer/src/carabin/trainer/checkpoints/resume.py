"""Where an interrupted run goes on: its furthest complete checkpoint, here or in the store."""

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from carabin.registry.artifacts.checkpoints import (
    CheckpointManifest,
    fetch_checkpoint,
    list_checkpoints,
    read_checkpoint,
)
from carabin.registry.store import ObjectStore

from ..errors import ResumeRefused
from .layout import STATE, folder_of, local_steps, unstage

SCHEDULE: Final = "schedule.json"


@dataclass(frozen=True, slots=True)
class RunFingerprint:
    """What a checkpoint and the run that continues it must have in common."""

    architecture: str
    base: str
    dataset: str
    replay: str
    schedule: Mapping[str, str]

    def write(self, folder: Path) -> None:
        """Keep it beside the training state."""
        (folder / SCHEDULE).write_text(json.dumps({name: getattr(self, name) for name in self.__slots__}, indent=2))

    def require(self, folder: Path) -> None:
        """Compare with what the checkpoint in `folder` says of itself.

        Raises:
            ResumeRefused: they differ; the text names the first difference.
        """
        try:
            found = json.loads((folder / SCHEDULE).read_text())
            if not isinstance(found, dict):
                raise ValueError(f"{SCHEDULE} holds no JSON object")
        except (OSError, ValueError) as error:
            raise ResumeRefused(f"{folder}: it does not say what it learnt from, and cannot be resumed") from error
        for name in self.__slots__:
            if found.get(name) != getattr(self, name):
                raise ResumeRefused(
                    f"{folder.name} is of another {name}: {_difference(found.get(name), getattr(self, name))};"
                    " give the same settings, or another --run"
                )


def _difference(found: Any, wanted: Any) -> str:
    """Return what differs, setting by setting where both are schedules."""
    if not (isinstance(found, dict) and isinstance(wanted, Mapping)):
        return f"it has {found!r}, this run {wanted!r}"
    names = [name for name in {**wanted, **found} if found.get(name) != wanted.get(name)]
    return ", ".join(f"{name} is {found.get(name)} in it and {wanted.get(name)} in this run" for name in names)


def finished(store: ObjectStore, bucket: str, run: str) -> CheckpointManifest | None:
    """Return the run's final checkpoint where it has one."""
    for ref in reversed(list_checkpoints(store, bucket, run)):
        manifest = read_checkpoint(store, bucket, run, ref.step)
        if manifest.final:
            return manifest
    return None


def restore(store: ObjectStore, bucket: str, run: str, work: Path, identity: RunFingerprint) -> Path | None:
    """Return the local folder of the furthest complete checkpoint, fetched if only the store has it; None to begin.

    Raises:
        ResumeRefused: it is of another model, dataset or schedule.
        ManifestInvalid: the store's bytes are not those it promised.
    """
    here = local_steps(work)
    there = [ref.step for ref in list_checkpoints(store, bucket, run)]
    step = max([*here, *there], default=None)
    if step is None:
        return None
    if step not in here:
        _fetch(store, bucket, run, step, work)
    folder = folder_of(work, step)
    identity.require(folder)
    best = json.loads((folder / STATE).read_text()).get("best_global_step")
    if best and best not in local_steps(work) and best in there:
        _fetch(store, bucket, run, best, work)
    return folder


def _fetch(store: ObjectStore, bucket: str, run: str, step: int, work: Path) -> None:
    scratch = work / f"fetched-{step}"
    shutil.rmtree(scratch, ignore_errors=True)
    fetch_checkpoint(store, bucket, read_checkpoint(store, bucket, run, step), scratch)
    try:
        unstage(scratch, folder_of(work, step))
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
