"""What the demo ends with: figures before and after, and where to go on."""

import io

import pytest
from carabin.cli.demo.tables import errors_table, next_commands
from rich.console import Console


@pytest.mark.parametrize(
    ("metrics", "cells"),
    [
        ({"wer": 0.25, "stock_wer": 0.5}, ["50.0 %", "25.0 %", "–"]),
        ({"critical_errors": 3.0, "stock_critical_errors": 12.0}, ["12", "3"]),
    ],
)
def test_the_table_shows_stock_beside_tuned_and_a_dash_for_what_was_not_measured(
    metrics: dict[str, float], cells: list[str]
) -> None:
    text = printed(errors_table(metrics))
    assert all(cell in text for cell in cells)


def test_it_ends_with_where_to_go_on() -> None:
    text = printed(next_commands(9191))
    assert "carabin serve" in text
    assert "http://localhost:9191/metrics" in text


def printed(shown: object) -> str:
    console = Console(file=io.StringIO(), width=120)
    console.print(shown)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()
