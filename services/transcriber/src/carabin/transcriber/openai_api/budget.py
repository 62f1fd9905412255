"""How many bytes of uploads may be in memory at once: pure, and all on the event loop."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from ..wire.errors import UploadsFull

IDENTITY_SHARE = 0.5
"""Of the whole, what one identity may hold; all anonymous callers are one identity."""
RETRY_AFTER_S = 10.0
"""A long recording takes minutes, a short one seconds."""


class UploadBudget:
    """Counts the bytes of all uploads that are held.

    Args:
        total_bytes: of all identities together.
    """

    def __init__(self, total_bytes: int) -> None:
        self._total_bytes = total_bytes
        self._held: Counter[str] = Counter()

    @property
    def held_bytes(self) -> int:
        """Bytes that are held now."""
        return self._held.total()

    @contextmanager
    def reserve(self, identity: str) -> Iterator["UploadReservation"]:
        """Give one upload its part; what it took is free again behind the block."""
        reservation = UploadReservation(self, identity)
        try:
            yield reservation
        finally:
            self._held[identity] -= reservation.n_bytes
            if not self._held[identity]:
                del self._held[identity]

    def require_room(self, identity: str, n_bytes: int) -> None:
        """Return if there is room for so many bytes more.

        Raises:
            UploadsFull
        """
        if self.held_bytes + n_bytes > self._total_bytes:
            raise UploadsFull("the server holds as many uploads as its memory allows", RETRY_AFTER_S)
        if self._held[identity] + n_bytes > self._total_bytes * IDENTITY_SHARE:
            raise UploadsFull(f"{identity} has too many bytes of uploads in work: let one end first", RETRY_AFTER_S)

    def take(self, identity: str, n_bytes: int) -> None:
        """Count bytes.

        Raises:
            UploadsFull: there is no room for them; nothing was counted.
        """
        self.require_room(identity, n_bytes)
        self._held[identity] += n_bytes


class UploadReservation:
    """The bytes of one upload."""

    def __init__(self, budget: UploadBudget, identity: str) -> None:
        self.n_bytes = 0
        self._budget = budget
        self._identity = identity

    def require_room(self, n_bytes: int) -> None:
        """Return if there is room for so many bytes in all; they are not held before they come.

        Raises:
            UploadsFull
        """
        self._budget.require_room(self._identity, n_bytes - self.n_bytes)

    def grow_to(self, n_bytes: int) -> None:
        """Hold at least so many bytes.

        Raises:
            UploadsFull
        """
        if n_bytes > self.n_bytes:
            self._budget.take(self._identity, n_bytes - self.n_bytes)
            self.n_bytes = n_bytes
