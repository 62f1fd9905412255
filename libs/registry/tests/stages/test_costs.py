"""What a promotion, a rollback and a look cost does not grow with the registry."""

from collections.abc import Callable
from pathlib import Path

import pytest
from carabin.registry.stages.promote import promote, rollback
from carabin.registry.stages.read import read_production
from carabin.registry.testing.faulty import FaultyStore
from carabin.registry.testing.memory import MemoryStore

from ..helpers.versions import NAME, NOW, publish_many

MOST = {"promote": 12, "rollback": 15, "rollback behind ten": 15, "read_production": 4}


@pytest.fixture(scope="module", params=[4, 60])
def grown(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[MemoryStore, list[str]]:
    """A registry in which every version but the newest was promoted once."""
    store = MemoryStore()
    store.ensure_bucket("models")
    versions = publish_many(store, "models", tmp_path_factory.mktemp("models"), request.param)
    for version in versions[:-1]:
        promote(store, "models", NAME, version, by="a", reason="r", at=NOW)
    return store, versions


@pytest.mark.parametrize("action", list(MOST))
def test_an_action_is_as_many_requests_in_a_large_registry_as_in_a_small_one(
    grown: tuple[MemoryStore, list[str]], action: str
) -> None:
    store, versions = grown
    counted = FaultyStore(store)
    for _ in range(10 if action == "rollback behind ten" else 0):
        promote(store, "models", NAME, versions[-1], by="a", reason="r", at=NOW)
        rollback(store, "models", NAME, by="a", reason="r", at=NOW)
    actions: dict[str, Callable[[], object]] = {
        "promote": lambda: promote(counted, "models", NAME, versions[-1], by="a", reason="r", at=NOW),
        "rollback behind ten": lambda: rollback(counted, "models", NAME, by="a", reason="r", at=NOW),
        "rollback": lambda: rollback(counted, "models", NAME, by="a", reason="r", at=NOW),
        "read_production": lambda: read_production(counted, "models", NAME),
    }
    actions[action]()
    assert counted.requests <= MOST[action]


def test_a_tag_scan_reads_each_version_once_and_the_folders_in_one(grown: tuple[MemoryStore, list[str]]) -> None:
    from carabin.registry.stages.read import read_tags

    store, versions = grown
    counted = FaultyStore(store)
    assert sorted(read_tags(counted, "models", NAME)) == sorted(versions)
    assert counted.requests == len(versions) + 1


def test_promotions_after_the_note_are_not_lost_to_it(tmp_path: Path) -> None:
    """The note may be as old as it likes: whatever came after it is found by whoever comes next."""
    store = MemoryStore()
    store.ensure_bucket("models")
    first, second, third = publish_many(store, "models", tmp_path, 3)
    for version in (first, second):
        promote(store, "models", NAME, version, by="a", reason="r", at=NOW)
    store.put("models", f"{NAME}/promotions/head.json", b'{"number": 1}')
    assert read_production(store, "models", NAME) == second
    assert promote(store, "models", NAME, third, by="a", reason="r", at=NOW).number == 3
