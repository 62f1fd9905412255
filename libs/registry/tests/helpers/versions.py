"""Small model versions for the tests of this folder."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from carabin.registry.artifacts.publish import publish_model
from carabin.registry.store import ObjectStore

from ..conftest import FORMAT

NAME = "cardio"
NOW = datetime(2026, 11, 23, 10, 15, tzinfo=UTC)


def model_folder(tmp_path: Path, content: str) -> Path:
    """Return a folder with a model of two files, made once."""
    folder = tmp_path / content
    if not folder.exists():
        folder.mkdir(parents=True)
        (folder / "config.json").write_text("{}")
        (folder / "model.bin").write_text(content)
    return folder


def publish(
    store: ObjectStore,
    bucket: str,
    tmp_path: Path,
    content: str,
    *,
    after: timedelta = timedelta(0),
    metrics: Mapping[str, float] | None = None,
) -> str:
    """Publish one version, `after` later than NOW, and return its id."""
    folder = model_folder(tmp_path, content)
    return publish_model(store, bucket, NAME, folder, NOW + after, format=FORMAT, metrics=metrics).version


def publish_many(store: ObjectStore, bucket: str, tmp_path: Path, count: int) -> list[str]:
    """Publish versions an hour apart, oldest first."""
    return [publish(store, bucket, tmp_path, str(n), after=timedelta(hours=n)) for n in range(count)]
