"""What the core's tests share: loud and quiet audio, a scripted VAD, a scheduler that runs by hand."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pytest
from carabin.service.threads import ThreadSupervisor
from carabin.transcriber.core.api import Samples
from carabin.transcriber.core.config import SAMPLE_RATE_HZ, SessionConfig
from carabin.transcriber.core.events import Event, Final, Partial
from carabin.transcriber.metrics import Metrics
from carabin.transcriber.models.prompt import Prompt
from carabin.transcriber.models.slot import ModelHandle, ModelSlot
from carabin.transcriber.scheduling.load import LoadController
from carabin.transcriber.scheduling.scheduler import DecodeJob, Scheduler
from carabin.transcriber.streaming.decode_context import DecodeContext
from carabin.transcriber.streaming.session import Session
from carabin.transcriber.testing.engine import LOUD, FakeEngine


def speech(seconds: float) -> Samples:
    """Loud audio: what `LoudnessVad` takes for speech."""
    return np.full(int(seconds * SAMPLE_RATE_HZ), 0.5, np.float32)


def silence(seconds: float) -> Samples:
    return np.zeros(int(seconds * SAMPLE_RATE_HZ), np.float32)


class LoudnessVad:
    """Stands in for Silero where a test wants to say exactly where speech is."""

    def probabilities(self, samples: Samples) -> Samples:
        windows = samples.reshape(-1, 512)
        return np.where(np.abs(windows).mean(axis=1) > LOUD, 1.0, 0.0).astype(np.float32)


@dataclass
class Bench:
    """A session over a fake engine; decodes happen only when the test says so."""

    engine: FakeEngine = field(default_factory=FakeEngine)
    config: SessionConfig = field(default_factory=SessionConfig)
    prompt: Prompt = field(default_factory=Prompt)
    recording: bool = False
    events: list[Event] = field(default_factory=list)
    time_s: float = 0.0

    def __post_init__(self) -> None:
        self.metrics = Metrics()
        self.load = LoadController()
        self.slot = ModelSlot()
        self.slot.install(ModelHandle("v1", self.engine))
        self.scheduler = Scheduler(self.metrics, self.load, ThreadSupervisor(), workers=1, clock=self.clock)
        self.calls: deque[Callable[[], None]] = deque()
        self.context = DecodeContext(self.slot, self.scheduler, self.load, self.metrics, self.clock, self.calls.append)
        self.session = Session(
            self.context, self.config, lambda _: self.prompt, self.events.append, version="v1", recording=self.recording
        )

    def clock(self) -> float:
        return self.time_s

    def push(self, *pieces: Samples, packet_s: float = 0.032, decode: bool = True) -> None:
        """Send audio in packets, as a client does, and decode after each."""
        audio = np.concatenate(pieces)
        step = int(packet_s * SAMPLE_RATE_HZ)
        for i in range(0, len(audio), step):
            packet = audio[i : i + step]
            self.time_s += len(packet) / SAMPLE_RATE_HZ
            self.session.push(packet)
            if decode:
                self.decode()

    def decode(self) -> None:
        """Decode all that waits, and deliver it."""
        while self.decode_batch():
            pass

    def decode_batch(self) -> list[DecodeJob]:
        """Decode one batch and deliver it; return its jobs."""
        if not self.scheduler.waiting:
            return []
        batch = self.scheduler.take() or []
        self.scheduler.decode(batch)
        self.deliver()
        return batch

    def deliver(self) -> None:
        while self.calls:
            self.calls.popleft()()

    def flush(self) -> None:
        self.session.flush()
        self.decode()

    @property
    def finals(self) -> list[Final]:
        return [event for event in self.events if isinstance(event, Final)]

    @property
    def partials(self) -> list[Partial]:
        return [event for event in self.events if isinstance(event, Partial)]

    def metric(self, name: str, **labels: str) -> float:
        return self.metrics.registry.get_sample_value(f"carabin_transcriber_{name}", labels) or 0.0


@pytest.fixture
def loudness_vad(monkeypatch: pytest.MonkeyPatch) -> None:
    """Replace Silero by loudness in every session of the test."""
    monkeypatch.setattr("carabin.transcriber.streaming.endpointer.SileroStream", LoudnessVad)
