"""Whose turn it is where several models share a device; pure."""

from collections.abc import Sequence

from .jobs import DecodeJob


class ModelTurns:
    """Gives a batch to each model in turn, so that one with many sessions does not keep another's from the device.

    Lanes come first: a final of any model goes before a partial of any other. Inside a lane the next batch is of the
    model whose last one is the longest ago, so that a model waits for one batch of each other model at most. Versions
    of one model are one: a canary's jobs keep their place among production's.
    """

    def __init__(self) -> None:
        self._turn = 0
        self._last: dict[str, int] = {}
        """The number of each model's last turn."""

    def next(self, jobs: Sequence[DecodeJob]) -> DecodeJob:
        """Return the job whose batch is next.

        Args:
            jobs: at least one, sorted by `jobs.rank`.
        """
        first = jobs[0]
        name = first.model.name
        if any(job.model.name != name for job in jobs):
            # `min` keeps the order among equals: of one model, the job that comes first in `jobs`.
            peers = (job for job in jobs if job.lane is first.lane)
            first = min(peers, key=lambda job: self._last.get(job.model.name, 0))
        self._turn += 1
        self._last[first.model.name] = self._turn
        return first
