"""Deleting old model versions: what may go is a pure question, and is asked again before each deletion."""

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from ..artifacts.publish import read_manifest
from ..errors import ManifestInvalid, ObjectMissing, PromotionRefused, VersionMissing
from ..layout import manifest_key, version_prefix
from ..store import ObjectStore
from .log import newest_stages_first
from .log_end import NumberedLog
from .promotions import PromotionRecord, newest_first, read_head, read_promotion
from .read import SCAN_THREADS, read_tags
from .resolve import STAGE, Decision, LogHead, resolve
from .trials import lost_trials

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


def plan_prune(store: ObjectStore, bucket: str, name: str, now: datetime | None = None) -> list[Prunable]:
    """Return the versions that `prune` would delete, oldest first; one whose manifest cannot be read stays.

    A version is as old as the younger of its date and its manifest in this store: one that was restored stays too.

    Args:
        now: by default the store's own clock, so that a machine whose clock is wrong deletes nothing too early.

    Raises:
        PromotionRefused: log and tags disagree, as after a restore that lost the tags: nobody can say what is in use.
    """
    tags = read_tags(store, bucket, name)
    kept = _kept_now(store, bucket, name, tags)
    if not tags.keys() - kept:
        return []
    now = now or store.stat(bucket, manifest_key(name, max(tags))).asked
    old = [version for version in sorted(tags.keys() - kept) if now - _published_at(version, now) >= KEEP_FOR]

    def prunable(version: str) -> Prunable | None:
        try:
            # Its name may be older: by a release that dated later forms as the first one, or brought by a restore.
            written = store.stat(bucket, manifest_key(name, version)).modified
            if now - written < KEEP_FOR:
                return None
            manifest = read_manifest(store, bucket, name, version)
        except (ManifestInvalid, ObjectMissing, VersionMissing):
            return None
        if now - manifest.created_at < KEEP_FOR:
            return None
        return Prunable(version, manifest.created_at, tags[version].get(STAGE, ""), manifest.total_bytes)

    with ThreadPoolExecutor(SCAN_THREADS, thread_name_prefix="prune-plan") as pool:
        return [found for found in pool.map(prunable, old) if found]


def _kept_now(store: ObjectStore, bucket: str, name: str, tags: Mapping[str, Mapping[str, str]]) -> frozenset[str]:
    head = read_head(store, bucket, name)
    decision = resolve(tags, LogHead(head.number, head.version) if head else None)
    stages, promotions = newest_stages_first(store, bucket, name), newest_first(store, bucket, name)
    lost = [record.version for record in lost_trials(stages, promotions, tags)]
    if decision.pending or lost:
        raise PromotionRefused(
            f"{name}: {decision.pending or lost[0]} is in use by the log and not by its tags:"
            " `carabin models repair` first, then prune"
        )
    return kept_versions(decision, tags, newest_first(store, bucket, name))


def _published_at(version: str, now: datetime) -> datetime:
    """Read the time in a version's name, so that no recent manifest needs to be read; `now` less a century if none."""
    try:
        return datetime.strptime(version.split("-")[0], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return now - 1200 * KEEP_FOR


def kept_versions(
    decision: Decision, tags: Mapping[str, Mapping[str, str]], newest_first: Iterable[PromotionRecord]
) -> frozenset[str]:
    """Return the versions that stay whatever their age: those in use, and the last ones before production.

    Args:
        newest_first: the log backwards; it is read until enough former holders are found.
    """
    in_use = {version for version, value in tags.items() if value.get(STAGE) in SERVING_STAGES}
    former: list[str] = []
    for record in newest_first:
        if len(former) >= KEEP_BEFORE:
            break
        for version in (record.version, record.previous):
            if version and version in tags and version not in (decision.version, *former):
                former.append(version)
    return frozenset(in_use | {decision.version or "", decision.pending or ""} | set(former[:KEEP_BEFORE])) - {""}


def prune(store: ObjectStore, bucket: str, name: str, planned: Sequence[Prunable]) -> list[str]:
    """Delete the planned versions, manifest first so that none is ever half there; return those that went.

    A version that was staged or promoted since the plan was made stays.
    """
    if not planned:
        return []
    kept = _kept_now(store, bucket, name, read_tags(store, bucket, name))
    log = NumberedLog(store, bucket, name)
    number = log.last_number()
    gone = []
    for item in planned:
        promoted = [read_promotion(store, bucket, name, each) for each in log.numbers_from(number + 1)]
        number = max([number, *(record.number for record in promoted)])
        kept |= {version for record in promoted for version in (record.version, record.previous) if version}
        try:
            stage = store.get_tags(bucket, manifest_key(name, item.version)).get(STAGE)
        except ObjectMissing:
            continue
        if item.version in kept or stage in SERVING_STAGES:
            continue
        store.delete(bucket, manifest_key(name, item.version))
        for key in store.list(bucket, version_prefix(name, item.version)):
            store.delete(bucket, key)
        gone.append(item.version)
    return gone
