"""Headings and signatures are named with their count, and what is dictated is left alone."""

import pytest
from carabin.trainer.quality.report import GateReport
from carabin.trainer.quality.written_parts import heading, judge_written_parts, signature


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("CONCLUSION : examen normal.", "CONCLUSION :"),
        ("Foie normal. Conclusion: pas de lésion.", "Conclusion:"),
        ("Indication : toux. Technique : spirale.", "Indication :"),
        ("Motif de consultation : douleur.", "Motif de consultation :"),
        ("SCANNER THORACIQUE : pas d'embolie.", "SCANNER THORACIQUE :"),
        ("Antécédents : asthme.", "Antécédents :"),
        ("En conclusion, examen normal.", None),
        ("Le patient a comme antécédents : un asthme.", None),
        ("TA : 12/8. FC : 80.", None),
        ("Il reçoit : amoxicilline, ibuprofène.", None),
        ("Conclusion deux points examen normal.", None),
    ],
)
def test_heading_is_a_sections_name_or_capitals_with_a_colon(text: str, found: str | None) -> None:
    assert heading(text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Examen normal. Cordialement.", "Cordialement."),
        ("Examen normal. Bien cordialement, Dr Martin", "Bien cordialement, Dr Martin"),
        ("Examen normal. Bien confraternellement.", "Bien confraternellement."),
        ("Examen normal. Dr X, le 12/03/2026", "Dr X, le 12/03/2026"),
        ("Examen normal. Docteur Jean Martin", "Docteur Jean Martin"),
        ("Examen normal. Pr. LE GOFF.", "Pr. LE GOFF."),
        ("Examen normal. Fait à Nantes, le 12/03/2026", "Fait à Nantes, le 12/03/2026"),
        ("Examen normal. Validé électroniquement par Dr X", "Validé électroniquement par Dr X"),
        ("Adressé par le Dr Martin.", None),
        ("Revu par le docteur Martin le 12/03/2026, qui trouve une fracture du poignet gauche sans déplacement.", None),
        ("Examen normal le 12/03/2026.", None),
        ("Traitement validé par le patient et sa famille, sortie demain matin à domicile avec une aide.", None),
        ("", None),
    ],
)  # fmt: skip
def test_signature_stands_at_the_end(text: str, found: str | None) -> None:
    assert signature(text) == found


def test_each_kind_is_noted_once_with_its_count_and_an_example() -> None:
    report = GateReport()
    texts = ["Toux sèche.", "CONCLUSION : normal. Cordialement.", "TECHNIQUE : spirale.", "Foie normal. Cordialement"]
    judge_written_parts([(f"{n}.txt", text) for n, text in enumerate(texts)], report)
    assert [(finding.file, finding.rule, finding.action) for finding in report.findings] == [
        ("1.txt", "text-heading", "noted"), ("1.txt", "text-signature", "noted"),
    ]  # fmt: skip
    assert "« CONCLUSION : », as 2 of 4 reports do: where nobody says it" in report.findings[0].message
    assert "« Cordialement. », as 2 of 4 reports do" in report.findings[1].message
    assert report.refused == []
    assert report.sums()[0] == "taken as it is, but worth knowing: 2"


def test_reports_as_they_are_dictated_are_left_alone() -> None:
    report = GateReport()
    judge_written_parts([("a", "Le patient va bien, retour à domicile."), ("b", "Conclusion, examen normal.")], report)
    assert report.findings == []
