"""Tests of what a run reports, and to whom."""

import logging
import threading

import pytest
from carabin.service.access.settings import AccessSettings
from carabin.trainer.errors import WatchFailed
from carabin.trainer.runtime.gauges import Gauges
from carabin.trainer.runtime.progress import Progress
from carabin.trainer.runtime.terminal import Bars, Lines
from carabin.trainer.runtime.watch_client import follow
from carabin.trainer.runtime.watch_server import WatchRun, serve
from prometheus_client import CollectorRegistry
from rich.console import Console

from ..helpers.training import EventRecorder


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_the_time_left_is_that_of_the_phase_at_its_own_pace() -> None:
    recorder, clock = EventRecorder(), Clock()
    progress = Progress("r", (recorder,), clock)
    with progress.phase("train", 100, done=40) as advance:
        clock.now = 30.0
        advance(50, 100)
    assert [event.eta_s for event in recorder.events] == [None, 150.0]


def test_a_log_gets_phases_and_figures_but_not_every_step(caplog: pytest.LogCaptureFixture) -> None:
    clock = Clock()
    progress = Progress("r", (Lines(clock),), clock)
    with caplog.at_level(logging.INFO), progress.phase("train", 1000) as advance:
        for step in range(1, 1001):
            clock.now += 0.1
            advance(step, 1000)
        progress.metrics(1000, {"loss": 0.25})
    messages = [record.getMessage() for record in caplog.records]
    assert messages[0] == "train"
    assert messages[-1] == "step 1000: loss 0.25"
    assert 6 <= len(messages) <= 10
    assert "s left" in messages[2]


def test_a_terminal_gets_bars_and_figures() -> None:
    console = Console(force_terminal=True, width=120, record=True)
    bars = Bars(console)
    progress = Progress("r", (bars,))
    with progress.phase("train", 10) as advance:
        advance(5, 10)
        progress.metrics(5, {"loss": 0.5})
    progress.end("run r is finished")
    bars.close()
    shown = console.export_text()
    assert "step 5: loss 0.5" in shown
    assert "train" in shown
    assert "run r is finished" in shown


def test_gauges_hold_the_newest_figures() -> None:
    registry = CollectorRegistry()
    progress = Progress("r", (Gauges(registry),))
    with progress.phase("train", 10) as advance:
        progress.metrics(5, {"loss": 0.5})
        advance(5, 10)
    assert registry.get_sample_value("carabin_trainer_step", {"run": "r"}) == 5
    assert registry.get_sample_value("carabin_trainer_metric", {"run": "r", "metric": "loss"}) == 0.5
    assert registry.get_sample_value("carabin_trainer_phase_done_ratio", {"run": "r", "phase": "train"}) == 0.5


def test_a_watcher_gets_how_the_run_stands_what_follows_and_its_end() -> None:
    watch = WatchRun()
    server = serve(watch, 0, AccessSettings())
    try:
        progress, recorder, joined = Progress("r", (watch.publish,)), EventRecorder(), threading.Event()

        def listen(event: object) -> None:
            recorder(event)  # type: ignore[arg-type]
            joined.set()

        with progress.phase("train", 10) as advance:
            advance(4, 10)
            follower = threading.Thread(target=follow, args=("r", f"127.0.0.1:{server.port}", listen))
            follower.start()
            assert joined.wait(30)
            progress.metrics(5, {"loss": 0.5})
        progress.end("run r is finished", {"wer": 0.25})
        follower.join(30)
        first, last = recorder.events[0], recorder.events[-1]
        assert (first.phase, first.done, first.total) == ("train", 4, 10)
        assert any(event.metrics == {"loss": 0.5} and event.step == 5 for event in recorder.events)
        assert (last.kind, last.text, dict(last.metrics)) == ("end", "run r is finished", {"wer": 0.25})
        with pytest.raises(WatchFailed, match="does the run r, not other"):
            follow("other", f"127.0.0.1:{server.port}", recorder)
    finally:
        server.stop(0.0)
