"""When each sample of a session came in, to the precision of the client's packets; pure."""

from bisect import bisect_left


class ArrivalTimes:
    """Maps samples to the time of the packet that brought them."""

    def __init__(self) -> None:
        self._ends: list[int] = []
        self._times: list[float] = []

    def add(self, end: int, time_s: float) -> None:
        """All samples before `end` are here."""
        self._ends.append(end)
        self._times.append(time_s)

    def at(self, sample: int) -> float:
        """Return when the sample came in."""
        return self._times[min(bisect_left(self._ends, sample), len(self._times) - 1)]

    def age_s(self, now: float) -> float:
        """Return how long ago the newest sample came."""
        return now - self._times[-1] if self._times else 0.0

    def forget(self, before: int) -> None:
        """Drop what lies before a sample that will not be looked up again; the newest time stays."""
        i = min(bisect_left(self._ends, before), len(self._ends) - 1)
        del self._ends[:i], self._times[:i]
