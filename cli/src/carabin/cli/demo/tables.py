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


def errors_table(columns: Mapping[str, Mapping[str, float]]) -> Table:
    """One column of figures for each title, on dictations that no model trained on; a dash where one is missing."""
    table = Table(title="Held-out dictations", title_justify="left")
    table.add_column("")
    for title in columns:
        table.add_column(title, justify="right")
    for key, label in FIGURES.items():
        table.add_row(label, *(_cell(key, metrics.get(key)) for metrics in columns.values()))
    return table


def day_one(stock: Mapping[str, float], stock_with_lexicon: Mapping[str, float]) -> str:
    """One sentence on what the lexicon did for a model that learnt nothing; empty where it found no term more."""
    before, after = stock["term_recall"], stock_with_lexicon["term_recall"]
    if after <= before:
        return ""
    return (
        f"On day one, before any training, the lexicon takes the stock model from {100 * before:.0f} % "
        f"to {100 * after:.0f} % of the medical terms."
    )


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
