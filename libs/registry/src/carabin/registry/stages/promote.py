"""Promotion: compare-and-set and audit record in one write, then the tags that put it into force."""

import hashlib
from datetime import datetime
from typing import Final, Literal

from ..artifacts.publish import read_manifest_and_document, require_files
from ..artifacts.trust import require_trusted
from ..errors import (
    ConditionsIgnored,
    ManifestInvalid,
    PromotionRefused,
    PromotionUnfinished,
    ProvenanceInvalid,
    Regression,
    StalePromotion,
    StoreError,
    VersionMissing,
)
from ..layout import manifest_key, promotion_key
from ..store import ObjectStore
from .apply import apply
from .former import Former, former_holder, promotion_reader, restored_promotion
from .promotions import PromotionRecord, append, require_account, require_immutable
from .regressions import compare, describe_regressions
from .standing import Standing, read_standing

Kind = Literal["promote", "rollback"]

REFUSALS: Final = (PromotionRefused, ManifestInvalid, VersionMissing, ProvenanceInvalid, ConditionsIgnored)
"""Why a promotion refuses a version, or this store, where trying again later is of no use."""


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
    state = read_standing(store, bucket, name)
    current = state.current

    def visible(version: str) -> bool:
        return store.exists(bucket, manifest_key(name, version))

    read = promotion_reader(store, bucket, name, state.newest)
    former = former_holder(read, state.number, current, visible) if to is None else Former(to, None)
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
    state: Standing | None = None,
    restores: int | None = None,
) -> PromotionRecord:
    manifest, document = read_manifest_and_document(store, bucket, name, version)
    require_trusted(manifest, document)
    require_files(store, bucket, manifest)
    state = state or read_standing(store, bucket, name)
    current = state.current
    if expect is not None and current != expect:
        raise StalePromotion(f"{name}: production is {current}, not {expect}; look again before promoting {version}")
    changes = compare(state.metrics(store, bucket, name), manifest.metrics)
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
    _take_effect(store, bucket, name, record, state)
    return record


def _take_effect(store: ObjectStore, bucket: str, name: str, record: PromotionRecord, state: Standing) -> None:
    try:
        apply(store, bucket, name, record, state.former, state.tags)
    except StoreError as error:
        raise PromotionUnfinished(
            f"{name}: promotion {record.number} of {record.version} is recorded, and the store failed before it took"
            f" effect; `carabin models repair` finishes it ({error})"
        ) from error
