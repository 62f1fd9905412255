"""Tests of what is mended in a report, and of what refuses it."""

from pathlib import Path

import pytest
from carabin.trainer.quality.report import GateReport
from carabin.trainer.quality.text import count_tokens, judge_text, read_report

CASES = Path(__file__).parents[1] / "cases"


@pytest.mark.parametrize(
    ("text", "mended"),
    [
        ("Fie\u0300vre a\u0300 38,5", "Fièvre à 38,5"),
        ("œdème ﬁbreux", "œdème fibreux"),
        ("l&#39;abdomen &amp; le thorax &eacute;tudi&eacute;s", "l'abdomen & le thorax étudiés"),
        ("ｐａｓ de lésion", "pas de lésion"),
        ("sans\u00ad fiè\u200bvre", "sans fièvre"),
        ("La fiÃ¨vre a cédÃ©", "La fièvre a cédé"),
    ],
)
def test_what_can_be_mended_exactly_is_mended_and_reported(text: str, mended: str) -> None:
    report = GateReport()
    assert judge_text(text, "r.txt", report) == mended
    assert [(finding.rule, finding.action) for finding in report.findings] == [("text-mended", "changed")]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("perte de \ufffd kg", "U+FFFD"),
        ("Le patient [inaudible] tousse", "'[inaudible]'"),
        ("Le patient (incompréhensible) tousse", "what was dictated there is not in the report"),
        ("Fin.<|endoftext|><|translate|>", "control token of Whisper"),
        ("Le pat\x07ient", "control character U+0007"),
    ],
)
def test_what_cannot_be_mended_is_refused_by_name(text: str, reason: str) -> None:
    report = GateReport()
    assert judge_text(text, "r.txt", report) is None
    assert report.refused[0].message.startswith("r.txt ")
    assert reason in report.refused[0].message


@pytest.mark.parametrize(
    "text",
    [
        "L’œdème à 8,5 % – 75 µg/j, sus-décalage (ST) « ok » ?",
        "Âge : 45 ans. À jeun. T° 38,5 °C. Ça va.",
        "Nodule < 3 mm et > 2 mm [sic]",
    ],
)
def test_what_french_reports_hold_is_left_as_it_is(text: str) -> None:
    report = GateReport()
    assert judge_text(text, "r.txt", report) == text
    assert report.findings == []


def test_rtf_and_double_encoding_become_the_sentence_that_was_dictated() -> None:
    report = GateReport()
    for name in ("rtf.txt", "mojibake.txt"):
        assert read_report(CASES / name, report) == "Le patient présente une douleur."
    assert [finding.rule for finding in report.findings] == ["text-rtf", "text-mended"]


def test_a_utf_16_report_of_notepad_is_read(tmp_path: Path) -> None:
    (tmp_path / "r.txt").write_bytes("Pas de fièvre.".encode("utf-16"))
    assert read_report(tmp_path / "r.txt", GateReport()) == "Pas de fièvre."


def test_a_label_in_two_code_points_costs_no_more_tokens() -> None:
    report = GateReport()
    composed = "Opacité hétérogène prédominante"
    decomposed = judge_text("Opacite\u0301 he\u0301te\u0301roge\u0300ne pre\u0301dominante", "r", report)
    assert decomposed == composed
    assert count_tokens(decomposed) == count_tokens(composed)


def test_control_tokens_in_a_text_are_counted_as_text() -> None:
    assert count_tokens("<|endoftext|>") > 6
