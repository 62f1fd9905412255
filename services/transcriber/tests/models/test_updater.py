"""Models come and go under dictations; bad ones never get in."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from carabin.registry.errors import ManifestInvalid, StoreUnreachable
from carabin.registry.serving_window import WindowPolicy
from carabin.service.threads import ThreadSupervisor
from carabin.transcriber.core.api import ModelInfo
from carabin.transcriber.core.errors import DeviceFailed, DeviceShort, ModelBroken, NotReady
from carabin.transcriber.inference.engine import DecodeRequest, Hypothesis
from carabin.transcriber.metrics import Metrics
from carabin.transcriber.models.loader import LoadedCandidate, load
from carabin.transcriber.models.updater import ModelUpdater
from carabin.transcriber.testing.engine import FakeEngine


class Rig:
    """A updater whose versions are fake engines, some of them bad."""

    def __init__(self, folder: Path, **options: object) -> None:
        self.engines: dict[str, FakeEngine] = {}
        self.fetches: list[str] = []
        self.fetch_errors: dict[str, Exception] = {}
        self.load_errors: dict[str, Exception] = {}
        self.metrics = Metrics()
        self.threads = ThreadSupervisor(self.metrics.registry)
        self._folder = folder
        self._states: list[ModelInfo] = []
        self.changed = threading.Condition()
        self.updater = ModelUpdater(
            "whisper",
            self._fetch,
            self._load,
            self.metrics,
            self.threads,
            changed=self._note,
            **{"retry_s": 0.01} | options,
        )  # type: ignore[arg-type]
        self.updater.start()

    def reach(self, version: str, state: str = "steady") -> ModelInfo:
        """Ask for a version and wait until it is installed or refused."""
        with self.changed:
            self._states.clear()
        self.updater.request_version(version)
        return self.wait(lambda info: info.state == state and version in (info.version, info.target))

    def settle(self) -> None:
        """Wait until the updater did all that it was asked for."""
        done = threading.Event()
        self.updater._commands.put(done.set)
        assert done.wait(20)

    def wait(self, condition: Callable[[ModelInfo], bool]) -> ModelInfo:
        with self.changed:
            assert self.changed.wait_for(lambda: any(map(condition, self._states)), timeout=20)
            return next(info for info in self._states if condition(info))

    def _note(self, info: ModelInfo) -> None:
        with self.changed:
            self._states.append(info)
            self.changed.notify_all()

    def _fetch(self, version: str) -> LoadedCandidate:
        self.fetches.append(version)
        if error := self.fetch_errors.pop(version, None):
            raise error
        return LoadedCandidate(version, self._folder)

    def _load(self, folder: Path, version: str, windows: WindowPolicy) -> FakeEngine:
        if error := self.load_errors.get(version):
            raise error
        self.engines[version] = FakeEngine(version, windows=windows)
        return self.engines[version]


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    rig = Rig(tmp_path)
    yield rig
    rig.updater.stop()


def test_the_first_model_makes_the_slot_ready(rig: Rig) -> None:
    with pytest.raises(NotReady):
        rig.updater.slot.lease()
    info = rig.reach("v1")
    assert (info.version, info.state, info.target) == ("v1", "steady", None)
    assert rig.updater.slot.lease().version == "v1"


def test_the_old_model_is_freed_when_its_last_utterance_is_final(rig: Rig) -> None:
    rig.reach("v1")
    lease = rig.updater.slot.lease()
    rig.reach("v2")
    assert not rig.engines["v1"].closed
    lease.release()
    rig.reach("v3")
    assert rig.engines["v1"].closed
    assert rig.engines["v2"].closed
    assert not rig.engines["v3"].closed


def test_a_bad_model_is_refused_with_its_reason_and_the_old_one_goes_on(rig: Rig) -> None:
    rig.reach("v1")
    rig.load_errors["v2"] = ModelBroken("v2", "tokenizer.json missing")
    info = rig.reach("v2", "failed")
    assert (info.version, info.target, info.reason) == ("v1", "v2", "tokenizer.json missing")
    assert rig.updater.slot.lease().version == "v1"
    assert (
        rig.metrics.registry.get_sample_value(
            "carabin_transcriber_swaps_total", {"model_name": "whisper", "role": "production", "outcome": "refused"}
        )
        == 1
    )


def test_a_refused_version_is_not_tried_again(rig: Rig) -> None:
    rig.load_errors["v2"] = ModelBroken("v2", "broken")
    rig.reach("v2", "failed")
    rig.updater.request_version("v2")
    rig.settle()
    assert rig.fetches == ["v2"]


def test_wrong_bytes_are_not_fetched_again(rig: Rig) -> None:
    rig.fetch_errors["v2"] = ManifestInvalid("its bytes are not those of the manifest")
    rig.reach("v2", "failed")
    rig.updater.request_version("v2")
    rig.settle()
    assert rig.fetches == ["v2"]


def test_a_store_that_was_away_is_asked_again(rig: Rig) -> None:
    rig.fetch_errors["v2"] = StoreUnreachable("the object store does not answer")
    rig.reach("v2")
    assert rig.fetches == ["v2", "v2"]


def test_a_model_that_does_not_fit_is_refused_and_the_old_one_goes_on(tmp_path: Path) -> None:
    free = iter([10**12])
    rig = Rig(tmp_path, free_bytes=lambda: next(free, 0))
    rig.reach("v1")
    info = rig.reach("v2", "failed")
    assert info.version == "v1"
    assert "MiB" in info.reason
    rig.updater.stop()


def test_draining_waits_for_utterances_before_it_unloads(tmp_path: Path) -> None:
    rig = Rig(tmp_path, free_bytes=lambda: 0 if rig.engines else 10**12, drain=True)
    rig.reach("v1")
    lease = rig.updater.slot.lease()
    rig.updater.request_version("v2")
    rig.wait(lambda info: info.target == "v2")
    assert not rig.engines["v1"].closed
    lease.release()
    rig.wait(lambda info: info.version == "v2")
    assert rig.engines["v1"].closed
    rig.updater.stop()


def test_a_drained_model_comes_back_when_its_successor_is_bad(tmp_path: Path) -> None:
    rig = Rig(tmp_path, free_bytes=lambda: 0 if rig.engines else 10**12, drain=True)
    rig.reach("v1")
    rig.load_errors["v2"] = ModelBroken("v2", "broken")
    info = rig.reach("v2", "failed")
    assert info.version == "v1"
    assert rig.updater.slot.lease().version == "v1"
    rig.updater.stop()


def test_only_the_newest_wish_is_loaded(rig: Rig) -> None:
    rig.reach("v1")
    for i in range(2, 20):
        rig.updater.request_version(f"v{i}")
    rig.wait(lambda info: info.version == "v19")
    assert len(rig.fetches) < 10


def test_asking_again_and_again_while_the_store_is_away_leaves_one_retry(tmp_path: Path) -> None:
    rig = Rig(tmp_path, retry_s=3600.0)
    threads = threading.active_count()
    for _ in range(20):
        rig.fetch_errors["v2"] = StoreUnreachable("the object store does not answer")
        rig.reach("v2", "failed")
    assert threading.active_count() == threads, "each failure left a timer that fetches"
    assert len(rig.fetches) == 20
    rig.updater.stop()


def test_retries_of_a_version_are_further_and_further_apart_until_another_is_wanted(tmp_path: Path) -> None:
    """A store that cuts every download off would else be asked for the whole version again, four times a minute."""
    rig = Rig(tmp_path, retry_s=3600.0)

    def pause_after_failure(version: str) -> float:
        rig.fetch_errors[version] = StoreUnreachable("cut off")
        rig.reach(version, "failed")
        rig.settle()
        assert rig.updater._retry_at is not None
        return round((rig.updater._retry_at - time.monotonic()) / 3600)

    assert [pause_after_failure("v2") for _ in range(6)] == [1, 2, 4, 8, 8, 8]
    assert pause_after_failure("v3") == 1
    rig.reach("v3")
    assert pause_after_failure("v4") == 1
    rig.updater.stop()


def test_while_a_version_is_tried_again_it_is_said_why_it_failed_before(rig: Rig) -> None:
    rig.fetch_errors["v2"] = StoreUnreachable("cut off")
    rig.reach("v2", "failed")
    again = rig.wait(lambda info: info.state == "loading" and bool(info.reason))
    assert (again.target, again.reason) == ("v2", "cut off")
    assert rig.wait(lambda info: info.state == "steady").reason == ""


def test_a_retry_goes_to_the_newest_request_alone(rig: Rig) -> None:
    rig.fetch_errors["v2"] = StoreUnreachable("the object store does not answer")
    rig.reach("v2", "failed")
    rig.reach("v3")
    rig.settle()
    assert rig.fetches[-1] == "v3"
    assert rig.updater.slot.lease().version == "v3"


@pytest.mark.parametrize("error", [OSError("disk full"), ValueError("of the patient Dupont"), MemoryError()])
def test_an_unexpected_error_is_a_refusal_that_is_tried_again(rig: Rig, error: Exception) -> None:
    rig.reach("v1")
    rig.fetch_errors["v2"] = error
    info = rig.reach("v2", "failed")
    assert info.version == "v1"
    assert type(error).__name__ in info.reason
    assert "Dupont" not in info.reason
    rig.wait(lambda info: info.version == "v2" and info.state == "steady")


def test_a_device_that_failed_is_no_fault_of_the_version(rig: Rig) -> None:
    rig.reach("v1")
    rig.load_errors["v2"] = DeviceShort("v2", "CUDA failed with error out of memory")
    info = rig.reach("v2", "failed")
    assert (info.version, info.reason) == ("v1", "CUDA failed with error out of memory")
    rig.load_errors.clear()
    rig.wait(lambda info: info.version == "v2" and info.state == "steady")


def test_a_device_that_fails_in_the_warm_up_does_not_condemn_the_version(tmp_path: Path) -> None:
    def script(_: DecodeRequest) -> Hypothesis:
        raise DeviceFailed("CUDA failed with error out of memory")

    engine = FakeEngine(script=script)
    with pytest.raises(DeviceShort, match="out of memory"):
        load(LoadedCandidate("v1", tmp_path), lambda *_: engine)
    assert engine.closed


def test_a_drained_model_that_cannot_be_restored_at_once_comes_back(tmp_path: Path) -> None:
    rig = Rig(tmp_path, free_bytes=lambda: 0 if rig.engines else 10**12, drain=True)
    rig.reach("v1")
    rig.load_errors["v2"] = ModelBroken("v2", "broken")
    rig.load_errors["v1"] = MemoryError()
    rig.reach("v2", "failed")
    assert rig.updater.slot.current is None
    assert "v1" in rig.updater.needed, "its files may be removed"
    del rig.load_errors["v1"]
    with rig.changed:
        assert rig.changed.wait_for(lambda: rig.updater.slot.current is not None, timeout=20)
    assert rig.updater.slot.lease().version == "v1"
    rig.updater.stop()


def test_stopping_does_not_wait_for_the_last_utterance_of_a_drain(tmp_path: Path) -> None:
    rig = Rig(tmp_path, free_bytes=lambda: 0 if rig.engines else 10**12, drain=True)
    rig.reach("v1")
    lease = rig.updater.slot.lease()
    rig.updater.request_version("v2")
    rig.wait(lambda info: info.target == "v2")
    rig.updater.stop()
    assert "v2" not in rig.engines
    lease.release()


def test_after_a_drain_the_metrics_name_the_new_version_alone(tmp_path: Path) -> None:
    rig = Rig(tmp_path, free_bytes=lambda: 0 if rig.engines else 10**12, drain=True)
    rig.reach("v1")
    rig.reach("v2")
    rig.settle()
    named = [sample.labels["version"] for metric in rig.metrics.model.collect() for sample in metric.samples]
    assert named == ["v2"]
    rig.updater.stop()


@pytest.mark.parametrize("error", [DeviceShort("v2", "CUDA failed with error out of memory"), MemoryError()])
def test_draining_makes_room_where_only_the_load_finds_that_there_is_none(tmp_path: Path, error: Exception) -> None:
    rig = Rig(tmp_path, drain=True)
    rig.reach("v1")
    rig.load_errors["v2"] = error
    close = rig.engines["v1"].close

    def make_room() -> None:
        close()
        del rig.load_errors["v2"]

    rig.engines["v1"].close = make_room  # type: ignore[method-assign]
    rig.reach("v2")
    assert rig.updater.slot.lease().version == "v2"
    rig.updater.stop()


def test_what_does_not_fit_even_alone_drains_the_model_in_use_once_and_not_at_each_retry(tmp_path: Path) -> None:
    rig = Rig(tmp_path, drain=True)
    rig.reach("v1")
    rig.load_errors["v2"] = DeviceShort("v2", "CUDA failed with error out of memory")
    rig.reach("v2", "failed")
    fetched_before = len(rig.fetches)
    with rig.changed:
        assert rig.changed.wait_for(lambda: len(rig.fetches) > fetched_before + 2, timeout=20)
    assert rig.updater.slot.lease().version == "v1"
    drained = rig.metrics.swaps.labels("whisper", "production", "drained")
    assert drained._value.get() == 1
    rig.updater.stop()


def test_a_gpu_that_fails_for_another_reason_than_memory_drains_nothing(tmp_path: Path) -> None:
    rig = Rig(tmp_path, drain=True)
    rig.reach("v1")
    rig.load_errors["v2"] = DeviceShort("v2", "CUDA failed with error unspecified launch failure")
    rig.reach("v2", "failed")
    assert not rig.engines["v1"].closed
    rig.updater.stop()


def freed() -> threading.Event:
    event = threading.Event()
    event.set()
    return event


def test_another_model_leaves_where_memory_does_not_hold_two(tmp_path: Path) -> None:
    asked: list[str] = []
    free = [0]

    def evict() -> threading.Event:
        asked.append("evict")
        free[0] = 10**12
        return freed()

    rig = Rig(tmp_path, free_bytes=lambda: free[0], evict=evict)
    rig.reach("v1")
    assert asked == ["evict"]
    rig.updater.stop()


def test_another_model_leaves_where_the_gpu_does_not_hold_two(tmp_path: Path) -> None:
    def evict() -> threading.Event:
        del rig.load_errors["v1"]
        return freed()

    rig = Rig(tmp_path, evict=evict)
    rig.load_errors["v1"] = DeviceShort("v1", "out of memory")
    assert rig.reach("v1").version == "v1"
    rig.updater.stop()


def test_model_that_leaves_is_no_sessions_at_once_and_freed_behind_its_last_decode(rig: Rig) -> None:
    rig.reach("v1")
    lease = rig.updater.slot.lease()
    gone = rig.updater.leave("it left")
    with pytest.raises(NotReady, match="it left"):
        rig.updater.slot.lease()
    assert not rig.engines["v1"].closed
    lease.release()
    assert gone.wait(20)
    assert rig.engines["v1"].closed
    assert (rig.updater.info.version, rig.updater.info.state) == (None, "none")
    assert not rig.metrics.model.collect()[0].samples
    assert rig.reach("v1").version == "v1"


def test_announced_version_is_on_its_way_before_its_turn(rig: Rig) -> None:
    rig.reach("v1")
    rig.updater.leave("it left").wait(20)
    rig.updater.announce("v1")
    assert (rig.updater.info.state, rig.updater.info.target) == ("loading", "v1")


def test_version_that_is_refused_for_good_is_not_announced(rig: Rig) -> None:
    rig.load_errors["v1"] = ModelBroken("v1", "tokenizer.json missing")
    rig.reach("v1", "failed")
    rig.updater.announce("v1")
    assert rig.updater.info.state == "failed"
