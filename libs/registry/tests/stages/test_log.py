"""The log of stages: a number taken by another is passed over, and a stray object beside the log is no record."""

import pytest
from carabin.registry.errors import StoreUnreachable
from carabin.registry.layout import stage_key
from carabin.registry.stages.log import MAX_RACES, StageRecord, append_stage, last_stage_number, read_stage_log
from carabin.registry.store import ObjectStore
from carabin.registry.testing.memory import MemoryStore

from ..helpers.versions import NAME, NOW


def record(number: int, reason: str = "two wards try it") -> StageRecord:
    return StageRecord(number=number, version="v1", stage="shadow", by="dr-a", reason=reason, at=NOW)


def test_a_record_whose_number_is_taken_gets_the_next_free_one(store: ObjectStore, bucket: str) -> None:
    assert last_stage_number(store, bucket, NAME) == 0
    first, second, third = (append_stage(store, bucket, NAME, record(1, reason)) for reason in ("a", "b", "c"))
    assert [written.number for written in (first, second, third)] == [1, 2, 3]
    assert read_stage_log(store, bucket, NAME) == [first, second, third]
    assert last_stage_number(store, bucket, NAME) == 3


def test_a_stray_object_beside_the_log_is_no_record(store: ObjectStore, bucket: str) -> None:
    written = append_stage(store, bucket, NAME, record(1))
    for stray in ("notes.txt", "12.json", "9999999999.json.bak", "0000000000.json"):
        store.put(bucket, f"{NAME}/stages/{stray}", b"{}")
    assert read_stage_log(store, bucket, NAME) == [written]


def test_a_log_in_which_every_next_number_is_taken_is_given_up_and_said_so() -> None:
    store = MemoryStore()
    store.ensure_bucket("models")
    for number in range(1, MAX_RACES + 1):
        store.put("models", stage_key(NAME, number), b"")
    with pytest.raises(StoreUnreachable, match=f"{NAME}: {MAX_RACES} other changes of stage were written first"):
        append_stage(store, "models", NAME, record(1))
    assert append_stage(store, "models", NAME, record(2)).number == MAX_RACES + 1
