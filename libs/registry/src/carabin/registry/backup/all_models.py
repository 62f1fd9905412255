"""A backup of every model of a bucket, each in a folder of its own: one that fails keeps no other from being done.

DIR/<model>/     a backup of that model, as `backup` writes it and `restore` reads it
"""

from collections.abc import Callable, Iterator
from pathlib import Path

from ..errors import CarabinError
from ..layout import is_safe_name
from ..stages.lexicon_keys import INFIX
from ..store import ObjectStore
from .model import Report, backup

Done = Callable[[str, int], None]
"""Hears of a model that is backed up, and how many objects were fetched."""


def backup_all(store: ObjectStore, bucket: str, folder: Path, report: Report, done: Done) -> dict[str, str]:
    """Back up each model of which the bucket holds anything into `folder`; return why not, by model, where one failed.

    Raises:
        StoreError: the models cannot be listed; nothing is written.
    """
    failures: dict[str, str] = {}
    for name in stored_models(store, bucket):
        try:
            fetched = backup(store, bucket, name, folder / name, report)
        except (CarabinError, OSError) as error:
            failures[name] = str(error)
        else:
            done(name, fetched)
    return failures


def stored_models(store: ObjectStore, bucket: str) -> list[str]:
    """Return the models of which the bucket holds anything, were it a lexicon alone, sorted."""
    return sorted(set(_owners(store.folders(bucket, ""))))


def _owners(folders: list[str]) -> Iterator[str]:
    for folder in folders:
        model = folder.partition(INFIX)[0]
        if is_safe_name(model):
            yield model
