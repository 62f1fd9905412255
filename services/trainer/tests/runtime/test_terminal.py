"""Tests of a run in front of a person: bars on a terminal, few lines in a log."""

import io
import logging

import pytest
from carabin.trainer.runtime.progress import Progress, RunEvent
from carabin.trainer.runtime.terminal import Bars, Lines, sentence, show
from rich.console import Console


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def logged(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records]


def test_a_log_gets_phases_and_figures_but_not_every_step(caplog: pytest.LogCaptureFixture) -> None:
    clock = Clock()
    progress = Progress("r", (Lines(clock),), clock)
    with caplog.at_level(logging.INFO), progress.phase("train", 1000) as advance:
        for step in range(1, 1001):
            clock.now += 0.1
            advance(step, 1000)
        progress.metrics(1000, {"loss": 0.25})
    messages = logged(caplog)
    assert messages[0] == "train"
    assert messages[-1] == "step 1000: loss 0.25"
    assert 6 <= len(messages) <= 10
    assert "s left" in messages[2]


def test_a_line_comes_again_after_fifteen_seconds_whatever_was_logged_last(caplog: pytest.LogCaptureFixture) -> None:
    clock = Clock()
    lines = Lines(clock)
    with caplog.at_level(logging.INFO):
        for now, done, total in ((0.0, 1, 9), (14.9, 2, 9), (15.0, 3, 0), (16.0, 4, 0)):
            clock.now = now
            lines(RunEvent("r", "advance", "mels", done, total))
        lines(RunEvent("r", "note", "mels", text="goes on"))
        for now in (30.9, 31.0):
            clock.now = now
            lines(RunEvent("r", "advance", "mels", 5, 9, eta_s=2.4))
    assert logged(caplog) == ["mels: 1/9", "mels: 3/?", "goes on", "mels: 5/9, 2 s left"]


def test_a_line_carries_what_happened_as_fields(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        Lines()(RunEvent("r", "end", step=7, metrics={"wer": 0.25}, text="run r is finished"))
    [record] = caplog.records
    fields = {name: getattr(record, name) for name in ("event", "run", "step", "wer")}
    assert fields == {"event": "run_end", "run": "r", "step": 7, "wer": 0.25}
    assert record.getMessage() == "run r is finished wer 0.25"


@pytest.mark.parametrize(
    ("event", "text"),
    [
        (RunEvent("r", "metrics", step=5, metrics={"loss": 0.123456, "lr": 1e-5}), "step 5: loss 0.1235, lr 1e-05"),
        (RunEvent("r", "note", text="goes on"), "goes on"),
        (RunEvent("r", "end", text="finished", metrics={"wer": 0.5}), "finished wer 0.5"),
        (RunEvent("r", "end", metrics={"wer": 0.5}), "wer 0.5"),
        (RunEvent("r", "phase", "train"), ""),
    ],
)
def test_a_sentence_holds_what_was_said_and_measured(event: RunEvent, text: str) -> None:
    assert sentence(event) == text


def test_a_terminal_gets_bars_and_figures() -> None:
    console = Console(force_terminal=True, width=120, record=True)
    bars = Bars(console)
    progress = Progress("r", (bars,))
    with progress.phase("train", 10) as advance:
        advance(5, 10)
        progress.metrics(5, {"loss": 0.5})
    progress.end("run r is finished [as was asked]")
    bars.close()
    shown = console.export_text()
    assert "step 5: loss 0.5" in shown
    assert "train" in shown
    assert "run r is finished [as was asked]" in shown


def test_a_phase_that_is_over_has_a_full_bar_also_where_its_length_was_never_known() -> None:
    console = Console(force_terminal=True, width=120, file=io.StringIO())
    bars = Bars(console)
    progress = Progress("r", (bars,))
    with progress.phase("fetch"):
        pass
    with progress.phase("train", 10) as advance:
        advance(5, 10)
    bars.close()
    last = console.file.getvalue().rsplit("fetch", 1)[1]  # type: ignore[attr-defined]
    assert "1/1" in last
    assert "10/10" in last


def test_bars_are_for_a_terminal_and_lines_for_everything_else() -> None:
    terminal = show(Console(force_terminal=True, file=io.StringIO()))
    try:
        assert isinstance(terminal, Bars)
    finally:
        terminal.close()
    assert isinstance(show(Console(force_terminal=False, file=io.StringIO())), Lines)
