"""A model is freed once, when it was replaced and nobody holds it any more."""

import threading

import pytest
from carabin.transcriber.core.errors import NotReady
from carabin.transcriber.models.slot import ModelHandle, ModelSlot, TrialSlot
from carabin.transcriber.testing.engine import FakeEngine


def handle(version: str, freed: list[str]) -> ModelHandle:
    return ModelHandle(version, FakeEngine(), lambda each: freed.append(each.version))


def test_an_empty_slot_says_why() -> None:
    slot = ModelSlot()
    slot.install(None, "a new model is being loaded")
    with pytest.raises(NotReady, match="a new model is being loaded"):
        slot.lease()


def test_a_replaced_model_is_freed_with_its_last_lease_and_cannot_be_held_again() -> None:
    slot, freed = ModelSlot(), []
    first = handle("v1", freed)
    slot.install(first)
    lease = slot.lease()
    assert first.try_retain()
    slot.install(handle("v2", freed))
    lease.release()
    assert not freed
    first.release()
    assert freed == ["v1"]
    assert not first.try_retain()


def test_a_model_that_nobody_holds_is_freed_when_it_is_replaced() -> None:
    slot, freed = ModelSlot(), []
    slot.install(handle("v1", freed))
    slot.install(handle("v2", freed))
    assert freed == ["v1"]


def test_leases_of_many_threads_free_each_model_once() -> None:
    slot, freed = ModelSlot(), []
    slot.install(handle("v0", freed))
    stop = threading.Event()

    def hold() -> None:
        while not stop.is_set():
            slot.lease().release()

    threads = [threading.Thread(target=hold) for _ in range(4)]
    for thread in threads:
        thread.start()
    for i in range(1, 200):
        slot.install(handle(f"v{i}", freed))
    stop.set()
    for thread in threads:
        thread.join()
    assert sorted(freed) == sorted(f"v{i}" for i in range(199))


def test_a_trial_slot_falls_back_to_production_when_the_canary_ends() -> None:
    freed: list[str] = []
    canary, production = ModelSlot(), ModelSlot()
    production.install(handle("v1", freed))
    canary.install(handle("v2", freed))
    slot = TrialSlot(canary, production)
    assert slot.lease().version == "v2"
    canary.install(None, "its trial is over")
    assert slot.current is production.current
    assert slot.lease().version == "v1"
