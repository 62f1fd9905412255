"""Tags of a backup are as old as it is: the logs of the store go before them where they are newer."""

from pathlib import Path

import pytest
from carabin.registry.backup.tags import LogEnds, tags_to_set
from carabin.registry.stages.assign import set_stage
from carabin.registry.stages.promote import promote
from carabin.registry.testing.memory import MemoryStore

from ..helpers.versions import NAME, NOW, publish_many

PRODUCTION = {"stage": "production", "promotion-seq": "1"}
CANARY = {"stage": "canary", "canary-share": "0.2", "ward": "cardiology"}


@pytest.fixture
def store() -> MemoryStore:
    memory = MemoryStore()
    memory.ensure_bucket("models")
    return memory


def test_tags_of_a_backup_that_knows_all_of_the_logs_are_set_as_they_are(store: MemoryStore, tmp_path: Path) -> None:
    """Set by hand, with any S3 tool: no log has them."""
    first, second = publish_many(store, "models", tmp_path, 2)
    promote(store, "models", NAME, first, by="a", reason="r", at=NOW)
    by_hand = {first: CANARY, second: {"stage": "production"}}
    assert tags_to_set(store, "models", NAME, by_hand, LogEnds(1, 0)) == by_hand


def test_production_of_an_older_backup_is_archived(store: MemoryStore, tmp_path: Path) -> None:
    first, second = publish_many(store, "models", tmp_path, 2)
    for version in (first, second):
        promote(store, "models", NAME, version, by="a", reason="r", at=NOW)
    found = tags_to_set(store, "models", NAME, {first: PRODUCTION}, LogEnds(1, 0))
    assert found == {first: {"stage": "archived", "promotion-seq": "1"}}


def test_a_trial_that_the_log_ended_since_is_a_candidate_and_one_that_goes_on_stays(
    store: MemoryStore, tmp_path: Path
) -> None:
    ended, going_on = publish_many(store, "models", tmp_path, 2)
    for version in (ended, going_on):
        set_stage(store, "models", NAME, version, "canary", share=0.2, by="a", reason="r", at=NOW)
    found = tags_to_set(store, "models", NAME, {ended: CANARY, going_on: CANARY}, LogEnds(0, 1))
    assert found == {ended: {"stage": "candidate", "ward": "cardiology"}, going_on: CANARY}


def test_where_a_log_ends_is_read_from_its_keys() -> None:
    keys = [f"{NAME}/promotions/0000000002.json", f"{NAME}/promotions/head.json", f"{NAME}/stages/0000000007.json"]
    assert LogEnds.of(NAME, keys) == LogEnds(2, 7)
    assert LogEnds.of(NAME, []) == LogEnds(0, 0)
