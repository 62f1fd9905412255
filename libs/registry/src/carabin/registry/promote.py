"""Promotion: compare-and-set and audit record in one write, then the tags that make it so."""

from datetime import UTC, datetime

from .errors import StalePromotion, StoreError
from .layout import manifest_key
from .promotions import PromotionRecord, append, read_head
from .publish import list_versions, read_manifest
from .resolve import Decision, promotion_number, resolve
from .store import ObjectStore


def read_decision(store: ObjectStore, bucket: str, name: str) -> Decision:
    """Read tags and log, and resolve which version is in production."""
    tags = {
        version: store.get_tags(bucket, manifest_key(name, version)) for version in list_versions(store, bucket, name)
    }
    head = read_head(store, bucket, name)
    return resolve(tags, head.version if head else None)


def promote(
    store: ObjectStore,
    bucket: str,
    name: str,
    version: str,
    *,
    by: str,
    reason: str,
    at: datetime,
    expect: str | None = None,
) -> PromotionRecord:
    """Move production to `version`; rolling back is promoting an older version.

    Args:
        expect: refuse unless this version is in production now; None does not ask.

    Raises:
        VersionMissing: there is no such version.
        StalePromotion: another version than `expect` is in production.
        PromotionLost: somebody promoted at the same time; the message names the winner.
    """
    read_manifest(store, bucket, name, version)
    # The log is read before the tags: a promotion in between takes our number, and then we lose rather than overwrite.
    head = read_head(store, bucket, name)
    current = read_decision(store, bucket, name).version
    if expect is not None and current != expect:
        raise StalePromotion(f"{name}: production is {current}, not {expect}; look again before promoting {version}")
    number = head.number + 1 if head else 1
    record = PromotionRecord(number=number, version=version, previous=current, by=by, reason=reason, at=at)
    append(store, bucket, name, record)
    _apply(store, bucket, name, record)
    return record


def repair(store: ObjectStore, bucket: str, name: str) -> PromotionRecord | None:
    """Finish the newest promotion if it was cut off before its tag; return it, or None where nothing was pending."""
    head = read_head(store, bucket, name)
    if head is None or read_decision(store, bucket, name).pending is None:
        return None
    _apply(store, bucket, name, head)
    return head


def _apply(store: ObjectStore, bucket: str, name: str, record: PromotionRecord) -> None:
    """Tag the new holder, then demote the others, best effort: a leftover holder loses by its lower number."""
    production = {
        "stage": "production",
        "promotion-seq": str(record.number),
        "promoted-by": _tag_value(record.by),
        "promoted-at": f"{record.at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
    }
    store.set_tags(bucket, manifest_key(name, record.version), production)
    for version in list_versions(store, bucket, name):
        if version == record.version:
            continue
        key = manifest_key(name, version)
        try:
            tags = store.get_tags(bucket, key)
            # A promotion newer than ours may have finished meanwhile: its holder is not ours to demote.
            if tags.get("stage") == "production" and promotion_number(tags) < record.number:
                store.set_tags(bucket, key, {**tags, "stage": "archived"})
        except StoreError:
            continue


def _tag_value(text: str) -> str:
    """Keep what every S3 store allows in a tag value, at most 256 characters; the record keeps the whole text."""
    return "".join(char if char.isascii() and (char.isalnum() or char in " +-=._:/@") else "_" for char in text)[:256]
