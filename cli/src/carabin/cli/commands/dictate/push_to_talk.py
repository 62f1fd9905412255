"""Push-to-talk: what of the microphone goes to the server, decided by key presses; pure.

silent  --key-->  talking   blocks are passed on from the one that is being recorded
talking --key-->  silent    the block that is being recorded is passed on, then `FLUSH`
"""

from enum import Enum
from typing import Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]


class _Flush(Enum):
    FLUSH = "flush"


FLUSH: Final = _Flush.FLUSH
"""All audio so far is to become final."""
Part: TypeAlias = Samples | Literal[_Flush.FLUSH]

TOGGLES = frozenset(" \r\n")
"""Space and Enter; a terminal sends Enter as either of the two."""


class PushToTalk:
    """Silent at first; each toggle starts or stops talking."""

    def __init__(self) -> None:
        self.talking = False
        self._stopped = False

    def press(self, key: str) -> bool:
        """Take a key; return whether it was one that starts or stops."""
        if key not in TOGGLES:
            return False
        self.toggle()
        return True

    def toggle(self) -> None:
        """Start or stop talking."""
        self._stopped = self._stopped or self.talking
        self.talking = not self.talking

    def push(self, block: Samples) -> tuple[Part, ...]:
        """Return what follows from a block of the microphone.

        A block during which the key was pressed counts as spoken, so that no word loses its first or last sound.
        """
        if self._stopped:
            self._stopped = False
            return block, FLUSH
        return (block,) if self.talking else ()
