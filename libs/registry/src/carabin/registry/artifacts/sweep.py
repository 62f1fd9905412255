"""Sweeping orphans: files whose manifest never came, because a publisher died."""

import re
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta

from ..errors import ObjectMissing
from ..layout import LEXICON_FILE
from ..store import ObjectInfo, ObjectStore

ORPHAN_AFTER = timedelta(hours=24)
"""Longer than any upload takes: its newest file says how old an orphan is."""

_WHOLE = ("manifest.json", LEXICON_FILE)
"""What makes a folder visible: its manifest, and in a lexicon's version, which is one file, that file."""

_FOLDER = re.compile(r"(?:[^/]+/versions/[^/]+|[^/]+/\d{8}(?:T\d{6}Z-[0-9a-f]{12})?)(?=/)")
"""A version of a model or of a lexicon, a checkpoint's step or a dataset version; nothing else is ever swept."""


@dataclass(frozen=True, slots=True)
class Orphan:
    """A folder without a manifest."""

    prefix: str
    objects: int
    total_bytes: int
    modified: datetime
    """When its newest file was written."""


def find_orphans(store: ObjectStore, bucket: str, now: datetime | None = None) -> list[Orphan]:
    """Return the folders of any of our three buckets that no manifest makes visible, and that nobody still writes.

    Args:
        now: by default the store's own clock, so that a machine whose clock is wrong takes no upload for an orphan.
    """
    keys_by_folder: dict[str, list[str]] = defaultdict(list)
    for key in store.list(bucket, ""):
        if match := _FOLDER.match(key):
            keys_by_folder[f"{match.group()}/"].append(key)
    found = []
    for prefix, keys in sorted(keys_by_folder.items()):
        if any(f"{prefix}{name}" in keys for name in _WHOLE):
            continue
        infos = [info for info in (_stat(store, bucket, key) for key in keys) if info]
        newest = max(infos, key=lambda info: info.modified, default=None)
        if newest and (now or newest.asked) - newest.modified >= ORPHAN_AFTER:
            found.append(Orphan(prefix, len(infos), sum(info.size for info in infos), newest.modified))
    return found


def sweep(store: ObjectStore, bucket: str, now: datetime | None = None) -> list[Orphan]:
    """Delete the orphans of `bucket` that are older than a day, by the store's clock or `now`; return them."""
    swept = []
    for orphan in find_orphans(store, bucket, now):
        if any(store.exists(bucket, f"{orphan.prefix}{name}") for name in _WHOLE):
            continue
        for key in store.list(bucket, orphan.prefix):
            store.delete(bucket, key)
        swept.append(orphan)
    return swept


def _stat(store: ObjectStore, bucket: str, key: str) -> ObjectInfo | None:
    try:
        return store.stat(bucket, key)
    except ObjectMissing:
        return None
