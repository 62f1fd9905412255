"""More speech than can be decoded in time: everything slows down, in order, and nothing is lost.

Time is simulated: audio comes in real time, and each batch keeps the only worker busy, the longer the larger it is.
"""

import heapq
import itertools
from collections import deque
from collections.abc import Callable

import numpy as np
import pytest
from carabin.service.threads import ThreadSupervisor
from carabin.transcriber.core.config import SAMPLE_RATE_HZ, SessionConfig
from carabin.transcriber.core.events import Event, Final
from carabin.transcriber.metrics import Metrics
from carabin.transcriber.models.prompt import Prompt
from carabin.transcriber.models.slot import ModelHandle, ModelSlot
from carabin.transcriber.scheduling.load import LoadController
from carabin.transcriber.scheduling.scheduler import Scheduler
from carabin.transcriber.streaming.decode_context import DecodeContext
from carabin.transcriber.streaming.session import Session
from carabin.transcriber.testing.engine import FakeEngine

from ..helpers.pipeline import LoudnessVad, loudness_vad, silence, speech

__all__ = ["loudness_vad"]

pytestmark = pytest.mark.usefixtures("loudness_vad")

SENTENCES = [speech(2), silence(0.6), speech(3), silence(0.6), speech(1.5), silence(0.9)]
PACKET = SAMPLE_RATE_HZ // 10


class Office:
    """Sessions that speak at the same time, one worker, and a clock that only the work moves."""

    def __init__(self, n_sessions: int, cost_s: float) -> None:
        self.now = 0.0
        self.cost_s = cost_s
        self.metrics = Metrics()
        self.load = LoadController()
        self.scheduler = Scheduler(self.metrics, self.load, ThreadSupervisor(), workers=0, clock=lambda: self.now)
        self.events: list[list[tuple[float, Event]]] = [[] for _ in range(n_sessions)]
        self.levels: set[int] = set()
        slot = ModelSlot()
        slot.install(ModelHandle("v1", FakeEngine()))
        self._calls: deque[Callable[[], None]] = deque()
        self._agenda: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._busy = False
        for i in range(n_sessions):
            context = DecodeContext(slot, self.scheduler, self.load, self.metrics, lambda: self.now, self._calls.append)
            session = Session(context, SessionConfig(), lambda _: Prompt(), self._noting(i), version="v1")
            self._speak(session, 0.37 * i)

    def run(self) -> None:
        """Let the day pass."""
        while self._agenda:
            self.now, _, task = heapq.heappop(self._agenda)
            task()
            while self._calls:
                self._calls.popleft()()
            self.levels.add(self.load.level(self.now))
            if self.scheduler.waiting and not self._busy:
                self._work()

    def finals(self, i: int) -> list[Final]:
        return [event for _, event in self.events[i] if isinstance(event, Final)]

    def _noting(self, i: int) -> Callable[[Event], None]:
        return lambda event: self.events[i].append((self.now, event))

    def _speak(self, session: Session, start_s: float) -> None:
        audio = np.concatenate(SENTENCES)
        for at in range(0, len(audio), PACKET):
            packet = audio[at : at + PACKET]
            self._at(start_s + at / SAMPLE_RATE_HZ, lambda packet=packet: session.push(packet))
        self._at(start_s + len(audio) / SAMPLE_RATE_HZ, session.flush)

    def _work(self) -> None:
        batch = self.scheduler.take() or []
        self._busy = True

        def done() -> None:
            self._busy = False
            self.scheduler.decode(batch)

        self._at(self.now + self.cost_s * len(batch), done)

    def _at(self, time_s: float, task: Callable[[], None]) -> None:
        heapq.heappush(self._agenda, (time_s, next(self._order), task))


def test_at_ease_finals_come_at_the_pause() -> None:
    office = Office(1, cost_s=0.05)
    office.run()
    [first, *_] = [time_s for time_s, event in office.events[0] if isinstance(event, Final)]
    assert first == pytest.approx(2.45, abs=0.15)
    assert office.levels == {0}


@pytest.fixture(scope="module")
def crowd() -> Office:
    """Twelve speakers on a worker that can serve about three."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("carabin.transcriber.streaming.endpointer.SileroStream", LoudnessVad)
        office = Office(12, cost_s=0.4)
        office.run()
    return office


def test_a_crowd_loses_no_word_and_no_time_drifts(crowd: Office) -> None:
    calm = Office(1, cost_s=0.0)
    calm.run()
    expected = [(final.text, final.start_s, final.end_s) for final in calm.finals(0)]
    assert len(expected) == 3
    for i in range(12):
        assert [(final.text, final.start_s, final.end_s) for final in crowd.finals(i)] == expected


def test_a_crowd_is_met_with_slower_partials_smaller_beams_and_refusals(crowd: Office) -> None:
    assert {1, 2}.issubset(crowd.levels)
    beams = {
        sample.labels["beam"]: sample.value
        for family in crowd.metrics.registry.collect()
        for sample in family.samples
        if sample.name == "carabin_transcriber_finals_total"
    }
    assert beams.get("2", 0) + beams.get("1", 0) > 0
    assert (crowd.metrics.registry.get_sample_value("carabin_transcriber_coalesced_partials_total") or 0) > 0
