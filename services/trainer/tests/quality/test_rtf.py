"""Tests of RTF as its page shows it: what is struck out or hidden refuses it, and raised digits stay raised."""

from pathlib import Path

import pytest
from carabin.trainer.quality.report import GateReport
from carabin.trainer.quality.text import read_report

HEAD = (
    rb"{\rtf1\ansi\ansicpg1252\deff0{\fonttbl{\f0 Arial;}}{\stylesheet{\s0 Normal;}{\*\cs10 \v Masqu\'e9;}}"
    rb"{\*\revtbl{Unknown;}{Dr X;}}"
)


def read(folder: Path, body: bytes) -> tuple[str | None, GateReport]:
    file, report = folder / "r.rtf", GateReport()
    file.write_bytes(HEAD + body + b"}")
    return read_report(file, report), report


@pytest.mark.parametrize(
    "body",
    [
        rb"Prendre {\deleted\revauthdel1\revdttmdel1 5}{\revised\revauth1\revdttm1 10} mg.",
        rb"Prendre \deleted\revauthdel1 5\deleted0\revised 10\revised0  mg.",
        rb"Prendre {\b\deleted {\i \'b5}}g.",
        rb"{\mvf Toux.} Fi\'e8vre. {\mvt Toux.}",
    ],
)
def test_text_that_tracked_changes_struck_out_refuses_a_report(tmp_path: Path, body: bytes) -> None:
    text, report = read(tmp_path, body)
    assert text is None
    [finding] = report.refused
    assert finding.reason == "holds text that tracked changes struck out: accept the changes and save it again"


@pytest.mark.parametrize("body", [rb"Vu. {\v texte cach\'e9} Suite.", rb"Vu. \v1 \u8805 ?\v0  Suite."])
def test_hidden_text_refuses_a_report(tmp_path: Path, body: bytes) -> None:
    text, report = read(tmp_path, body)
    assert text is None
    assert [finding.rule for finding in report.refused] == ["text-not-shown"]


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (rb"\viewkind4\v0\deleted0 Vu\vertalt .", "Vu."),
        (rb"Vu{\v }.{\deleted\par }{\v {\*\bkmkstart a}{\xe cach\'e9}}", "Vu."),
        (rb"\v\plain Vu.", "Vu."),
        (rb"Vu {\v}C\\v.", r"Vu C\v."),
    ],
)
def test_words_that_hide_nothing_are_no_hidden_text(tmp_path: Path, body: bytes, text: str) -> None:
    assert read(tmp_path, body)[0] == text


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (rb"10{\super 9}/L et 5 m{\fs16\super 2}", "10⁹/L et 5 m²"),
        (rb"10\super 12\nosupersub /L, 10\up6 -3\up0  mol", "10¹²/L, 10⁻³ mol"),
        (rb"\uc0 m{\super\uc1\u178 2}", "m²"),
        (rb"1{\super er} jour, VO{\sub 2}, Na{\super +}", "1er jour, VO2, Na+"),
    ],
)
def test_raised_digits_are_no_digits_of_the_number_before_them(tmp_path: Path, body: bytes, text: str) -> None:
    assert read(tmp_path, body)[0] == text
