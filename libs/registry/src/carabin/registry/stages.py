"""Stages beside production, by tags alone: a canary with a share of new sessions, and a shadow that nobody hears."""

from typing import Literal

from .errors import PromotionRefused
from .layout import manifest_key
from .promote import read_decision, read_tags
from .publish import read_manifest
from .resolve import SHARE, STAGE
from .store import ObjectStore

Stage = Literal["candidate", "canary", "shadow", "archived"]


def set_stage(
    store: ObjectStore, bucket: str, name: str, version: str, stage: Stage, *, share: float | None = None
) -> None:
    """Give `version` a stage; whichever version had `canary` or `shadow` before becomes a candidate again.

    Args:
        share: of new sessions, above 0 and at most 1; for a canary, and only for it.

    Raises:
        VersionMissing: there is no such version.
        PromotionRefused: the version is in production, or the share does not fit the stage.
    """
    read_manifest(store, bucket, name, version)
    if read_decision(store, bucket, name).version == version:
        raise PromotionRefused(f"{name}: {version} is in production; promote another version first")
    if stage == "canary" and (share is None or not 0 < share <= 1):
        raise PromotionRefused(f"{name}: a canary needs a share of new sessions above 0 and at most 1, not {share}")
    if stage != "canary" and share is not None:
        raise PromotionRefused(f"{name}: only a canary takes a share of sessions, not {stage}")
    tags_by_version = read_tags(store, bucket, name)
    if stage in ("canary", "shadow"):
        for other, tags in tags_by_version.items():
            if other != version and tags.get(STAGE) == stage:
                _set(store, bucket, name, other, tags, "candidate", None)
    _set(store, bucket, name, version, tags_by_version[version], stage, share)


def _set(
    store: ObjectStore, bucket: str, name: str, version: str, tags: dict[str, str], stage: Stage, share: float | None
) -> None:
    kept = {tag: value for tag, value in tags.items() if tag != SHARE}
    added = {STAGE: stage} if share is None else {STAGE: stage, SHARE: f"{share:g}"}
    store.set_tags(bucket, manifest_key(name, version), kept | added)
