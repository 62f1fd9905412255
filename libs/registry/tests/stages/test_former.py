"""A rollback takes its promotion back, and finds what was before it by few reads however often that was done."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from carabin.registry.stages.former import Former, former_holder, restored_promotion
from carabin.registry.stages.promotions import PromotionRecord
from hypothesis import given
from hypothesis import strategies as st

NOW = datetime(2026, 11, 23, 10, 15, tzinfo=UTC)
MOST_READS = 4
VERSIONS = "ABCD"


class Log:
    """Promotions by number, and how many were read."""

    def __init__(self, *, with_restores: bool = False) -> None:
        self.records: dict[int, PromotionRecord] = {}
        self.reads = 0
        self._with_restores = with_restores

    def read(self, number: int) -> PromotionRecord | None:
        self.reads += 1
        return self.records.get(number)

    @property
    def current(self) -> str | None:
        return self.records[max(self.records)].version if self.records else None

    def append(self, version: str, *, rollback: bool = False, restores: int | None = None) -> None:
        number = len(self.records) + 1
        self.records[number] = PromotionRecord(
            number=number, version=version, previous=self.current, by="me", reason="why", at=NOW,
            kind="rollback" if rollback else "promote", restores=restores,
        )  # fmt: skip

    def before(self, current: str | None, visible: Callable[[str], bool] = lambda _: True) -> Former | None:
        return former_holder(self.read, len(self.records), current, visible)

    def roll_back(self, visible: Callable[[str], bool] = lambda _: True) -> str | None:
        former = self.before(self.current, visible)
        if former is not None:
            restores = restored_promotion(self.read, former) if self._with_restores else None
            self.append(former.version, rollback=True, restores=restores)
        return former and former.version


def written(steps: str) -> Log:
    """`A` promotes version A, `<A` rolls back to it."""
    log = Log()
    for step in steps.split():
        log.append(step.lstrip("<"), rollback=step.startswith("<"))
    return log


@pytest.mark.parametrize(
    ("steps", "current", "back_to"),
    [
        ("A", "A", None),
        ("A B", "B", "A"),
        ("A B C <B", "B", "A"),
        ("A B C <B <A", "A", None),
        ("A B C <A", "A", None),
        ("A B A", "A", "B"),
        ("A B <A C", "C", "A"),
        ("A A B", "B", "A"),
        ("A B B", "B", "A"),
        ("A A", "A", None),
        ("A B", "hand-tagged", "B"),
        ("", "hand-tagged", None),
        ("", None, None),
        ("A B", None, "B"),
        ("A <X", "X", "A"),
    ],
)
def test_a_rollback_goes_where_production_was_before(steps: str, current: str | None, back_to: str | None) -> None:
    found = written(steps).before(current)
    assert (found and found.version) == back_to


def test_a_rollback_passes_over_what_was_pruned() -> None:
    log = written("A B C")
    for current, pruned, back_to in (("C", "B", "A"), (None, "C", "B")):
        found = log.before(current, lambda version, pruned=pruned: version != pruned)  # type: ignore[misc]
        assert found is not None
        assert found.version == back_to


@given(st.lists(st.sampled_from([*VERSIONS, "<"]), max_size=24))
def test_each_rollback_takes_the_last_promotion_back_that_is_left(steps: list[str]) -> None:
    log, left = Log(with_restores=True), list[str]()
    for step in [*steps, "<"]:
        if step != "<":
            log.append(step)
            left += [step] if left[-1:] != [step] else []
        elif len(left) > 1:
            left.pop()
            assert log.roll_back() == left[-1]
        else:
            assert log.roll_back() is None


@pytest.mark.parametrize("taken_back", [1, 3, 100])
def test_however_often_promotions_were_taken_back_few_records_are_read(taken_back: int) -> None:
    log = Log(with_restores=True)
    for version in ("first", "second"):
        log.append(version)
    for number in range(taken_back):
        log.append(f"bad-{number}")
        assert log.roll_back() == "second"
    log.reads = 0
    assert log.roll_back() == "first"
    assert log.reads <= MOST_READS
