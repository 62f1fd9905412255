"""Decoded recordings of any length, a piece at a time: pure."""

from collections.abc import Iterator

import numpy as np

from ..core.api import Samples
from ..core.config import SAMPLE_RATE_HZ

PIECE_S = 600.0
"""Audio held in memory at a time: ten minutes are 38 MB."""
SEARCH_S = 30.0
"""A piece ends at the quietest moment of its last half minute, so that no word is cut."""
QUIET_S = 0.3


def pieces(blocks: Iterator[Samples], piece_s: float = PIECE_S, search_s: float = SEARCH_S) -> Iterator[Samples]:
    """Join blocks into pieces of at most `piece_s`, each but the last ending at a quiet moment."""
    limit, held, n_held = int(piece_s * SAMPLE_RATE_HZ), list[Samples](), 0
    for block in blocks:
        held.append(block)
        n_held += len(block)
        while n_held >= limit:
            joined = np.concatenate(held)
            cut = limit - int(search_s * SAMPLE_RATE_HZ)
            cut += quietest(joined[cut:limit])
            yield joined[:cut]
            held, n_held = [joined[cut:]], len(joined) - cut
    if n_held:
        yield np.concatenate(held)


def quietest(samples: Samples) -> int:
    """Return the middle of the `QUIET_S` with the least energy, as an index into (n,) samples."""
    width = int(QUIET_S * SAMPLE_RATE_HZ)
    if len(samples) <= width:
        return len(samples)
    energy = np.concatenate([[0.0], np.cumsum(np.square(samples, dtype=np.float64))])
    return int(np.argmin(energy[width:] - energy[:-width])) + width // 2
