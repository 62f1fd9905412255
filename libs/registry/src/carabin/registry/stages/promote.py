"""Promotion: compare-and-set and audit record in one write, then the tags that make it so."""

import contextlib
import hashlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Literal

from ..artifacts.publish import list_versions, read_manifest, read_manifest_and_document, require_files
from ..errors import (
    ManifestInvalid,
    ObjectMissing,
    PromotionRefused,
    PromotionUnfinished,
    Regression,
    StalePromotion,
    StoreError,
    VersionMissing,
)
from ..layout import manifest_key, promotion_key
from ..store import ObjectStore
from .promotions import (
    PromotionRecord,
    append,
    last_number,
    previous_holder,
    read_head,
    read_log,
    require_immutable,
)
from .regressions import compare, describe_regressions
from .resolve import NUMBER, SHARE, STAGE, Decision, LogHead, promotion_number, resolve

Kind = Literal["promote", "rollback"]

MAX_TAGS = 10
"""S3's limit for one object: beyond it the hospital's own tags give way to ours."""


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
    force: bool = False,
) -> PromotionRecord:
    """Move production to `version`.

    Args:
        expect: refuse unless this version is in production now; None does not ask.
        force: accept metrics that are worse than production's; the record says so beside the reason.

    Raises:
        VersionMissing: there is no such version.
        ManifestInvalid: it cannot be read, or one of its files is missing or of another size.
        StalePromotion: another version than `expect` is in production.
        Regression: the metrics get worse, and `force` does not accept it.
        PromotionLost: somebody promoted at the same time; the message names the winner.
        ConditionsIgnored: on this store promotions could overwrite each other.
        PromotionUnfinished: the store failed after the promotion was recorded; `repair` finishes it.
    """
    return _promote(store, bucket, name, version, by, reason, at, expect=expect, force=force, kind="promote")


def rollback(
    store: ObjectStore, bucket: str, name: str, *, by: str, reason: str, at: datetime, to: str | None = None
) -> PromotionRecord:
    """Promote an older version again, under a new number: `to`, or the one that production had before.

    Metrics do not refuse it: whoever rolls back has seen something that they did not measure.

    Raises:
        PromotionRefused: nothing was in production before.
        VersionMissing: there is no such version.
        PromotionLost: somebody promoted at the same time; the message names the winner.
    """
    current = read_decision(store, bucket, name).version
    if to is None:
        visible = set(list_versions(store, bucket, name))
        to = previous_holder([record for record in read_log(store, bucket, name) if record.version in visible], current)
    if to is None:
        raise PromotionRefused(f"{name}: no other version was in production before {current}; name one to roll back to")
    return _promote(store, bucket, name, to, by, reason, at, expect=current, force=True, kind="rollback")


def repair(store: ObjectStore, bucket: str, name: str) -> PromotionRecord | None:
    """Finish the newest promotion if it was cut off, demoting leftover holders; return it, or None if all was well."""
    head = read_head(store, bucket, name)
    decision = read_decision(store, bucket, name)
    outdone = decision.rivals and head is not None and decision.version == head.version
    if head is None or not (decision.pending or outdone):
        return None
    _apply(store, bucket, name, head)
    return head


def _promote(
    store: ObjectStore,
    bucket: str,
    name: str,
    version: str,
    by: str,
    reason: str,
    at: datetime,
    *,
    expect: str | None,
    force: bool,
    kind: Kind,
) -> PromotionRecord:
    manifest, document = read_manifest_and_document(store, bucket, name, version)
    require_files(store, bucket, manifest)
    # The log is read before the tags: a promotion in between takes our number, and then we lose rather than overwrite.
    number = last_number(store, bucket, name) + 1
    current = resolve(read_tags(store, bucket, name)).version
    if expect is not None and current != expect:
        raise StalePromotion(f"{name}: production is {current}, not {expect}; look again before promoting {version}")
    changes = compare(_metrics(store, bucket, name, current), manifest.metrics)
    regressions = describe_regressions(changes)
    if regressions and not force:
        raise Regression(
            f"{name}: {version} is worse than {current}, which is in production: {regressions};"
            " promote it with --force and a reason that says why"
        )
    record = PromotionRecord(
        number=number,
        version=version,
        previous=current,
        by=by,
        reason=reason,
        at=at,
        kind=kind,
        forced=bool(regressions),
        metrics_delta={change.metric: change.delta for change in changes if change.delta is not None},
        manifest_sha256=hashlib.sha256(document).hexdigest(),
    )
    append(store, bucket, name, record)
    if record.number == 1:
        require_immutable(store, bucket, promotion_key(name, 1))
    try:
        _apply(store, bucket, name, record)
    except StoreError as error:
        raise PromotionUnfinished(
            f"{name}: promotion {record.number} of {version} is recorded, and the store failed before it took effect;"
            f" `carabin models repair` finishes it ({error})"
        ) from error
    return record


def _metrics(store: ObjectStore, bucket: str, name: str, version: str | None) -> Mapping[str, float]:
    """A production manifest that cannot be read must not keep a good version from replacing it."""
    if version is None:
        return {}
    try:
        return read_manifest(store, bucket, name, version).metrics
    except (ManifestInvalid, VersionMissing):
        return {}


def _apply(store: ObjectStore, bucket: str, name: str, record: PromotionRecord) -> None:
    """Tag the holder that `record` names and demote the others; then the newer record's, if one came meanwhile.

    Tags have no compare-and-set: between our reading and our writing of a tag somebody may have promoted. So everyone
    who has written looks at the log again, and finishes what its head says: the last to look leaves it true.
    """
    while True:
        _tag_holder(store, bucket, name, record)
        _demote_others(store, bucket, name, record)
        head = read_head(store, bucket, name)
        if head is None or head.number <= record.number:
            return
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
