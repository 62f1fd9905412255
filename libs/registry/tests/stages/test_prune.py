"""Pruning never takes what serves, what served last, or what is young."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from carabin.registry.artifacts.publish import list_versions
from carabin.registry.layout import manifest_key, version_prefix
from carabin.registry.stages.assign import set_stage
from carabin.registry.stages.promote import promote
from carabin.registry.stages.promotions import read_log
from carabin.registry.stages.prune import KEEP_FOR, kept_versions, plan_prune, prune
from carabin.registry.stages.resolve import Decision
from carabin.registry.store import ObjectStore
from carabin.registry.testing.memory import MemoryStore
from hypothesis import given
from hypothesis import strategies as st

from ..helpers.versions import NAME, NOW, publish, publish_many
from .test_promotions import record

LATER = datetime.now(UTC) + timedelta(days=60)
"""By the clock of a store that is real: what is written in a test is that old then."""


def test_production_the_two_before_it_trials_and_the_young_stay(
    store: ObjectStore, bucket: str, tmp_path: Path
) -> None:
    versions = publish_many(store, bucket, tmp_path, 7)
    oldest, older, before, current, canary, shadow, candidate = versions
    for version in (oldest, older, before, current):
        promote(store, bucket, NAME, version, by="a", reason="r", at=NOW)
    set_stage(store, bucket, NAME, canary, "canary", share=0.1, by="a", reason="r", at=NOW)
    set_stage(store, bucket, NAME, shadow, "shadow", by="a", reason="r", at=NOW)
    young = NOW + KEEP_FOR - timedelta(seconds=1)
    assert plan_prune(store, bucket, NAME, young) == []
    planned = plan_prune(store, bucket, NAME, LATER)
    assert [(item.version, item.stage) for item in planned] == [(oldest, "archived"), (candidate, "candidate")]
    assert planned[0].total_bytes == 3
    assert prune(store, bucket, NAME, planned) == [oldest, candidate]
    assert list_versions(store, bucket, NAME) == [older, before, current, canary, shadow]
    assert store.list(bucket, version_prefix(NAME, oldest)) == []
    assert len(read_log(store, bucket, NAME)) == 4, "the log is never pruned"
    assert plan_prune(store, bucket, NAME, LATER) == []


def test_a_version_whose_manifest_cannot_be_read_stays_and_stops_nobody(
    store: ObjectStore, bucket: str, tmp_path: Path
) -> None:
    broken, old = publish_many(store, bucket, tmp_path, 2)
    store.put(bucket, manifest_key(NAME, broken), b"{")
    assert [item.version for item in plan_prune(store, bucket, NAME, LATER)] == [old]


def test_what_was_promoted_since_the_plan_stays(store: ObjectStore, bucket: str, tmp_path: Path) -> None:
    first, second = publish_many(store, bucket, tmp_path, 2)
    planned = plan_prune(store, bucket, NAME, LATER)
    assert [item.version for item in planned] == [first, second]
    promote(store, bucket, NAME, first, by="a", reason="r", at=NOW)
    assert prune(store, bucket, NAME, planned) == [second]
    assert list_versions(store, bucket, NAME) == [first]


NAMES = st.sampled_from(["A", "B", "C", "D", "E"])
STAGES = st.sampled_from(["candidate", "production", "archived", "canary", "shadow"])


@given(st.dictionaries(NAMES, STAGES), st.lists(NAMES, max_size=8), st.none() | NAMES)
def test_whatever_the_history_those_in_use_and_two_former_ones_stay(
    stages: dict[str, str], history: list[str], current: str | None
) -> None:
    tags = {version: {"stage": stage} for version, stage in stages.items()}
    log = [record(number, version) for number, version in enumerate(history, 1)]
    kept = kept_versions(Decision(version=current), tags, reversed(log))
    assert {version for version, stage in stages.items() if stage in ("production", "canary", "shadow")} <= kept
    former = [version for version in dict.fromkeys(reversed(history)) if version in tags and version != current]
    assert set(former[:2]) <= kept
    assert current is None or current in kept


def test_a_form_exported_weeks_after_the_first_is_young(tmp_path: Path) -> None:
    """All forms of one checkpoint carry the time of the first claim in their names and manifests."""
    clock = [NOW]
    store = MemoryStore(now=lambda: clock[0])
    store.ensure_bucket("models")
    old = publish(store, "models", tmp_path, "float16")
    clock[0] = NOW + timedelta(days=45)
    late = publish(store, "models", tmp_path, "int8")
    assert [item.version for item in plan_prune(store, "models", NAME)] == [old]
    clock[0] += KEEP_FOR
    assert [item.version for item in plan_prune(store, "models", NAME)] == [min(old, late), max(old, late)]
