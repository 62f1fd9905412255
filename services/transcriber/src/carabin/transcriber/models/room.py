"""Whether a model fits into the memory that is free."""

from carabin.service.memory import model_bytes

from ..core.errors import MemoryShort
from .loader import LoadedCandidate


def require_room(candidate: LoadedCandidate, free_bytes: int | None) -> None:
    """Return if the version fits; None, memory that the system does not report, counts as enough.

    Raises:
        MemoryShort: it does not; the text has both figures.
    """
    need = model_bytes(candidate.size_bytes)
    if free_bytes is not None and free_bytes < need:
        raise MemoryShort(
            candidate.version,
            f"it needs {need >> 20} MiB and {free_bytes >> 20} MiB are free; give more memory,"
            " or let the swap drain first (swap_when_short=drain)",
        )
