"""The store that breaks where a test says: at that request, at each later one or once, counting all or writes alone."""

import pytest
from carabin.registry.errors import StoreUnreachable
from carabin.registry.store import ObjectStore
from carabin.registry.testing.faulty import FaultyStore
from carabin.registry.testing.memory import MemoryStore


@pytest.fixture
def inner() -> MemoryStore:
    memory = MemoryStore()
    memory.ensure_bucket("models")
    return memory


def outcomes(store: ObjectStore, count: int) -> list[bool]:
    """Say of `count` writes which succeeded."""

    def succeeds(number: int) -> bool:
        try:
            store.put("models", str(number), b"")
        except StoreUnreachable:
            return False
        return True

    return [succeeds(number) for number in range(count)]


def test_what_breaks_stays_broken_until_it_is_healed_or_breaks_once(inner: MemoryStore) -> None:
    store = FaultyStore(inner, 1)
    assert outcomes(store, 3) == [True, False, False]
    assert store.failed
    store.heal()
    assert outcomes(store, 2) == [True, True]
    assert outcomes(FaultyStore(inner, 1, stays_broken=False), 3) == [True, False, True]


def test_a_request_that_breaks_never_reaches_the_store(inner: MemoryStore) -> None:
    assert outcomes(FaultyStore(inner, 1), 2) == [True, False]
    assert inner.list("models", "") == ["0"]


def test_reads_break_too_unless_writes_alone_are_counted(inner: MemoryStore) -> None:
    error = StoreUnreachable("away")
    reading = FaultyStore(inner, 0, error)
    with pytest.raises(StoreUnreachable):
        reading.list("models", "")
    writing = FaultyStore(inner, 0, error, writes_only=True)
    assert writing.list("models", "") == []
    assert not writing.exists("models", "0")
    with pytest.raises(StoreUnreachable):
        writing.set_tags("models", "0", {})
    assert writing.requests == 1
