"""Promotion: compare-and-set and audit record in one write, then the tags that put it into force."""

import hashlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from ..artifacts.publish import read_manifest, read_manifest_and_document, require_files
from ..artifacts.trust import require_trusted
from ..errors import (
    ManifestInvalid,
    PromotionRefused,
    PromotionUnfinished,
    Regression,
    StalePromotion,
    StoreError,
    VersionMissing,
)
from ..layout import manifest_key, promotion_key
from ..store import ObjectStore
from .apply import apply
from .former import Former, former_holder, promotion_reader, restored_promotion
from .promotions import (
    PromotionRecord,
    append,
    last_number,
    require_account,
    require_immutable,
)
from .read import read_tags, tags_in_force
from .regressions import compare, describe_regressions
from .resolve import resolve

Kind = Literal["promote", "rollback"]


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
        SignatureRefused: trusted keys are set, and none of them signed it.
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
        ManifestInvalid, SignatureRefused, PromotionUnfinished: see `promote`.
    """
    state = _read_state(store, bucket, name)
    current = state.current

    def visible(version: str) -> bool:
        return store.exists(bucket, manifest_key(name, version))

    read = promotion_reader(store, bucket, name, state.newest)
    former = Former(to, None) if to else former_holder(read, state.number, current, visible)
    if former is None:
        raise PromotionRefused(f"{name}: no other version was in production before {current}; name one to roll back to")
    return _promote(
        store, bucket, name, former.version, by, reason, at,
        expect=current, force=True, kind="rollback", state=state, restores=restored_promotion(read, former),
    )  # fmt: skip


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
    state: "_State | None" = None,
    restores: int | None = None,
) -> PromotionRecord:
    manifest, document = read_manifest_and_document(store, bucket, name, version)
    require_trusted(manifest, document)
    require_files(store, bucket, manifest)
    state = state or _read_state(store, bucket, name)
    current = state.current
    if expect is not None and current != expect:
        raise StalePromotion(f"{name}: production is {current}, not {expect}; look again before promoting {version}")
    changes = compare(_metrics(store, bucket, name, state), manifest.metrics)
    regressions = describe_regressions(changes)
    if regressions and not force:
        raise Regression(
            f"{name}: {version} is worse than {current}, which is in production: {regressions};"
            " promote it with --force and a reason that says why"
        )
    require_account(by, reason)
    record = PromotionRecord(
        number=state.number + 1,
        version=version,
        previous=current,
        by=by,
        reason=reason,
        at=at,
        kind=kind,
        restores=restores,
        forced=bool(regressions),
        metrics=manifest.metrics,
        metrics_delta={change.metric: change.delta for change in changes if change.delta is not None},
        manifest_sha256=hashlib.sha256(document).hexdigest(),
    )
    append(store, bucket, name, record, state.document)
    if record.number == 1:
        require_immutable(store, bucket, promotion_key(name, 1))
    try:
        apply(store, bucket, name, record, state.former, state.tags)
    except StoreError as error:
        raise PromotionUnfinished(
            f"{name}: promotion {record.number} of {version} is recorded, and the store failed before it took effect;"
            f" `carabin models repair` finishes it ({error})"
        ) from error
    return record


@dataclass(frozen=True, slots=True)
class _State:
    """What stands before a promotion."""

    number: int
    """Of the newest promotion, 0 where there is none."""
    newest: PromotionRecord | None
    """None where it cannot be read: that must not keep a good version from being promoted."""
    document: bytes | None
    """Its bytes as they are stored."""
    current: str | None
    """The version in production."""
    former: tuple[str | None, ...]
    """Versions that may be tagged production beside `current`."""
    tags: Mapping[str, Mapping[str, str]]
    """Of the version in production, where they had to be read."""


def _read_state(store: ObjectStore, bucket: str, name: str) -> _State:
    # The log is read before the tags: a promotion in between takes our number, and then we lose rather than overwrite.
    number = last_number(store, bucket, name)
    newest, document = None, None
    if number:
        key = promotion_key(name, number)
        document = store.get(bucket, key)
        with suppress(ManifestInvalid):
            newest = PromotionRecord.from_bytes(document, store.where(bucket, key))
    if newest and (tags := tags_in_force(store, bucket, name, newest)):
        return _State(number, newest, document, newest.version, (newest.version,), {newest.version: tags})
    current = resolve(read_tags(store, bucket, name)).version
    former = (newest.version, newest.previous) if newest else ()
    return _State(number, newest, document, current, (current, *former), {})


def _metrics(store: ObjectStore, bucket: str, name: str, state: "_State") -> Mapping[str, float]:
    """Return production's; a manifest of it that cannot be read must not keep a good version from replacing it."""
    if state.current is None:
        return {}
    if state.newest and state.newest.version == state.current and state.newest.metrics is not None:
        return state.newest.metrics
    try:
        return read_manifest(store, bucket, name, state.current).metrics
    except (ManifestInvalid, VersionMissing):
        return {}
