"""How much the demo does: the full one fits 20 minutes on two cores, the quick one shows the same steps in four."""

from dataclasses import dataclass

MODEL = "whisper"
"""The model's name in the registry, which `carabin serve` serves by default."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Sizes of the demo's parts."""

    medical: str
    """Dataset name of the medical dictations."""
    general: str
    """Dataset name of everyday French: replayed in training, and measured for what is forgotten."""
    synthesis: tuple[str, ...] = ()
    """Further options of `carabin dataset synthesize`."""
    training: tuple[str, ...] = ()
    """Further options of `carabin train`."""
    compared: int = 30
    """Held-out dictations of each set that the table's columns are measured on."""
    before: int = 4
    """Sentences dictated to the stock model before the lexicon's promotion, and once more before the model's."""
    after: int = 4
    """Sentences dictated to the new model."""


FULL = Plan(
    medical="demo",
    general="demo-general",
    # Half of the time would else go into decoding: 30 dictations of each set, and two strengths to choose from.
    training=("--epochs", "2", "--limit", "30", "--set", "interpolation_weights=[1.0,0.6]"),
)
QUICK = Plan(
    medical="demo-quick",
    general="demo-quick-general",
    synthesis=("--limit", "40", "--takes", "1"),
    training=("--epochs", "1", "--limit", "4", "--set", "interpolation_weights=[1.0]"),
    compared=4,
    before=2,
    after=2,
)
