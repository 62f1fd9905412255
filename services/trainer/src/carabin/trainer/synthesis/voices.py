"""The synthetic speakers: one engine's voice at several speeds and pitches, one of them kept for the test split."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Speaker:
    """A way of speaking: `speed` and `pitch` multiply the voice's own."""

    name: str
    speed: float = 1.0
    pitch: float = 1.0
    preset: str | None = None
    """The engine's own name of a voice, where it has several."""


SPEAKERS: Final = (
    Speaker("lente-grave", speed=0.9, pitch=0.85),
    Speaker("posee", speed=1.0, pitch=1.0),
    Speaker("vive-claire", speed=1.15, pitch=1.15),
    Speaker("rapide-grave", speed=1.25, pitch=0.92),
    Speaker("lente-aigue", speed=0.95, pitch=1.3),
)
"""Within what a listener still takes for a person; beyond, Pico's vowels break up."""

HELD_OUT: Final = Speaker("inconnue", speed=1.08, pitch=1.08)
"""Never used in training or validation: it speaks a share of the test sentences only."""
