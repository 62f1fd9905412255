"""The Trainer's log as curves."""

from carabin.trainer.evaluation.svg import Curve
from carabin.trainer.finishing.curves import curves

HISTORY = [
    {"step": 1, "loss": 3.0, "learning_rate": 1e-4, "grad_norm": 2.0},
    {"step": 2, "loss": 2.0, "learning_rate": 5e-5},
    {"step": 2, "eval_medical_loss": 2.5, "eval_loss": 2.5},
    {"step": 2, "eval_general_loss": 1.5},
    {"train_loss": 2.5, "loss": 9.0},
]


def test_losses_share_a_drawing_and_the_rate_has_its_own() -> None:
    assert curves(HISTORY) == [
        Curve(
            "Entropie croisée par token",
            {"apprentissage": [(1.0, 3.0), (2.0, 2.0)], "validation": [(2.0, 2.5)], "français général": [(2.0, 1.5)]},
        ),
        Curve("Taux d'apprentissage", {"taux": [(1.0, 1e-4), (2.0, 5e-5)]}),
    ]


def test_what_was_not_measured_is_not_drawn() -> None:
    assert curves([]) == []
    assert [curve.title for curve in curves(HISTORY[2:3])] == ["Entropie croisée par token"]
    assert list(curves(HISTORY[2:3])[0].lines) == ["validation"]
