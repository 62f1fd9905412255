"""What validation found out about one form of a model."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from carabin.registry.serving_window import WindowPolicy

from ..conversion.checkpoint_gate import CheckpointFacts
from .smoke import SmokeDictation


@dataclass(frozen=True, slots=True)
class Validated:
    """A converted form that may be published, and what stands in its manifest."""

    quantization: str
    facts: CheckpointFacts
    smoke: SmokeDictation
    window: WindowPolicy
    metrics: Mapping[str, float] = field(default_factory=dict)
    """Of the gate, beside those that the checkpoint brought."""
