"""The tags that put a recorded promotion into force, and their repair where that was cut off."""

from collections.abc import Collection, Iterable, Mapping
from datetime import UTC
from types import MappingProxyType

from ..artifacts.publish import list_versions
from ..errors import StoreError
from ..layout import manifest_key
from ..store import ObjectStore
from .log import StageRecord, newest_stages_first
from .log_end import NumberedLog
from .promotions import PromotionRecord, newest_first, read_head, read_promotion, require_unchanged
from .read import read_decision, read_tags
from .resolve import NUMBER, SHARE, STAGE, promotion_number
from .trials import lost_trials

MAX_TAGS = 10
"""S3's limit for one object: beyond it the hospital's own tags give way to ours."""


def repair(store: ObjectStore, bucket: str, name: str) -> PromotionRecord | None:
    """Finish the newest promotion if it was cut off, demoting leftover holders; return it, or None if all was well.

    Canary and shadow come back from the log of stages where their versions have no stage at all: a copy of the bucket
    by a tool that leaves tags out is in order after this, and `prune` plans nothing before.

    Raises:
        ManifestInvalid: the manifest is not the one that was promoted; it is not put into production.
    """
    head = read_head(store, bucket, name)
    repair_trials(store, bucket, name)
    decision = read_decision(store, bucket, name)
    outdone = decision.rivals and head is not None and decision.version == head.version
    if head is None or not (decision.pending or outdone):
        return None
    require_unchanged(name, head, store.get(bucket, manifest_key(name, head.version)))
    apply(store, bucket, name, head, list_versions(store, bucket, name))
    return head


def repair_trials(store: ObjectStore, bucket: str, name: str) -> list[StageRecord]:
    """Tag canary and shadow again as the logs have them, where their versions have no stage; return their records."""
    stages, promotions = newest_stages_first(store, bucket, name), newest_first(store, bucket, name)
    lost = lost_trials(stages, promotions, read_tags(store, bucket, name))
    for record in lost:
        key = manifest_key(name, record.version)
        share = {SHARE: f"{record.share:g}"} if record.share is not None else {}
        store.set_tags(bucket, key, {**store.get_tags(bucket, key), STAGE: record.stage, **share})
    return lost


def apply(
    store: ObjectStore,
    bucket: str,
    name: str,
    record: PromotionRecord,
    former: Iterable[str | None] = (),
    tags: Mapping[str, Mapping[str, str]] = MappingProxyType({}),
) -> PromotionRecord:
    """Tag the holder that `record` names and demote the former ones; then the newer record's, if one came meanwhile.

    Tags have no compare-and-set: between our reading and our writing of a tag somebody may have promoted. So everyone
    who has written looks at the log again, and finishes what its head says: the last to look leaves it true. Returns
    the record that is in force then.

    Args:
        former: versions that may be tagged production beside the record's own `previous`. A holder that is not named
            loses by its lower number, and `repair` demotes it.
        tags: of former versions, as they were read for this promotion. Somebody who promoted one of them meanwhile is
            found by the look at the log behind it, as any other.
    """
    log = NumberedLog(store, bucket, name)
    others = {version for version in former if version}
    while True:
        others |= {version for version in (record.previous, record.version) if version}
        _tag_holder(store, bucket, name, record)
        _demote(store, bucket, name, record, others - {record.version}, tags)
        newer = log.numbers_from(record.number + 1)
        if not newer:
            log.note(record.number)
            return record
        record, tags = read_promotion(store, bucket, name, newer[-1]), {}


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


def _demote(
    store: ObjectStore,
    bucket: str,
    name: str,
    record: PromotionRecord,
    others: Collection[str],
    known: Mapping[str, Mapping[str, str]],
) -> None:
    """Best effort: a leftover holder loses by its lower number."""
    for version in sorted(others):
        key = manifest_key(name, version)
        try:
            tags = known.get(version) or store.get_tags(bucket, key)
            # A promotion newer than ours may have finished meanwhile: its holder is not ours to demote.
            if tags.get(STAGE) == "production" and promotion_number(tags) < record.number:
                store.set_tags(bucket, key, {**tags, STAGE: "archived"})
        except StoreError:
            continue


def tag_value(text: str) -> str:
    """Keep what every S3 store allows in a tag value, at most 256 characters; the record keeps the whole text."""
    return "".join(char if char.isascii() and (char.isalnum() or char in " +-=._:/@") else "_" for char in text)[:256]
