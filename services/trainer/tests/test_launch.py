"""Who is told of a run: the terminal or the log, Prometheus and `WatchRun`, from the process that speaks for it."""

import logging
import socket
import warnings
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from carabin.registry.artifacts.checkpoints import publish_checkpoint
from carabin.registry.artifacts.datasets import publish_dataset
from carabin.registry.testing.memory import MemoryStore
from carabin.service.errors import PortTaken
from carabin.trainer.launch import launch, quiet
from carabin.trainer.training.train import TrainResult
from rich.console import Console
from transformers.utils import logging as advice

from .helpers.training import BUCKETS, a_store, settings


class ObservedStore(MemoryStore):
    """A store that calls `observe` whenever it is asked for a list, as a run does when it starts."""

    def __init__(self, observe: Callable[[], None]) -> None:
        super().__init__()
        self._buckets = a_store()._buckets
        self.observe = observe

    def list(self, bucket: str, prefix: str, start_after: str = "") -> list[str]:
        self.observe()
        return super().list(bucket, prefix, start_after)


@pytest.fixture
def ports() -> list[int]:
    """Two ports that were free a moment ago."""
    with socket.socket() as one, socket.socket() as two:
        for each in (one, two):
            each.bind(("127.0.0.1", 0))
        return [one.getsockname()[1], two.getsockname()[1]]


def listens(port: int) -> bool:
    with socket.socket() as client:
        client.settimeout(10)
        return client.connect_ex(("127.0.0.1", port)) == 0


def launched(tmp_path: Path, store: MemoryStore, **changes: object) -> TrainResult:
    """Launch a run whose final checkpoint the store has: nothing is left to train."""
    final = tmp_path / "final"
    final.mkdir()
    (final / "model.safetensors").write_text("weights")
    now = datetime(2026, 1, 1, tzinfo=UTC)
    data = publish_dataset(store, BUCKETS.datasets_bucket, "tones", final, now, source={}, counts={})
    source = {"base_model": "a-base", "dataset_sha256": data.fingerprint}
    publish_checkpoint(store, BUCKETS.checkpoints_bucket, "r", 7, final, now, source=source, metrics={}, final=True)
    wanted = settings(Path("a-base"), tmp_path / "w", dataset=f"tones@{data.version}", **changes)
    return launch(wanted, store, BUCKETS, Console(force_terminal=False), lambda: False, now)


def test_a_run_is_served_on_the_ports_that_are_set_while_it_lasts(
    tmp_path: Path, ports: list[int], caplog: pytest.LogCaptureFixture
) -> None:
    during: list[bool] = []
    store = ObservedStore(lambda: during.extend(map(listens, ports)))
    with caplog.at_level(logging.INFO, "carabin.trainer"):
        result = launched(tmp_path, store, metrics_port=ports[0], grpc_port=ports[1])
    assert (result.state, result.step) == ("finished", 7)
    assert during == [True, True]
    assert [listens(port) for port in ports] == [False, False]
    assert "run r is finished already" in caplog.messages


def test_without_a_port_nothing_is_served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("nobody asked for a port")

    for server in ("carabin.trainer.launch.serve", "carabin.service.metrics.serve"):
        monkeypatch.setattr(server, refuse)
    assert launched(tmp_path, a_store()).state == "finished"


def test_another_process_of_the_run_serves_and_says_nothing(
    tmp_path: Path, ports: list[int], caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RANK", "1")
    during: list[bool] = []
    store = ObservedStore(lambda: during.extend(map(listens, ports)))
    with caplog.at_level(logging.INFO, "carabin.trainer"):
        result = launched(tmp_path, store, metrics_port=ports[0], grpc_port=ports[1])
    assert result.state == "finished"
    assert during == [False, False]
    assert caplog.messages == []


def test_a_port_that_is_taken_ends_the_run_before_it_begins(tmp_path: Path) -> None:
    asked: list[None] = []
    with socket.create_server(("0.0.0.0", 0)) as taken, pytest.raises(PortTaken, match=str(taken.getsockname()[1])):
        launched(tmp_path, ObservedStore(lambda: asked.append(None)), metrics_port=taken.getsockname()[1])
    assert asked == []


@pytest.fixture
def restored() -> Iterator[None]:
    """Puts back what `quiet` sets for the whole process."""
    loggers = [logging.getLogger(name) for name in ("torch.distributed", "faster_whisper")]
    levels, verbosity = [logger.level for logger in loggers], advice.get_verbosity()  # type: ignore[no-untyped-call]
    yield
    for logger, level in zip(loggers, levels, strict=True):
        logger.setLevel(level)
    advice.set_verbosity(verbosity)  # type: ignore[no-untyped-call]
    advice.enable_progress_bar()  # type: ignore[no-untyped-call]


@pytest.mark.usefixtures("restored")
def test_libraries_keep_their_advice_to_themselves_and_ours_is_still_shown() -> None:
    with warnings.catch_warnings(record=True) as shown:
        warnings.simplefilter("always")
        quiet()
        for module in ("transformers.trainer", "peft.tuners", "carabin.trainer.training.fit"):
            warnings.warn_explicit("advice", UserWarning, f"{module}.py", 1, module)
    assert [warning.filename for warning in shown] == ["carabin.trainer.training.fit.py"]
    assert not advice.is_progress_bar_enabled()  # type: ignore[no-untyped-call]
    assert not logging.getLogger("transformers").isEnabledFor(logging.WARNING)
    assert not logging.getLogger("faster_whisper").isEnabledFor(logging.INFO)
    assert logging.getLogger("faster_whisper").isEnabledFor(logging.WARNING)
