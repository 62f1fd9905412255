"""The end of a log is found whatever its note says, and in two requests where the note is right."""

import json

import pytest
from carabin.registry.layout import promotion_key, promotions_hint_key
from carabin.registry.stages.log_end import NOTE_EVERY, NumberedLog
from carabin.registry.store import ObjectStore
from carabin.registry.testing.faulty import FaultyStore
from carabin.registry.testing.memory import MemoryStore

NAME = "cardio"


def filled(count: int) -> MemoryStore:
    store = MemoryStore()
    store.ensure_bucket("models")
    for number in range(1, count + 1):
        store.create("models", promotion_key(NAME, number), b"{}")
    return store


@pytest.mark.parametrize(
    "note", [None, b"", b"[]", b"{}", b'{"number": "7"}', b'{"number": 0}', b'{"number": 1}', b'{"number": 5}',
             b'{"number": 7}', b'{"number": 9}', b'{"number": -3}'],
)  # fmt: skip
def test_the_last_number_is_found_whatever_the_note_says(note: bytes | None) -> None:
    store = filled(7)
    if note is not None:
        store.put("models", promotions_hint_key(NAME), note)
    assert NumberedLog(store, "models", NAME).last_number() == 7


def test_a_right_note_spares_the_listing(store: ObjectStore, bucket: str) -> None:
    last = NOTE_EVERY + 2
    for number in range(1, last + 1):
        store.create(bucket, promotion_key(NAME, number), b"{}")
    log = NumberedLog(store, bucket, NAME)
    for number in range(1, last + 1):
        log.note(number)
    assert json.loads(store.get(bucket, promotions_hint_key(NAME))) == {"number": NOTE_EVERY}
    counted = FaultyStore(store)
    assert NumberedLog(counted, bucket, NAME).last_number() == last
    assert counted.requests == 2
    assert log.numbers_from(last - 1) == [last - 1, last]
    assert log.numbers_from(last + 1) == []


def test_an_empty_log_ends_at_nought_and_a_note_that_cannot_be_written_is_no_failure() -> None:
    store = filled(0)
    assert NumberedLog(store, "models", NAME).last_number() == 0
    assert NumberedLog(store, "models", NAME, stages=True).last_number() == 0
    NumberedLog(FaultyStore(store, 0), "models", NAME).note(NOTE_EVERY)
    assert store.list("models", "") == []
