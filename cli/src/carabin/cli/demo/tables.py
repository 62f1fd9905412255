"""What the demo ends with: the figures before and after, and how to go on."""

from collections.abc import Mapping

from rich.table import Table
from rich.text import Text

FIGURES = {
    "wer": "word error rate, medical dictations, normalised",
    "term_recall": "medical terms found",
    "critical_errors": "critical errors: negation, dose, side, drug",
    "general_wer": "word error rate, everyday French",
}
COUNTS = frozenset({"critical_errors"})


def errors_table(metrics: Mapping[str, float]) -> Table:
    """Stock against fine-tuned, on dictations that neither trained on; a dash where a figure was not measured."""
    table = Table(title="Held-out dictations", title_justify="left")
    table.add_column("")
    table.add_column("stock", justify="right")
    table.add_column("fine-tuned", justify="right")
    for key, label in FIGURES.items():
        table.add_row(label, _cell(key, metrics.get(f"stock_{key}")), _cell(key, metrics.get(key)))
    return table


def next_commands(port: int) -> Text:
    """How to go on serving, and where to look."""
    return Text(
        "\nTo go on:\n"
        "  carabin store start && carabin serve     serve the promoted model\n"
        "  carabin dictate FILE                     dictate a recording\n"
        "  carabin models list                      versions, stages and figures\n"
        f"While it serves: the dictation page is http://localhost:{port}/, "
        f"metrics are http://localhost:{port}/metrics.\n"
    )


def _cell(key: str, value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:.0f}" if key in COUNTS else f"{100 * value:.1f} %"
