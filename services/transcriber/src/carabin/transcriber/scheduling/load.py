"""When to decode and how hard, from what the last decodes cost; pure, and shared by all sessions.

Under load, in this order: partials come more slowly, finals use a smaller beam, new sessions are refused. Each step
has a level, which the metrics show. Nothing here ever drops audio.
"""

from dataclasses import dataclass
from math import inf

FIRST_PARTIAL_S = 0.4
"""Speech before the first partial: about one word."""
FIRST_RETRY_S = 0.2
"""New audio before the next try while there is no text yet: of half a word a model makes nothing that may be shown."""
MIN_CADENCE_S = 0.4
MAX_CADENCE_S = 2.0
SPECULATE_AFTER_S = 0.09
"""Silence after which a final is decoded speculatively, to be ready when the pause is long enough to end the utterance.
Measured with Whisper base on two cores: a final takes 0.45 s, and half of the speculations fail on short pauses."""
LATE_SPECULATE_AFTER_S = 0.2
"""Likewise where others need the cores: fewer speculations are wasted."""
FULL_BEAM = 5
SMALL_BEAM = 2
SMALL_BEAM_WAIT_S = 0.6
"""Finals that wait this long for a worker cannot be on time with a full beam."""
GREEDY_WAIT_S = 1.2
REFUSE_WAIT_S = 2.5
"""With finals so late, one more speaker would make it worse for all."""
_SMOOTHING = 0.2
"""Weight of the newest measurement: a level follows about ten decodes."""
_IDLE_HALVING_S = 5.0
"""An estimate halves in this time without decodes: silence is not load."""


@dataclass(slots=True)
class LoadController:
    """Moving estimates of how late decodes are; `now` is any steady clock's seconds."""

    partial_turnaround_s: float = 0.0
    """From submitting a partial to having it."""
    final_wait_s: float = 0.0
    """From submitting a final to a worker's taking it."""
    _partial_at: float = 0.0
    _final_at: float = 0.0

    def partial_done(self, turnaround_s: float, now: float) -> None:
        before = _decayed(self.partial_turnaround_s, now - self._partial_at)
        self.partial_turnaround_s = before + _SMOOTHING * (turnaround_s - before)
        self._partial_at = now

    def final_started(self, wait_s: float, now: float) -> None:
        before = _decayed(self.final_wait_s, now - self._final_at)
        self.final_wait_s = before + _SMOOTHING * (wait_s - before)
        self._final_at = now

    def cadence_s(self) -> float:
        """Return how much new audio the next partial should wait for: twice what the last ones took."""
        return min(MAX_CADENCE_S, max(MIN_CADENCE_S, 2 * self.partial_turnaround_s))

    def beam_size(self, now: float) -> int:
        """Return the beam for finals."""
        return (FULL_BEAM, FULL_BEAM, SMALL_BEAM, 1, 1)[self.level(now)]

    def first_retry_s(self) -> float:
        """Return how much new audio the next try of a first partial should wait for."""
        return max(FIRST_RETRY_S, min(self.cadence_s(), self.partial_turnaround_s))

    def speculate_after_s(self, now: float) -> float:
        """Return the silence after which a speculative final is worth its cost; infinite where none is."""
        return (SPECULATE_AFTER_S, LATE_SPECULATE_AFTER_S, inf, inf, inf)[self.level(now)]

    def level(self, now: float) -> int:
        """Return 0 at ease, 1 slower partials, 2 a smaller beam, 3 greedy finals, 4 no new sessions."""
        wait_s = _decayed(self.final_wait_s, now - self._final_at)
        if wait_s > REFUSE_WAIT_S:
            return 4
        if wait_s > GREEDY_WAIT_S:
            return 3
        if wait_s > SMALL_BEAM_WAIT_S:
            return 2
        turnaround_s = _decayed(self.partial_turnaround_s, now - self._partial_at)
        return 1 if 2 * turnaround_s > 2 * MIN_CADENCE_S else 0

    def retry_after_s(self, now: float) -> float:
        """Return when a refused client should come back."""
        return max(5.0, 10 * _decayed(self.final_wait_s, now - self._final_at))


def _decayed(value: float, idle_s: float) -> float:
    return float(value * 0.5 ** (max(0.0, idle_s) / _IDLE_HALVING_S))
