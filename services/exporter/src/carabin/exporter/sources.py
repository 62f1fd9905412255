"""Where a checkpoint comes from: the registry, or a folder that somebody carried in."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

from carabin.registry.artifacts.bundle import sha256_of
from carabin.registry.artifacts.checkpoints import fetch_checkpoint, latest_checkpoint, read_checkpoint
from carabin.registry.layout import checkpoint_file_key
from carabin.registry.serving_window import WindowPolicy
from carabin.registry.store import ObjectStore

from .errors import RequestInvalid

NOT_EXPORTED: Final = re.compile(
    r"(training|runs|checkpoint-\d+)/|(optimizer|scheduler|scaler|training_args|rng_state.*)\.(pt|pth|bin)$"
)
"""Optimizer, scheduler and random states, of our trainer and of a notebook's, its inner checkpoints and its TensorBoard
logs: they change no model version and are larger than the weights."""

REPORT: Final = "report.html"


@dataclass(frozen=True, slots=True)
class Background:
    """Where a checkpoint came from; written into the manifest of every version made of it."""

    source: Mapping[str, str] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    report: str | None = None
    """Bucket and key of its evaluation report."""
    window: WindowPolicy = field(default_factory=WindowPolicy)
    """The audio context that it was trained with."""


class CheckpointSource(Protocol):
    """A checkpoint that can be named without its bytes being here."""

    @property
    def label(self) -> str:
        """Return the name for people: `run@step`, or a folder."""

    @property
    def identity(self) -> str:
        """Return a SHA-256 over everything in it that can change a model version."""

    def fetch(self, target: Path) -> Path:
        """Bring the files here and return their folder, `target` or where they already lie.

        Raises:
            ManifestInvalid: its bytes are not those that were published, in the store or on the way here.
        """

    def background(self) -> Background:
        """Return where the checkpoint came from, for the manifest."""


class StoredCheckpoint:
    """A checkpoint in the registry.

    Args:
        step: None takes the newest complete one.

    Raises:
        RequestInvalid: the run has no such checkpoint.
    """

    def __init__(self, store: ObjectStore, bucket: str, run: str, step: int | None = None) -> None:
        self._store, self._bucket = store, bucket
        manifest = latest_checkpoint(store, bucket, run) if step is None else read_checkpoint(store, bucket, run, step)
        if manifest is None:
            raise RequestInvalid(f"run {run} has no complete checkpoint; `carabin train` makes some")
        self._manifest = manifest

    @property
    def label(self) -> str:
        return f"{self._manifest.run}@{self._manifest.step}"

    @property
    def identity(self) -> str:
        entries = [(entry.path, entry.sha256) for entry in self._manifest.files if _exported(entry.path)]
        return _digest(entries)

    def fetch(self, target: Path) -> Path:
        return fetch_checkpoint(self._store, self._bucket, self._manifest, target, _exported)

    def background(self) -> Background:
        manifest = self._manifest
        report = checkpoint_file_key(manifest.run, manifest.step, REPORT)
        reported = any(entry.path == REPORT for entry in manifest.files)
        return Background(
            source={
                **manifest.source,
                "checkpoint": f"{self._bucket}/{manifest.ref}",
                "checkpoint_sha256": self.identity,
                "run": manifest.run,
                "step": str(manifest.step),
            },
            metrics=dict(manifest.metrics),
            report=f"{self._bucket}/{report}" if reported else None,
            window=manifest.window,
        )


class FolderCheckpoint:
    """A Hugging Face folder on this machine, such as one that was copied to a machine without a network.

    Raises:
        RequestInvalid: there is no such folder.
    """

    def __init__(self, folder: Path) -> None:
        if not folder.is_dir():
            raise RequestInvalid(f"{folder}: there is no such folder")
        self._folder = folder.resolve()
        self._identity = ""

    @property
    def label(self) -> str:
        return self._folder.name

    @property
    def identity(self) -> str:
        if not self._identity:
            self._identity = _digest(
                [
                    (path.relative_to(self._folder).as_posix(), sha256_of(path))
                    for path in sorted(self._folder.rglob("*"))
                    if path.is_file() and _exported(path.relative_to(self._folder).as_posix())
                ]
            )
        return self._identity

    def fetch(self, target: Path) -> Path:
        del target
        return self._folder

    def background(self) -> Background:
        return Background(source={"checkpoint": self._folder.name, "checkpoint_sha256": self.identity})


class Ct2Folder(FolderCheckpoint):
    """A CTranslate2 folder on this machine: nothing to convert, everything to validate."""

    @property
    def folder(self) -> Path:
        return self._folder

    def background(self) -> Background:
        return Background(source={"imported": self._folder.name, "imported_sha256": self.identity})


def parse_reference(text: str) -> tuple[str, int | None]:
    """Split `RUN` or `RUN@STEP`.

    Raises:
        RequestInvalid: it is neither.
    """
    found = re.fullmatch(r"([^@]+)(?:@(\d{1,8}))?", text)
    if not found:
        raise RequestInvalid(f"{text!r} is neither RUN nor RUN@STEP, such as cardio-1@200")
    return found[1], int(found[2]) if found[2] else None


def _exported(path: str) -> bool:
    return NOT_EXPORTED.match(path) is None


def _digest(entries: list[tuple[str, str]]) -> str:
    return hashlib.sha256(json.dumps(sorted(entries)).encode()).hexdigest()
