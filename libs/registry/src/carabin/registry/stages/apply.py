"""The tags that put a recorded promotion into force, and their repair where that was cut off."""

from datetime import UTC

from ..artifacts.publish import list_versions
from ..errors import StoreError
from ..layout import manifest_key
from ..store import ObjectStore
from .promotions import PromotionRecord, read_head
from .read import read_decision
from .resolve import NUMBER, SHARE, STAGE, promotion_number

MAX_TAGS = 10
"""S3's limit for one object: beyond it the hospital's own tags give way to ours."""


def repair(store: ObjectStore, bucket: str, name: str) -> PromotionRecord | None:
    """Finish the newest promotion if it was cut off, demoting leftover holders; return it, or None if all was well."""
    head = read_head(store, bucket, name)
    decision = read_decision(store, bucket, name)
    outdone = decision.rivals and head is not None and decision.version == head.version
    if head is None or not (decision.pending or outdone):
        return None
    apply(store, bucket, name, head)
    return head


def apply(store: ObjectStore, bucket: str, name: str, record: PromotionRecord) -> PromotionRecord:
    """Tag the holder that `record` names and demote the others; then the newer record's, if one came meanwhile.

    Tags have no compare-and-set: between our reading and our writing of a tag somebody may have promoted. So everyone
    who has written looks at the log again, and finishes what its head says: the last to look leaves it true. Returns
    the record that is in force then.
    """
    while True:
        _tag_holder(store, bucket, name, record)
        _demote_others(store, bucket, name, record)
        head = read_head(store, bucket, name)
        if head is None or head.number <= record.number:
            return record
        record = head


def _tag_holder(store: ObjectStore, bucket: str, name: str, record: PromotionRecord) -> None:
    key = manifest_key(name, record.version)
    production = {
        STAGE: "production",
        NUMBER: str(record.number),
        "promoted-by": tag_value(record.by),
        "promoted-at": f"{record.at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
    }
    others = [(tag, value) for tag, value in store.get_tags(bucket, key).items() if tag not in {SHARE, *production}]
    store.set_tags(bucket, key, dict(others[: MAX_TAGS - len(production)]) | production)


def _demote_others(store: ObjectStore, bucket: str, name: str, record: PromotionRecord) -> None:
    """Best effort: a leftover holder loses by its lower number."""
    for version in list_versions(store, bucket, name):
        if version == record.version:
            continue
        key = manifest_key(name, version)
        try:
            tags = store.get_tags(bucket, key)
            # A promotion newer than ours may have finished meanwhile: its holder is not ours to demote.
            if tags.get(STAGE) == "production" and promotion_number(tags) < record.number:
                store.set_tags(bucket, key, {**tags, STAGE: "archived"})
        except StoreError:
            continue


def tag_value(text: str) -> str:
    """Keep what every S3 store allows in a tag value, at most 256 characters; the record keeps the whole text."""
    return "".join(char if char.isascii() and (char.isalnum() or char in " +-=._:/@") else "_" for char in text)[:256]
