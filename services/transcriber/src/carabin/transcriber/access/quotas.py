"""How much one identity may ask for: pure, with the time passed in."""

from collections import Counter
from dataclasses import dataclass, field

from .errors import IdentityLimit


@dataclass(slots=True)
class AudioBudget:
    """A token bucket of audio seconds for each second of the wall clock.

    Nothing is dropped when it is empty: the connection is read later, and the sender feels it as back-pressure.
    """

    rate: float
    """Audio seconds per wall second in the long run; a speaker needs 1."""
    burst_s: float
    """What may come at once, such as a recording replayed after a broken connection."""
    _level_s: float = field(init=False)
    _at_s: float | None = None

    def __post_init__(self) -> None:
        self._level_s = self.burst_s

    def take(self, audio_s: float, now_s: float) -> float:
        """Count audio and return how many seconds to wait before reading more."""
        if self._at_s is not None:
            self._level_s = min(self.burst_s, self._level_s + (now_s - self._at_s) * self.rate)
        self._at_s = now_s
        self._level_s -= audio_s
        return max(0.0, -self._level_s / self.rate)


@dataclass(slots=True)
class SessionCount:
    """How many sessions each identity has open."""

    limit: int
    _open: Counter[str] = field(default_factory=Counter)

    def enter(self, identity: str) -> None:
        """Count one more.

        Raises:
            IdentityLimit: it would be one too many.
        """
        if self._open[identity] >= self.limit:
            raise IdentityLimit(f"{identity} has {self.limit} sessions open already: end one first")
        self._open[identity] += 1

    def leave(self, identity: str) -> None:
        """Count one less."""
        self._open[identity] -= 1
        if not self._open[identity]:
            del self._open[identity]
