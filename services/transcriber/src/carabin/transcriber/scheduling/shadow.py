"""A shadow version decodes what production decoded; the difference is a figure in the metrics, and nothing else."""

import threading
from collections.abc import Callable
from dataclasses import replace

from carabin.registry.word_error import smoke_error

from ..core.errors import DecodeFailed, NotReady
from ..inference.engine import DecodeRequest, Hypothesis
from ..metrics import Metrics
from ..models.slot import Slot
from .jobs import DecodeJob, Lane
from .load import LoadController, LoadLevel
from .scheduler import Scheduler

MAX_WAITING = 8
"""Comparisons that may wait; the rest is skipped, because nobody waits for them."""


class Shadow:
    """Compares finals; it works only while the service is at ease, and never delays a session."""

    def __init__(
        self, slot: Slot, scheduler: Scheduler, load: LoadController, metrics: Metrics, clock: Callable[[], float]
    ) -> None:
        self._slot = slot
        self._scheduler = scheduler
        self._load = load
        self._metrics = metrics
        self._clock = clock
        self._lock = threading.Lock()
        self._waiting = 0

    def compare(self, request: DecodeRequest, text: str) -> None:
        """Decode the request's audio with the shadow, some time, and observe how far its text is from this one."""
        if self._slot.current is None:
            return
        if self._waiting >= MAX_WAITING or self._load.level(self._clock()) > LoadLevel.EASE:
            self._metrics.shadow_skipped.inc()
            return
        try:
            model = self._slot.lease()
        except NotReady:
            return
        # Another model has other tokens: it decodes the audio without the session's prompt.
        request = replace(request, prompt=(), prefix=(), word_timestamps=False, draft=None)

        def done(_: DecodeJob, outcome: Hypothesis | DecodeFailed) -> None:
            self._count(-1)
            model.release()
            if isinstance(outcome, Hypothesis):
                self._metrics.shadow_compared(model.version, smoke_error(text, outcome.text))

        self._count(1)
        self._scheduler.submit(DecodeJob(Lane.SHADOW, request, model, done))

    def _count(self, change: int) -> None:
        with self._lock:
            self._waiting += change
