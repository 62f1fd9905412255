"""A model's metrics from what it wrote, through the `evaluate` module that is offered to others."""

import tempfile
from collections.abc import Sequence


def compute_metrics(references: Sequence[str], predictions: Sequence[str], terms: Sequence[str]) -> dict[str, float]:
    """Return the metrics of `evaluation/measures`; nothing of the texts is written to a disk."""
    from .measures.measures import Measures  # seconds to import

    with tempfile.TemporaryDirectory(prefix="carabin-measures-") as scratch:
        module = Measures(keep_in_memory=True, data_dir=scratch)
        found: dict[str, float] = module.compute(
            predictions=list(predictions), references=list(references), terms=list(terms)
        )
    return found
