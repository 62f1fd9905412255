"""Stages beside production, by tags: a canary with a share of new sessions, and a shadow whose text nobody sees."""

from datetime import datetime

from ..artifacts.publish import read_manifest_and_document
from ..artifacts.trust import require_trusted
from ..errors import PromotionRefused, PromotionUnfinished, StalePromotion, StoreError
from ..layout import manifest_key
from ..store import ObjectStore
from .apply import apply
from .log import Stage, StageRecord, append_stage, last_stage_number
from .log_end import NumberedLog
from .promotions import last_number, read_head, require_account
from .read import read_tags
from .resolve import SHARE, STAGE, resolve


def set_stage(
    store: ObjectStore,
    bucket: str,
    name: str,
    version: str,
    stage: Stage,
    *,
    by: str,
    reason: str,
    at: datetime,
    share: float | None = None,
) -> StageRecord:
    """Give `version` a stage; whichever version had `canary` or `shadow` before becomes a candidate again.

    The log is written first: a stage that nobody accounts for cannot be.

    Args:
        by: who does it.
        reason: why; it goes into the log for good.
        share: of new sessions, above 0 and at most 1; for a canary, and only for it.

    Raises:
        VersionMissing: there is no such version.
        SignatureRefused: trusted keys are set, and none of them signed a version that is to be tried.
        PromotionRefused: the version is in production, or the share does not fit the stage.
        StalePromotion: the version was promoted meanwhile; it stays in production.
        PromotionUnfinished: the store failed after the change was logged; setting the stage again finishes it.
    """
    trial = stage in ("canary", "shadow")
    manifest, document = read_manifest_and_document(store, bucket, name, version)
    if trial:
        require_trusted(manifest, document)
    promotions_before = last_number(store, bucket, name)
    tags_by_version = read_tags(store, bucket, name)
    if resolve(tags_by_version).version == version:
        raise PromotionRefused(f"{name}: {version} is in production; promote another version first")
    _require_share(name, stage, share)
    displaced = [
        other for other, tags in tags_by_version.items() if trial and other != version and tags.get(STAGE) == stage
    ]
    require_account(by, reason)
    record = StageRecord(
        number=last_stage_number(store, bucket, name) + 1,
        version=version,
        stage=stage,
        share=share,
        before=tags_by_version[version].get(STAGE, ""),
        displaced=tuple(displaced),
        by=by,
        reason=reason,
        at=at,
    )
    record = append_stage(store, bucket, name, record)
    promoted = _take_effect(store, bucket, name, record, promotions_before)
    if promoted == version:
        raise StalePromotion(f"{name}: {version} was promoted to production meanwhile, and is no {stage}")
    NumberedLog(store, bucket, name, stages=True).note(record.number)
    return record


def _take_effect(store: ObjectStore, bucket: str, name: str, record: StageRecord, promotions_before: int) -> str | None:
    """Write the tags that the record stands for; return the version that was promoted meanwhile, if one was."""
    try:
        for other in record.displaced:
            _set(store, bucket, name, other, "candidate", None)
        _set(store, bucket, name, record.version, record.stage, record.share)
        return _finish_promotions_since(store, bucket, name, promotions_before)
    except StoreError as error:
        raise PromotionUnfinished(
            f"{name}: {record.stage} for {record.version} is logged as number {record.number}, and the store failed"
            f" before it took effect; set the stage again ({error})"
        ) from error


def _finish_promotions_since(store: ObjectStore, bucket: str, name: str, number: int) -> str | None:
    """Finish the newest promotion if it came after `number`; return its version, or None where none came.

    Tags have no compare-and-set: a promotion between our reading and our writing of a tag may have been undone by us.
    """
    head = read_head(store, bucket, name)
    if head is None or head.number <= number:
        return None
    return apply(store, bucket, name, head).version


def _require_share(name: str, stage: Stage, share: float | None) -> None:
    if stage == "canary" and (share is None or not 0 < share <= 1):
        raise PromotionRefused(f"{name}: a canary needs a share of new sessions above 0 and at most 1, not {share}")
    if stage != "canary" and share is not None:
        raise PromotionRefused(f"{name}: only a canary takes a share of sessions, not {stage}")


def _set(store: ObjectStore, bucket: str, name: str, version: str, stage: Stage, share: float | None) -> None:
    key = manifest_key(name, version)
    tags = store.get_tags(bucket, key)
    if tags.get(STAGE) == "production":  # promoted since it was looked at
        return
    kept = {tag: value for tag, value in tags.items() if tag != SHARE}
    added = {STAGE: stage} if share is None else {STAGE: stage, SHARE: f"{share:g}"}
    store.set_tags(bucket, key, kept | added)
