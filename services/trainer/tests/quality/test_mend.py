"""Tests of what is mended in a report, and of what refuses it."""

import pytest
from carabin.trainer.quality.report import GateReport
from carabin.trainer.quality.text import judge_text


@pytest.mark.parametrize(
    ("text", "mended"),
    [
        ("Fie\u0300vre a\u0300 38,5", "Fièvre à 38,5"),
        ("œdème ﬁbreux", "œdème fibreux"),
        ("l&#39;abdomen &amp; le thorax &eacute;tudi&eacute;s", "l'abdomen & le thorax étudiés"),
        ("ｐａｓ de lésion", "pas de lésion"),
        ("sans\u00ad fiè\u200bvre", "sans fièvre"),
        ("La fiÃ¨vre a cédÃ©", "La fièvre a cédé"),
        ("- Pas de fièvre.\r\n- Pas de toux.", "Pas de fièvre. Pas de toux."),
        ("  • Pas de fièvre.\n  • Pas de toux.", "Pas de fièvre. Pas de toux."),
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
        "- 2 dioptries à droite",
        "Foie - rate - reins normaux",
        "Nodule < 3 mm et > 2 mm [sic]",
    ],
)
def test_what_french_reports_hold_is_left_as_it_is(text: str) -> None:
    report = GateReport()
    assert judge_text(text, "r.txt", report) == text
    assert report.findings == []
