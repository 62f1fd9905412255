"""32 promoters, 50 rounds each: every number is given once, none is lost, and the highest holds."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from carabin.registry.errors import PromotionLost
from carabin.registry.stages.promote import promote
from carabin.registry.stages.promotions import read_log
from carabin.registry.stages.read import read_decision, read_tags
from carabin.registry.stages.resolve import Decision
from carabin.registry.store import ObjectStore
from carabin.registry.testing.memory import MemoryStore

from ..helpers.versions import NAME, NOW, publish_many

PROMOTERS, ROUNDS, VERSIONS = 32, 50, 2


def test_racing_promoters_get_unique_numbers_and_the_highest_wins(
    store: ObjectStore, bucket: str, tmp_path: Path
) -> None:
    versions = publish_many(store, bucket, tmp_path, VERSIONS)
    together = Barrier(PROMOTERS)

    def promote_often(promoter: int) -> list[tuple[int, str, str]]:
        won = []
        for round_ in range(ROUNDS):
            together.wait()
            version = versions[(promoter + round_) % VERSIONS]
            try:
                record = promote(store, bucket, NAME, version, by=f"{promoter}/{round_}", reason="race", at=NOW)
            except PromotionLost:
                continue
            except BaseException:
                together.abort()
                raise
            won.append((record.number, record.version, record.by))
        return won

    with ThreadPoolExecutor(PROMOTERS) as pool:
        won = sorted(record for each in pool.map(promote_often, range(PROMOTERS)) for record in each)
    log = read_log(store, bucket, NAME)
    assert [(record.number, record.version, record.by) for record in log] == won, "none lost, none invented"
    assert [record.number for record in log] == list(range(1, len(log) + 1))
    assert len(log) >= ROUNDS, "in every round somebody wins"
    decision = read_decision(store, bucket, NAME)
    assert (decision.version, decision.pending, decision.rivals) == (log[-1].version, None, ())
    assert read_tags(store, bucket, NAME)[log[-1].version]["promotion-seq"] == str(log[-1].number)


class OvertakenStore(MemoryStore):
    """Lets somebody else act just before one of our tag writes: after we read the tag, too late for us to see."""

    def __init__(self, tag_write: int, somebody: Callable[[], object]) -> None:
        super().__init__()
        self.tag_writes_left: int | None = None
        self._tag_write, self._somebody = tag_write, somebody
        self.written: list[dict[str, str]] = []

    def arm(self) -> None:
        self.tag_writes_left = self._tag_write

    def set_tags(self, bucket: str, key: str, tags: Mapping[str, str]) -> None:
        if self.tag_writes_left == 0:
            self.tag_writes_left = None
            self._somebody()
        elif self.tag_writes_left is not None:
            self.tag_writes_left -= 1
        self.written.append(dict(tags))
        super().set_tags(bucket, key, tags)


@pytest.mark.parametrize("tag_write", [0, 1], ids=["before our holder's tag", "before our demotion of theirs"])
def test_whoever_is_overtaken_between_reading_and_writing_a_tag_puts_it_right(tmp_path: Path, tag_write: int) -> None:
    store = OvertakenStore(tag_write, lambda: promote(store, "models", NAME, old, by="b", reason="r", at=NOW))
    store.ensure_bucket("models")
    old, new = publish_many(store, "models", tmp_path, 2)
    promote(store, "models", NAME, old, by="a", reason="r", at=NOW)
    store.arm()
    promote(store, "models", NAME, new, by="a", reason="r", at=NOW)
    log = read_log(store, "models", NAME)
    assert [record.version for record in log] == [old, new, old]
    assert read_decision(store, "models", NAME) == Decision(version=old), "one holder, the newest promotion's"
    assert read_tags(store, "models", NAME)[old]["promotion-seq"] == "3"


def test_a_newer_promotion_is_never_undone_even_for_a_moment(tmp_path: Path) -> None:
    store = OvertakenStore(0, lambda: promote(store, "models", NAME, old, by="b", reason="r", at=NOW))
    store.ensure_bucket("models")
    old, new = publish_many(store, "models", tmp_path, 2)
    promote(store, "models", NAME, old, by="a", reason="r", at=NOW)
    store.arm()
    promote(store, "models", NAME, new, by="a", reason="r", at=NOW)
    third = [tags["stage"] for tags in store.written if tags.get("promotion-seq") == "3"]
    assert set(third) == {"production"}
