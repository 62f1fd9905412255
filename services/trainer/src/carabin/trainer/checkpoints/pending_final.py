"""A run's outcome between its evaluation and the store: kept with all that its upload needs.

`final-<step>/` holds the files, `final.json` beside it what to publish with them, written last.
"""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from carabin.registry.artifacts.bundle import describe_folder
from carabin.registry.artifacts.records import FileEntry
from carabin.registry.errors import CarabinError
from carabin.registry.serving_window import WindowPolicy
from carabin.service.errors import ResourcesExhausted
from carabin.service.shortage import translate_shortage
from pydantic import BaseModel, ConfigDict, ValidationError

from .layout import seal_file

RECORD: Final = "final.json"


def folder_of_final(work: Path, step: int) -> Path:
    """Return where the outcome that becomes the checkpoint of `step` is kept."""
    return work / f"final-{step}"


class PendingFinal(BaseModel):
    """What is published with the folder, and what the run was that made it."""

    model_config = ConfigDict(frozen=True)

    step: int
    folder: Path
    source: dict[str, str]
    metrics: dict[str, float]
    window: WindowPolicy
    made_by: dict[str, str]
    """Fingerprint and settings of the run: one with others must not publish this."""
    files: tuple[FileEntry, ...]


def keep_final(
    work: Path,
    folder: Path,
    step: int,
    *,
    source: Mapping[str, str],
    metrics: Mapping[str, float],
    window: WindowPolicy,
    made_by: Mapping[str, str],
) -> PendingFinal:
    """Move the evaluated `folder` to its place in `work` and record what to publish with it."""
    target = folder_of_final(work, step)
    (work / RECORD).unlink(missing_ok=True)
    shutil.rmtree(target, ignore_errors=True)
    folder.rename(target)
    kept = PendingFinal(
        step=step,
        folder=target,
        source=dict(source),
        metrics=dict(metrics),
        window=window,
        made_by=dict(made_by),
        files=describe_folder(target),
    )
    seal_file(work / RECORD, kept.model_dump_json(indent=1))
    return kept


def find_final(work: Path, made_by: Mapping[str, str]) -> PendingFinal | None:
    """Return the outcome that waits in `work` for its upload, where it is complete and this run's own.

    Raises:
        ResourcesExhausted: files or memory are short, so that nobody knows.
    """
    try:
        with translate_shortage(work):
            kept = PendingFinal.model_validate_json((work / RECORD).read_bytes())
            kept = kept.model_copy(update={"folder": work / kept.folder.name})  # the work folder may have moved
            complete = kept.made_by == dict(made_by) and describe_folder(kept.folder) == kept.files
    except ResourcesExhausted:
        raise
    except (OSError, ValidationError, CarabinError):
        return None
    return kept if complete else None
