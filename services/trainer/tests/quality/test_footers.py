"""Tests of endings that many reports share."""

import pytest
from carabin.trainer.quality.footers import judge_footers
from carabin.trainer.quality.report import GateReport

BODIES = [
    "Toux sèche.",
    "Pas de fièvre ce matin.",
    "Foie normal.",
    "Examen sans particularité.",
    "Douleur à gauche.",
    "Va mieux.",
]


def judged(ending: str, count: int = len(BODIES)) -> tuple[set[int], GateReport]:
    report = GateReport()
    texts = [f"{body} {ending.format(n=n)}" if n < count else body for n, body in enumerate(BODIES)]
    return judge_footers([(f"{n}.txt", text) for n, text in enumerate(texts)], report), report


@pytest.mark.parametrize(
    "footer",
    ["Page {n}/3", "Clinique du Parc, tél. 02 40 00 00 0{n}", "Imprimé le 1{n}/03/2026 par MEDOC", "www.chu.fr page"],
)
def test_what_is_printed_under_each_report_refuses_each_by_name(footer: str) -> None:
    refused, report = judged(footer)
    assert refused == set(range(len(BODIES)))
    assert [finding.file for finding in report.refused] == [f"{n}.txt" for n in range(len(BODIES))]
    assert footer.format(n=2) in report.refused[2].message


def test_a_closing_that_may_be_dictated_is_noted_once() -> None:
    refused, report = judged("Je vous remercie de votre confiance.")
    assert refused == set()
    assert [(finding.rule, finding.action) for finding in report.findings] == [("text-ending", "noted")]
    assert "ends as 6 of 6 reports do, « Je vous remercie de votre confiance. »" in report.findings[0].message


@pytest.mark.parametrize(
    ("ending", "count"), [("Page {n}/3", 2), ("examen normal.", 6), ("Je vous remercie de tout.", 4)]
)
def test_what_few_share_or_what_is_a_turn_of_speech_is_left_alone(ending: str, count: int) -> None:
    assert judged(ending, count)[1].findings == []
