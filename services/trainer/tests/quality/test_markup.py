"""Tests of what programs write into texts: each form refuses the text by name, and French reports pass."""

import pytest
from carabin.trainer.quality.report import GateReport
from carabin.trainer.quality.text import judge_text


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("%PDF-1.4\n1 0 obj\n", "is a PDF"),
        ("MSH|^~\\&|RIS|HOP\rOBX|1|TX|CR||Pas de fièvre", "is an HL7 message"),
        ('{"text": "Pas de fièvre."}', "is JSON"),
        ('[{"text": "Pas de fièvre."}]', "is JSON"),
        ("WEBVTT\n\n00:00.000 --> 00:05.000\nPas de fièvre.", "is a file of subtitles"),
        ("1\n00:00:00,000 --> 00:00:05,000\nPas de fièvre.\n", "is a file of subtitles"),
        ('<?xml version="1.0"?><report>Pas de fièvre.</report>', "is XML or HTML"),
        ("<html><body><p>Pas de fièvre.</p></body></html>", "'<html>'"),
        ('Pas de <span style="x">fièvre</span>.', "'<span style=\"x\">'"),
        ("Pas de fièvre.&lt;br/&gt;Sortie.", "'<br/>'"),
        ("# Compte rendu\nPas de fièvre.", "'# '"),
        ("**Examen** : pas de fièvre.", "a mark that a program reads"),
        ("Monsieur [NOM] va bien.", "says '[NOM]' in place of what was dictated"),
        ("Vu le <DATE>.", "says '<DATE>'"),
        ("Le {nom du patient} va bien.", "says '{nom du patient}'"),
        ("Tension ____ ce matin.", "says '____'"),
        ("Monsieur XXX va bien.", "says 'XXX'"),
        ("[00:00:01] Pas de fièvre.", "the time '[00:00:01]'"),
        ("Pas de fièvre.\nPage 1 / 2", "the line 'Page 1 / 2'"),
        ("Pas de fièvre.\r\n- Page 2 sur 3 -\r\nSortie.", "the line"),
        ("#NOM?", "'#NOM?', which a spreadsheet shows in place of a text"),
        ("########", "which a spreadsheet shows"),
        ('=HYPERLINK("x")', "which a spreadsheet shows"),
        ("Une péri-\ncardite ancienne.", "breaks a word at the end of a line, 'péri- cardite'"),
    ],
)
def test_what_nobody_dictated_refuses_the_text_by_name(text: str, reason: str) -> None:
    report = GateReport()
    assert judge_text(text, "r.txt", report) is None
    [finding] = report.refused
    assert finding.rule == "text-markup"
    assert reason in finding.reason


@pytest.mark.parametrize(
    "text",
    [
        "FEVG <50 % et TA>12, PaO2 < PaCO2.",
        "Grade A > B, seuil <x et >y.",
        "Voir page 3 du dossier.",
        "Le sus-décalage # 2 mm, à 14:05 (12:30).",
        "Patient [sic] de 72 ans, [IRM] normale.",
        "Il dit « = » puis #3.",
        "Stade III, lot n° 12_3.",
        "{ou} non",
    ],
)
def test_what_french_reports_hold_is_no_markup(text: str) -> None:
    report = GateReport()
    assert judge_text(text, "r.txt", report) == text
    assert report.findings == []
