"""Every line of the clinicians' tables, in plain text and in French typography."""

import re
from pathlib import Path

import pytest
from carabin.transcriber.formatting.numbers import is_number_word
from carabin.transcriber.formatting.tokens import tokenize

from .cases import TABLES, Case, formatter, load_cases, spelled

CASES = load_cases()
MISHEARD = [case for case in CASES if case.verdict == "misheard"]
SPECIALTIES = {"radiology", "cardiology", "obstetrics", "oncology", "laboratory", "surgery", "emergency"}


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.table} {case.family}: {case.given}")
def test_case_is_written_as_the_table_says(case: Case) -> None:
    assert spelled(formatter().final(case.given)) == case.written


@pytest.mark.parametrize("table", sorted({case.table for case in CASES}))
def test_french_typography_differs_from_plain_text_in_spaces_and_quotes_alone(table: str) -> None:
    french = formatter("french")
    for case in CASES:
        if case.table == table:
            assert _plain(spelled(french.final(case.given))) == case.written.replace(" ", ""), case.given


def test_misheard_case_keeps_its_digits_and_gets_no_other() -> None:
    for case in MISHEARD:
        given, written = _digits(case.given), iter(_digits(case.written))
        assert all(digit in written for digit in given), case.given
        if not any(is_number_word(token) for token in tokenize(case.given)):
            assert _digits(case.written) == given, case.given


def test_tables_hold_what_was_promised() -> None:
    assert {case.table for case in CASES} >= SPECIALTIES
    assert len(CASES) >= 1_000
    by_whisper = [case for case in CASES if case.origin == "whisper"]
    assert len(by_whisper) >= len(CASES) / 2, "half of the cases are given as Whisper wrote them"
    assert {case.model for case in by_whisper} == {"base", "demo", "chosen"}
    assert sum(case.verdict == "right" for case in by_whisper) >= 1_000
    assert {case.verdict for case in by_whisper} == {"right", "missed", "misheard"}
    assert len({(case.given, case.origin, case.table) for case in CASES}) == len(CASES), "a case stands twice"


@pytest.mark.parametrize("table", sorted(TABLES.rglob("*.tsv")), ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_table_says_how_to_extend_it(table: Path) -> None:
    assert table.read_text("utf-8").startswith("# ")


def _digits(text: str) -> str:
    """Return the digits of numbers: that of « m2 » is its unit's."""
    return re.sub("[^0-9]", "", re.sub("(?<=m)[23]", "", text))


def _plain(text: str) -> str:
    for char, plain in {"\u202f": "", "\u00a0": "", " ": "", "«": '"', "»": '"', "…": "..."}.items():
        text = text.replace(char, plain)
    return text
