"""After a restore that lost every tag, the logs say what is in use, and repair puts it there."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from carabin.registry.errors import PromotionRefused
from carabin.registry.layout import manifest_key
from carabin.registry.stages.apply import repair
from carabin.registry.stages.assign import set_stage
from carabin.registry.stages.log import newest_stages_first
from carabin.registry.stages.promote import promote, rollback
from carabin.registry.stages.prune import plan_prune
from carabin.registry.stages.read import read_decision
from carabin.registry.stages.resolve import Canary, Decision
from carabin.registry.stages.trials import logged_trials
from carabin.registry.testing.memory import MemoryStore

from ..helpers.versions import NAME, NOW, publish_many


@pytest.fixture
def store() -> MemoryStore:
    memory = MemoryStore()
    memory.ensure_bucket("models")
    return memory


def lose_tags(store: MemoryStore, versions: list[str]) -> None:
    for version in versions:
        store.set_tags("models", manifest_key(NAME, version), {})


def test_repair_restores_production_canary_and_shadow_from_the_logs(store: MemoryStore, tmp_path: Path) -> None:
    versions = publish_many(store, "models", tmp_path, 5)
    change = {"by": "a", "reason": "r", "at": NOW}
    for version in versions[:2]:
        promote(store, "models", NAME, version, **change)
    set_stage(store, "models", NAME, versions[2], "canary", share=0.3, **change)
    set_stage(store, "models", NAME, versions[3], "canary", share=0.2, **change)
    set_stage(store, "models", NAME, versions[4], "shadow", **change)
    expected = Decision(version=versions[1], canary=Canary(versions[3], 0.2), shadow=versions[4])
    assert read_decision(store, "models", NAME) == expected
    lose_tags(store, versions)
    later = datetime.now(UTC) + timedelta(days=400)
    with pytest.raises(PromotionRefused, match="`carabin models repair` first, then prune"):
        plan_prune(store, "models", NAME, later)
    repair(store, "models", NAME)
    assert read_decision(store, "models", NAME) == expected
    assert {item.version for item in plan_prune(store, "models", NAME, later)} == {versions[2]}


def test_prune_waits_for_the_repair_of_a_trial_alone(store: MemoryStore, tmp_path: Path) -> None:
    first, trial = publish_many(store, "models", tmp_path, 2)
    promote(store, "models", NAME, first, by="a", reason="r", at=NOW)
    set_stage(store, "models", NAME, trial, "shadow", by="a", reason="r", at=NOW)
    lose_tags(store, [trial])
    with pytest.raises(PromotionRefused, match=trial):
        plan_prune(store, "models", NAME, NOW + timedelta(days=400))
    repair(store, "models", NAME)
    assert read_decision(store, "models", NAME).shadow == trial


def test_a_trial_that_a_newer_record_ended_is_none(store: MemoryStore, tmp_path: Path) -> None:
    first, second = publish_many(store, "models", tmp_path, 2)
    set_stage(store, "models", NAME, first, "canary", share=0.1, by="a", reason="r", at=NOW)
    set_stage(store, "models", NAME, first, "archived", by="a", reason="it failed", at=NOW)
    set_stage(store, "models", NAME, second, "shadow", by="a", reason="r", at=NOW)
    assert [record.version for record in logged_trials(newest_stages_first(store, "models", NAME))] == [second]
    lose_tags(store, [first, second])
    repair(store, "models", NAME)
    assert read_decision(store, "models", NAME).canary is None


def test_a_stage_that_a_person_set_is_not_overruled_by_the_log(store: MemoryStore, tmp_path: Path) -> None:
    [only] = publish_many(store, "models", tmp_path, 1)
    set_stage(store, "models", NAME, only, "canary", share=0.1, by="a", reason="r", at=NOW)
    store.set_tags("models", manifest_key(NAME, only), {"stage": "candidate"})
    repair(store, "models", NAME)
    assert read_decision(store, "models", NAME).canary is None


def test_a_canary_that_was_promoted_since_is_none_even_once_it_was_rolled_back(
    store: MemoryStore, tmp_path: Path
) -> None:
    first, trial = publish_many(store, "models", tmp_path, 2)
    change = {"by": "a", "reason": "r"}
    promote(store, "models", NAME, first, at=NOW, **change)
    set_stage(store, "models", NAME, trial, "canary", share=0.25, at=NOW + timedelta(hours=1), **change)
    promote(store, "models", NAME, trial, at=NOW + timedelta(hours=2), **change)
    rollback(store, "models", NAME, at=NOW + timedelta(hours=3), **change)
    lose_tags(store, [first, trial])
    repair(store, "models", NAME)
    assert read_decision(store, "models", NAME) == Decision(version=first)


def test_a_version_that_is_tried_again_after_its_rollback_is_on_trial(store: MemoryStore, tmp_path: Path) -> None:
    first, trial = publish_many(store, "models", tmp_path, 2)
    change = {"by": "a", "reason": "r"}
    for hour, version in enumerate((first, trial)):
        promote(store, "models", NAME, version, at=NOW + timedelta(hours=hour), **change)
    rollback(store, "models", NAME, at=NOW + timedelta(hours=2), **change)
    set_stage(store, "models", NAME, trial, "canary", share=0.1, at=NOW + timedelta(hours=3), **change)
    lose_tags(store, [first, trial])
    repair(store, "models", NAME)
    assert read_decision(store, "models", NAME) == Decision(version=first, canary=Canary(trial, 0.1))
