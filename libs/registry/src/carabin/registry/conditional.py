"""Conditional writes over a network that loses answers: was it somebody else who wrote, or ourselves?"""

import time
from collections.abc import Callable
from typing import Final

from .errors import PreconditionFailed, StoreUnreachable

ATTEMPTS: Final = 3
PAUSE_S: Final = 0.2
"""Before the second attempt; twice as long before each further one."""


def until_answered(
    write: Callable[[], None], is_ours: Callable[[], bool], sleep: Callable[[float], None] = time.sleep
) -> None:
    """Send a conditional write until the store says whether it was taken.

    A write whose answer is lost may have been carried out, and the next attempt then meets it. So the store's first
    word counts, and a refusal after a lost answer is looked into: what lies there is ours or somebody else's. A client
    that sends again by itself hides that difference, and must not be used under this.

    Args:
        write: sends it once; raises StoreUnreachable where no answer came.
        is_ours: whether the object holds what `write` sends, byte for byte.

    Raises:
        PreconditionFailed: the object is there already, or is another than expected, and not by our hand.
        StoreUnreachable: no attempt was answered; it may have been carried out.
    """
    for attempt in range(ATTEMPTS):
        try:
            write()
        except PreconditionFailed:
            if attempt and is_ours():
                return
            raise
        except StoreUnreachable:
            if attempt == ATTEMPTS - 1:
                raise
        else:
            return
        sleep(PAUSE_S * 2**attempt)
