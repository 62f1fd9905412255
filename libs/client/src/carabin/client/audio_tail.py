"""The audio that a server may still need: everything since its last acknowledgement."""

from collections import deque

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]


class AudioTail:
    """Samples by their place in the dictation; what is acknowledged is let go."""

    def __init__(self) -> None:
        self._parts: deque[tuple[int, Samples]] = deque()
        self.end = 0
        """The number of samples that were added so far."""

    def add(self, samples: Samples) -> None:
        """Append (n,) samples."""
        if len(samples):
            self._parts.append((self.end, samples))
            self.end += len(samples)

    def since(self, place: int) -> list[Samples]:
        """Return what was added from this place on, in order, as far as it is kept."""
        return [samples[max(0, place - start) :] for start, samples in self._parts if start + len(samples) > place]

    def let_go(self, place: int) -> None:
        """Forget whole parts before this place."""
        while self._parts and self._parts[0][0] + len(self._parts[0][1]) <= place:
            self._parts.popleft()
