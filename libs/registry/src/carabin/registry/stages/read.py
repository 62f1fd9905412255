"""What the store says now: the tags of every version, and the decision that follows from tags and log."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from ..errors import ManifestInvalid, ObjectMissing
from ..layout import is_safe_name, manifest_key, versions_prefix
from ..store import ObjectStore
from .promotions import PromotionRecord, read_head
from .resolve import STAGE, Decision, LogHead, promotion_number, resolve

SCAN_THREADS = 16
"""As many as the store's client keeps connections open."""


def read_tags(store: ObjectStore, bucket: str, name: str) -> dict[str, dict[str, str]]:
    """Return the tags of every visible version's manifest, by version, oldest first.

    One request for each version, sixteen at a time; a version without a manifest is not there yet, or not any more.
    """

    def tags_of(version: str) -> dict[str, str] | None:
        try:
            return store.get_tags(bucket, manifest_key(name, version))
        except ObjectMissing:
            return None

    versions = [version for version in store.folders(bucket, versions_prefix(name)) if is_safe_name(version)]
    if len(versions) < SCAN_THREADS:
        found = list(map(tags_of, versions))
    else:
        with ThreadPoolExecutor(SCAN_THREADS, thread_name_prefix="tag-scan") as pool:
            found = list(pool.map(tags_of, versions))
    return {version: tags for version, tags in zip(versions, found, strict=True) if tags is not None}


def read_production(store: ObjectStore, bucket: str, name: str) -> str | None:
    """Return the version in production: five requests where the newest promotion is in force, however many there are.

    The holder with the highest number wins, so that a newest promotion which is in force needs no look at the others.
    Where it is not (cut off, or its stage changed by hand) all tags are read.
    """
    try:
        head = read_head(store, bucket, name)
    except ManifestInvalid:
        return resolve(read_tags(store, bucket, name)).version
    in_force = head and tags_in_force(store, bucket, name, head)
    return head.version if head and in_force else read_decision(store, bucket, name).version


def tags_in_force(store: ObjectStore, bucket: str, name: str, head: PromotionRecord) -> dict[str, str] | None:
    """Return the tags of the newest promotion's version where they put it into production, None where they do not."""
    try:
        tags = store.get_tags(bucket, manifest_key(name, head.version))
    except ObjectMissing:
        return None
    return tags if tags.get(STAGE) == "production" and promotion_number(tags) >= head.number else None


def read_decision(
    store: ObjectStore, bucket: str, name: str, tags: dict[str, dict[str, str]] | None = None
) -> Decision:
    """Read tags and log, and resolve which versions serve.

    Args:
        tags: what `read_tags` returned just now; None reads them.
    """
    tags = read_tags(store, bucket, name) if tags is None else tags
    try:
        head = read_head(store, bucket, name)
    except ManifestInvalid as error:
        # The tags are what serves: a record of a later release, or a spoiled one, must not stop that.
        decision = resolve(tags)
        return replace(decision, problems=(*decision.problems, f"the newest promotion cannot be read: {error}"))
    return resolve(tags, LogHead(head.number, head.version) if head else None)
