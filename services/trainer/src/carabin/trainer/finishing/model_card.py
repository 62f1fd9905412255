"""The model card of a checkpoint, in French and English: what it is, what it learnt from, how well it does."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from jinja2 import Environment, PackageLoader, StrictUndefined

TEMPLATE = "model_card.md"


@dataclass(frozen=True, slots=True)
class Card:
    """What the card states."""

    run: str
    source: Mapping[str, str]
    """Lineage by name: base model, datasets with their hashes, commit."""
    settings: Mapping[str, str]
    metrics: Mapping[str, float]
    stock: Mapping[str, float]
    """The base model's own scores on the same dictations."""
    alpha: float
    notes: Sequence[str] = ()

    def render(self) -> str:
        """Return the card as Markdown."""
        environment = Environment(
            loader=PackageLoader("carabin.trainer"),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            autoescape=False,
        )
        shared = [name for name in self.metrics if name in self.stock]
        return environment.get_template(TEMPLATE).render(card=self, shared=shared) + "\n"
