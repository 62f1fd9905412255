"""What the store says now: the tags of every version, and the decision that follows from tags and log."""

import contextlib
from dataclasses import replace

from ..artifacts.publish import list_versions
from ..errors import ManifestInvalid, ObjectMissing
from ..layout import manifest_key
from ..store import ObjectStore
from .promotions import read_head
from .resolve import Decision, LogHead, resolve


def read_tags(store: ObjectStore, bucket: str, name: str) -> dict[str, dict[str, str]]:
    """Return the tags of every visible version's manifest."""
    tags = {}
    for version in list_versions(store, bucket, name):
        # Somebody may prune it between our listing and our reading.
        with contextlib.suppress(ObjectMissing):
            tags[version] = store.get_tags(bucket, manifest_key(name, version))
    return tags


def read_decision(store: ObjectStore, bucket: str, name: str) -> Decision:
    """Read tags and log, and resolve which versions serve."""
    tags = read_tags(store, bucket, name)
    try:
        head = read_head(store, bucket, name)
    except ManifestInvalid as error:
        # The tags are what serves: a record of a later release, or a spoiled one, must not stop that.
        decision = resolve(tags)
        return replace(decision, problems=(*decision.problems, f"the newest promotion cannot be read: {error}"))
    return resolve(tags, LogHead(head.number, head.version) if head else None)
