"""What a rollout asks of the rest of the world, so that tests and the command give it their own."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from carabin.registry.stages.rollouts import RolloutRecord

from .source import Source


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a rollout asks of the rest of the world."""

    source: Source
    wait: Callable[[float], bool]
    """Waits so many seconds; True says that the process is to stop."""
    report: Callable[[str], None]
    """Takes one sentence for whoever watches."""
    looked: Callable[[RolloutRecord], None] = lambda _: None
    """Takes the state after each look."""
    now: Callable[[], float] = time.monotonic
    """Seconds of a clock that never goes back."""
