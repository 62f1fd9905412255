"""One process at a time carries a model's rollout on."""

import pytest
from carabin.registry.errors import ManifestInvalid, PromotionRefused, RolloutTaken
from carabin.registry.layout import rollout_key
from carabin.registry.stages.rollouts import RolloutLease, RolloutPlan, RolloutRecord, read_rollout, require_free
from carabin.registry.store import ObjectStore

from ..helpers.versions import NAME, NOW

PLAN = RolloutPlan(
    version="new", production="old", steps=(0.05, 1.0), hold_s=60, min_finals=1, error_rate=0.05,
    budgets={"slow": 0.1}, by="dr-a", reason="r", started_at=NOW,
)  # fmt: skip
RECORD = RolloutRecord(plan=PLAN, lease_s=60)


def test_of_two_that_begin_at_once_one_wins(store: ObjectStore, bucket: str) -> None:
    assert read_rollout(store, bucket, NAME) is None
    RolloutLease(store, bucket, NAME, None, RECORD)
    with pytest.raises(RolloutTaken, match="at the same moment"):
        RolloutLease(store, bucket, NAME, None, RECORD)
    found = read_rollout(store, bucket, NAME)
    assert found is not None
    RolloutLease(store, bucket, NAME, found, RECORD)
    with pytest.raises(RolloutTaken, match="at the same moment"):
        RolloutLease(store, bucket, NAME, found, RECORD)


def test_whoever_lost_it_writes_nothing_more(store: ObjectStore, bucket: str) -> None:
    first = RolloutLease(store, bucket, NAME, None, RECORD)
    first.write(first.record.model_copy(update={"step": 1}))
    second = RolloutLease(store, bucket, NAME, read_rollout(store, bucket, NAME), RECORD)
    with pytest.raises(RolloutTaken, match="another process carries the rollout on"):
        first.write(first.record)
    found = read_rollout(store, bucket, NAME)
    assert found is not None
    assert found.record == second.record


def test_a_lease_that_was_let_go_is_free_at_once(store: ObjectStore, bucket: str) -> None:
    lease = RolloutLease(store, bucket, NAME, None, RECORD)
    held = read_rollout(store, bucket, NAME)
    assert held is not None
    assert 0 < held.wait_s <= 60
    with pytest.raises(RolloutTaken, match="a rollout of new by dr-a is under way"):
        require_free(NAME, held, "new", None)
    lease.let_go()
    free = read_rollout(store, bucket, NAME)
    assert free is not None
    assert free.wait_s == 0
    require_free(NAME, free, "new", "new")
    with pytest.raises(PromotionRefused, match="was cut off at step 1"):
        require_free(NAME, free, "another", "new")
    require_free(NAME, free, "another", None)


def test_a_rollout_that_is_over_is_in_nobodys_way(store: ObjectStore, bucket: str) -> None:
    lease = RolloutLease(store, bucket, NAME, None, RECORD)
    lease.write(lease.record.model_copy(update={"outcome": "arrived"}))
    found = read_rollout(store, bucket, NAME)
    assert found is not None
    assert found.wait_s == 0
    require_free(NAME, found, "another", None)


def test_a_state_that_cannot_be_read_is_named(store: ObjectStore, bucket: str) -> None:
    store.put(bucket, rollout_key(NAME), b"{}")
    with pytest.raises(ManifestInvalid, match=rf"{bucket}/{NAME}/rollouts/state\.json: plan"):
        read_rollout(store, bucket, NAME)
