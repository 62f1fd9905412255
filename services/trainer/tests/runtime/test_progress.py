"""Tests of what a run reports."""

import pytest
from carabin.trainer.runtime.progress import Progress

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


@pytest.mark.parametrize(
    ("began_at", "done", "total", "eta_s"),
    [
        (0, 0, 100, None),
        (40, 40, 100, None),
        (0, 10, 0, None),
        (0, 100, 100, 0.0),
        (0, 120, 100, 0.0),
        (0, 25, 100, 90.0),
    ],
    ids=["not begun", "not moved", "total unknown", "done", "more than all", "a quarter in 30 s"],
)
def test_a_time_left_is_said_only_where_it_is_known(began_at: int, done: int, total: int, eta_s: float | None) -> None:
    recorder, clock = EventRecorder(), Clock()
    progress = Progress("r", (recorder,), clock)
    with progress.phase("train", total, done=began_at):
        clock.now = 30.0
        progress.advance(done)
    assert recorder.events[-1].eta_s == eta_s


def test_every_event_holds_how_the_run_stands() -> None:
    recorder, late = EventRecorder(), EventRecorder()
    progress = Progress("r", (recorder,))
    with progress.phase("train", 10, done=2):
        progress.metrics(7, {"loss": 0.5})
        progress.advance(3, 20)
        progress.listen(late)
        progress.note("goes on")
    progress.end("finished", {"wer": 0.25})
    assert [(event.kind, event.phase, event.done, event.total, event.step) for event in recorder.events] == [
        ("phase", "train", 2, 10, 0),
        ("metrics", "train", 2, 10, 7),
        ("advance", "train", 3, 20, 7),
        ("note", "train", 3, 20, 7),
        ("end", "train", 3, 20, 7),
    ]
    assert [dict(event.metrics) for event in recorder.events] == [{}, {"loss": 0.5}, {}, {}, {"wer": 0.25}]
    assert late.events == recorder.events[3:]
