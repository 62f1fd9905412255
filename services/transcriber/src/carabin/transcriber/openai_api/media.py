"""Decoded recordings in batches: pure."""

from collections.abc import Iterator

import numpy as np
from carabin.registry.errors import CarabinError

from ..core.api import Samples
from ..core.config import SAMPLE_RATE_HZ

BATCH_S = 5.0
"""Decoded at a time: seldom enough that changing threads costs nothing, and milliseconds of work to abandon."""


def batches(blocks: Iterator[Samples], batch_s: float = BATCH_S) -> Iterator[Samples]:
    """Join blocks of (n,) samples into batches of at least `batch_s`, all but the last.

    Where `blocks` raises, what came before comes first, then the error.
    """
    held, n_held, error = list[Samples](), 0, None
    try:
        for block in blocks:
            held.append(block)
            n_held += len(block)
            if n_held >= batch_s * SAMPLE_RATE_HZ:
                yield np.concatenate(held)
                held, n_held = [], 0
    except CarabinError as broken:
        error = broken
    if n_held:
        yield np.concatenate(held)
    if error is not None:
        raise error
