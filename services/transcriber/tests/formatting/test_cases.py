"""Every line of the clinicians' tables, in plain text and in French typography."""

from pathlib import Path

import pytest

from .cases import TABLES, Case, formatter, load_cases, spelled

CASES = load_cases()
SPECIALTIES = {"radiology", "cardiology", "obstetrics", "oncology", "laboratory", "surgery", "emergency"}


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.table} {case.family}: {case.given}")
def test_case_is_written_as_the_table_says(case: Case) -> None:
    assert spelled(formatter().final(case.given)) == case.written


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.table} {case.family}: {case.given}")
def test_french_typography_differs_from_plain_text_in_spaces_and_quotes_alone(case: Case) -> None:
    french = spelled(formatter("french").final(case.given))
    assert _plain(french) == case.written.replace(" ", "")


def test_tables_hold_what_was_promised() -> None:
    assert {case.table for case in CASES} >= SPECIALTIES
    assert len(CASES) >= 1_000
    assert sum(case.by_whisper for case in CASES) >= 500
    assert len({(case.given, case.by_whisper) for case in CASES}) == len(CASES), "a case stands twice"


@pytest.mark.parametrize("table", sorted(TABLES.rglob("*.tsv")), ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_table_says_how_to_extend_it(table: Path) -> None:
    assert table.read_text("utf-8").startswith("# ")


def _plain(text: str) -> str:
    for char, plain in {"\u202f": "", "\u00a0": "", " ": "", "«": '"', "»": '"', "…": "..."}.items():
        text = text.replace(char, plain)
    return text
