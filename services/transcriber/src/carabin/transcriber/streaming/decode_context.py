"""What decoding needs of the rest of the service."""

from collections.abc import Callable
from dataclasses import dataclass

from ..inference.engine import DecodeRequest
from ..metrics import Metrics
from ..models.slot import Slot
from ..scheduling.load import LoadController
from ..scheduling.scheduler import Scheduler


@dataclass(frozen=True, slots=True)
class DecodeContext:
    """The parts that one session shares with others."""

    slot: Slot
    scheduler: Scheduler
    load: LoadController
    metrics: Metrics
    clock: Callable[[], float]
    post: Callable[[Callable[[], None]], None]
    """Runs a call on the session's thread; safe from any thread."""
    shadow: Callable[[DecodeRequest, str], None] = lambda request, text: None  # noqa: ARG005
    """Takes each final's audio and text, to be compared with what a shadow version makes of it."""
