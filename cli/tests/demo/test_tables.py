"""What the demo ends with: figures before and after, and where to go on."""

import io
import re

from carabin.cli.demo.tables import day_one, errors_table, next_commands
from rich.console import Console


def test_the_table_has_a_column_for_each_title_and_a_dash_for_what_was_not_measured() -> None:
    columns = {"stock": {"wer": 0.5, "critical_errors": 12.0}, "stock with lexicon": {"wer": 0.25}}
    text = printed(errors_table(columns))
    assert re.search(r"word error rate, medical .* 50\.0 % .* 25\.0 %", text)
    assert re.search(r"critical errors.* 12 .* – ", text)


def test_day_one_says_how_many_more_terms_the_lexicon_found_and_nothing_where_it_found_none() -> None:
    assert "from 12 % to 40 % of the medical terms" in day_one({"term_recall": 0.12}, {"term_recall": 0.4})
    assert day_one({"term_recall": 0.4}, {"term_recall": 0.4}) == ""


def test_it_ends_with_where_to_go_on() -> None:
    text = printed(next_commands(9191))
    assert "carabin serve" in text
    assert "http://localhost:9191/metrics" in text


def printed(shown: object) -> str:
    console = Console(file=io.StringIO(), width=120)
    console.print(shown)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()
