"""The Trainer's log as learning curves for the report."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from ..evaluation.svg import Curve

_LOSSES: Final[Mapping[str, str]] = {
    "loss": "apprentissage",
    "eval_medical_loss": "validation",
    "eval_general_loss": "français général",
}


def curves(history: Sequence[Mapping[str, Any]]) -> list[Curve]:
    """Return the losses and the learning rate over optimizer steps."""
    losses = {title: points for name, title in _LOSSES.items() if (points := _points(history, name))}
    rate = _points(history, "learning_rate")
    drawings = [Curve("Entropie croisée par token", losses)] if losses else []
    return drawings + ([Curve("Taux d'apprentissage", {"taux": rate})] if rate else [])


def _points(history: Sequence[Mapping[str, Any]], name: str) -> list[tuple[float, float]]:
    return [(float(entry["step"]), float(entry[name])) for entry in history if name in entry and "step" in entry]
