"""Deleting old model versions: what may go is a pure question, and is asked again before each deletion."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ..artifacts.publish import read_manifest
from ..errors import ManifestInvalid
from ..layout import manifest_key, version_prefix
from ..store import ObjectStore
from .promotions import PromotionRecord, read_log
from .read import read_decision, read_tags
from .resolve import STAGE, Decision, LogHead, resolve

KEEP_BEFORE = 2
"""Former holders of production that stay, so that two rollbacks in a row are possible."""
KEEP_FOR = timedelta(days=30)

SERVING_STAGES = frozenset({"production", "canary", "shadow"})


@dataclass(frozen=True, slots=True)
class Prunable:
    """A version that may go."""

    version: str
    created_at: datetime
    stage: str
    total_bytes: int


def plan_prune(store: ObjectStore, bucket: str, name: str, now: datetime) -> list[Prunable]:
    """Return the versions that `prune` would delete, oldest first; one whose manifest cannot be read stays."""
    tags = read_tags(store, bucket, name)
    log = read_log(store, bucket, name)
    head = LogHead(log[-1].number, log[-1].version) if log else None
    kept = kept_versions(resolve(tags, head), tags, log)
    planned = []
    for version in sorted(tags.keys() - kept):
        try:
            manifest = read_manifest(store, bucket, name, version)
        except ManifestInvalid:
            continue
        if now - manifest.created_at >= KEEP_FOR:
            stage = tags[version].get(STAGE, "")
            planned.append(Prunable(version, manifest.created_at, stage, manifest.total_bytes))
    return planned


def kept_versions(
    decision: Decision, tags: Mapping[str, Mapping[str, str]], log: Sequence[PromotionRecord]
) -> frozenset[str]:
    """Return the versions that stay whatever their age: those in use, and the last ones before production."""
    in_use = {version for version, value in tags.items() if value.get(STAGE) in SERVING_STAGES}
    former: list[str] = []
    for record in reversed(log):
        for version in (record.version, record.previous):
            if version and version in tags and version not in (decision.version, *former):
                former.append(version)
    return frozenset(in_use | {decision.version or "", decision.pending or ""} | set(former[:KEEP_BEFORE])) - {""}


def prune(store: ObjectStore, bucket: str, name: str, planned: Sequence[Prunable]) -> list[str]:
    """Delete the planned versions, manifest first so that none is ever half there; return those that went.

    A version that was staged or promoted since the plan was made stays.
    """
    gone = []
    for item in planned:
        decision = read_decision(store, bucket, name)
        log = read_log(store, bucket, name)
        tags = read_tags(store, bucket, name)
        if item.version not in tags or item.version in kept_versions(decision, tags, log):
            continue
        store.delete(bucket, manifest_key(name, item.version))
        for key in store.list(bucket, version_prefix(name, item.version)):
            store.delete(bucket, key)
        gone.append(item.version)
    return gone
