"""Whether a finished run is the training that is asked for under its name: only then is its outcome the answer."""

from collections.abc import Iterator
from pathlib import Path

from carabin.registry.artifacts.checkpoints import CheckpointManifest, RunRecord
from carabin.registry.artifacts.datasets import DatasetManifest

from ..checkpoints.lineage import fingerprint
from ..errors import ResumeRefused
from ..models.resolve import resolve_base
from ..runtime.run import RunContext
from ..settings import SettingRole


def require_same_training(
    run: RunContext,
    done: CheckpointManifest,
    record: RunRecord | None,
    dataset: DatasetManifest,
    replay: DatasetManifest | None,
) -> None:
    """Compare what the final checkpoint `done` and the run's `record` say with what `run` is to learn, and how.

    Args:
        dataset: what the settings' name stands for now; `replay` likewise.

    Raises:
        ResumeRefused: they differ; the text names what does.
        BaseModelRefused: the base has another name, and there is no such model.
    """
    differences = [
        *_other_dataset("dataset", done, dataset),
        *_other_dataset("replay", done, replay),
        *_other_base(run, done),
        *_other_settings(run, record),
    ]
    if differences:
        raise ResumeRefused(
            f"run {run.name} is finished, and is another training: {', '.join(differences)};"
            " give the same settings, or another --run, which trains anew"
        )


def _other_dataset(role: str, done: CheckpointManifest, wanted: DatasetManifest | None) -> Iterator[str]:
    found = done.source.get(f"{role}_sha256")
    if found != (wanted.fingerprint if wanted else None):
        here = f"{wanted.name}@{wanted.version}" if wanted else None
        there = f"{done.source.get(role)}@{done.source.get(f'{role}_version')}" if found else None
        yield _difference(role, there, here)


def _other_base(run: RunContext, done: CheckpointManifest) -> Iterator[str]:
    """Name the base where its weights are others.

    Of the same name only a folder is looked into: a hub may be away, and `model:NAME` is another model once this run's
    own outcome is promoted.
    """
    name, before = run.settings.base, done.source.get("base_model")
    if name == before and not Path(name).is_dir():
        return
    base = fingerprint(resolve_base(name, run.cache, lambda: run.store))
    if base != done.source.get("base_sha256"):
        same_name = ", whose weights are others now" if name == before else ""
        yield _difference("base", before, name) + same_name


def _other_settings(run: RunContext, record: RunRecord | None) -> Iterator[str]:
    """Name the settings that differ, of those that the run's release had; the precision as it was asked for."""
    before = record.settings if record else {}
    for name, wanted in run.settings.values_of(SettingRole.SCHEDULE, SettingRole.SELECTION).items():
        if before.get(name, wanted) != wanted:
            yield _difference(name, before[name], wanted)


def _difference(name: str, there: str | None, here: str | None) -> str:
    return f"{name} is {there} in it and {here} in this one"
