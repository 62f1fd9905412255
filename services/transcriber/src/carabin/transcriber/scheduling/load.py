"""When to decode and how hard, from what the last decodes cost; pure, and shared by all sessions.

Under load, in this order: partials come more slowly, finals use a smaller beam, new sessions are refused. Each step
has a level, which the metrics show. Nothing here ever drops audio.
"""

from dataclasses import dataclass
from enum import IntEnum
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


class LoadLevel(IntEnum):
    """What load takes away, each step with all before it; the value is what the metrics show."""

    EASE = 0
    SLOWER_PARTIALS = 1
    SMALL_BEAM = 2
    GREEDY_FINALS = 3
    REFUSING = 4
    """No new sessions."""


_BEAM = {
    LoadLevel.EASE: FULL_BEAM,
    LoadLevel.SLOWER_PARTIALS: FULL_BEAM,
    LoadLevel.SMALL_BEAM: SMALL_BEAM,
    LoadLevel.GREEDY_FINALS: 1,
    LoadLevel.REFUSING: 1,
}
_SPECULATE_AFTER_S = {LoadLevel.EASE: SPECULATE_AFTER_S, LoadLevel.SLOWER_PARTIALS: LATE_SPECULATE_AFTER_S}


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
        """Learn how long a partial took from its submission to its text."""
        before = _decayed(self.partial_turnaround_s, now - self._partial_at)
        self.partial_turnaround_s = before + _SMOOTHING * (turnaround_s - before)
        self._partial_at = now

    def final_started(self, wait_s: float, now: float) -> None:
        """Learn how long a final waited for a worker."""
        before = _decayed(self.final_wait_s, now - self._final_at)
        self.final_wait_s = before + _SMOOTHING * (wait_s - before)
        self._final_at = now

    def cadence_s(self) -> float:
        """Return how much new audio the next partial should wait for: twice what the last ones took."""
        return min(MAX_CADENCE_S, max(MIN_CADENCE_S, 2 * self.partial_turnaround_s))

    def beam_size(self, now: float) -> int:
        """Return the beam for finals."""
        return _BEAM[self.level(now)]

    def first_retry_s(self) -> float:
        """Return how much new audio the next try of a first partial should wait for."""
        return max(FIRST_RETRY_S, min(self.cadence_s(), self.partial_turnaround_s))

    def speculate_after_s(self, now: float) -> float:
        """Return the silence after which a speculative final is worth its cost; infinite where none is."""
        return _SPECULATE_AFTER_S.get(self.level(now), inf)

    def level(self, now: float) -> LoadLevel:
        """Return how much load takes away just now."""
        wait_s = _decayed(self.final_wait_s, now - self._final_at)
        if wait_s > REFUSE_WAIT_S:
            return LoadLevel.REFUSING
        if wait_s > GREEDY_WAIT_S:
            return LoadLevel.GREEDY_FINALS
        if wait_s > SMALL_BEAM_WAIT_S:
            return LoadLevel.SMALL_BEAM
        turnaround_s = _decayed(self.partial_turnaround_s, now - self._partial_at)
        return LoadLevel.SLOWER_PARTIALS if 2 * turnaround_s > 2 * MIN_CADENCE_S else LoadLevel.EASE

    def retry_after_s(self, now: float) -> float:
        """Return when a refused client should come back."""
        return max(5.0, 10 * _decayed(self.final_wait_s, now - self._final_at))


def _decayed(value: float, idle_s: float) -> float:
    return float(value * 0.5 ** (max(0.0, idle_s) / _IDLE_HALVING_S))
