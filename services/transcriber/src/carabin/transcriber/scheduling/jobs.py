"""One decode that waits in the queue, and its place there; pure."""

from collections.abc import Callable
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from enum import IntEnum

from ..core.errors import DecodeFailed
from ..inference.engine import DecodeRequest, Hypothesis
from ..models.slot import ModelHandle

RECORDING_PATIENCE_S = 1.0
"""A recording's part that waited this long goes before live partials, so that files end too."""


class Lane(IntEnum):
    """Smaller goes first."""

    FINAL = 0
    SPECULATIVE = 1
    FIRST_PARTIAL = 2
    PARTIAL = 3
    RECORDING = 4
    SHADOW = 5


@dataclass(slots=True, eq=False)
class DecodeJob:
    """One decode that a session waits for."""

    lane: Lane
    request: DecodeRequest
    model: ModelHandle
    done: Callable[["DecodeJob", Hypothesis | DecodeFailed], None]
    """Called on a worker's thread, once, unless the job was cancelled before it began; what it raises is logged."""
    submitted_at: float = 0.0
    context: Context = field(default_factory=copy_context, init=False)
    """Of the thread that submitted it: it holds what is bound to log lines, such as the session."""
    started: bool = field(default=False, init=False)
    cancelled: bool = field(default=False, init=False)


def rank(job: DecodeJob, now: float) -> tuple[int, float]:
    """Return the key by which waiting jobs are sorted at time `now`: smaller goes first."""
    if job.lane is Lane.RECORDING and now - job.submitted_at > RECORDING_PATIENCE_S:
        return (Lane.FIRST_PARTIAL, job.submitted_at)
    return (job.lane, job.submitted_at)
