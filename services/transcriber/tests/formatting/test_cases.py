"""Every line of the clinicians' table, in plain text and in French typography."""

from pathlib import Path

import pytest

from .cases import Case, formatter, load_cases, spelled

CASES = load_cases()


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.family}: {case.said}")
def test_case_is_written_as_the_table_says(case: Case) -> None:
    assert spelled(formatter().final(case.said)) == case.written


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.family}: {case.said}")
def test_french_typography_differs_from_plain_text_in_spaces_and_quotes_alone(case: Case) -> None:
    french = spelled(formatter("french").final(case.said))
    assert _plain(french) == case.written.replace(" ", "")


def test_table_holds_what_was_promised() -> None:
    assert len(CASES) >= 400
    assert len({case.said for case in CASES}) == len(CASES), "a case stands twice"


def test_table_says_how_to_extend_it() -> None:
    assert Path(__file__).with_name("cases.tsv").read_text("utf-8").startswith("# What is said")


def _plain(text: str) -> str:
    for char, plain in {"\u202f": "", "\u00a0": "", " ": "", "«": '"', "»": '"', "…": "..."}.items():
        text = text.replace(char, plain)
    return text
