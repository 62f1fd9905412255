"""A lexicon from reports: what is taken, what is kept out, and what is refused."""

from pathlib import Path

import pytest
from carabin.lexicon.build import build, read_reports
from carabin.lexicon.errors import LexiconInvalid

REPORTS = [
    "Monsieur Kowalczyk est traité par bisoprolol pour une dyspnée. IRM prévue.",
    "Bisoprolol poursuivi, dyspnée stable. Mme Kowalczyk accompagne.",
    "Pas de dyspnée sous bisoprolol. L'IRM est normale. Docteur Szczepanski.",
] * 10 + ["Le bisoprolole est arrêté.", "Vu par Szczepanski pour dyspnée."]


def test_terms_are_counted_and_spelled_as_most_often_written() -> None:
    found = {entry.text: entry for entry in build(REPORTS).lexicon}
    assert found["bisoprolol"].count == 30
    assert found["dyspnée"].count == 31
    assert found["IRM"].kind == "abbreviation"


def test_names_after_a_title_are_kept_out_everywhere() -> None:
    built = build(REPORTS)
    texts = {entry.text.casefold() for entry in built.lexicon}
    assert not texts & {"kowalczyk", "szczepanski"}
    assert set(built.names) == {"kowalczyk", "szczepanski"}


def test_names_of_the_sites_list_are_kept_out() -> None:
    assert "bisoprolol" not in {entry.text for entry in build(REPORTS, names=["Bisoprolol"]).lexicon}


@pytest.mark.parametrize(
    ("listed", "written"),
    [
        ("LEFEBVRE-SZCZEPANSKI Anaëlle", "Lefebvre-Szczepanski"),
        ("Lefèvre, Anaëlle", "Lefevre"),
        ("LEFEVRE Anaelle", "Lefèvre"),
        ("Anaëlle L'Hermitte", "L'Hermitte"),
    ],
)
def test_each_part_of_a_listed_name_is_kept_out_whatever_its_accents_and_capitals(listed: str, written: str) -> None:
    reports = [f"Dyspnée, B12 dosée. Vue par {written} et anaëlle."] * 4
    found = build(reports, names=[listed, "B. Martin"])
    assert {entry.text for entry in found.lexicon} == {"B12", "Dyspnée", "dosée"}
    assert len(found.names) == 2


def test_compound_term_of_which_one_part_is_a_name_is_a_term() -> None:
    reports = ["Syndrome de Guillain-Barré sévère, dyspnée."] * 4
    assert "Guillain-Barré" in {entry.text for entry in build(reports, names=["Guillain Sophie"]).lexicon}


def test_rare_misspelling_is_kept_out_and_named() -> None:
    built = build(REPORTS, min_count=1)
    assert ("bisoprolole", "bisoprolol") in built.misspellings
    assert "bisoprolole" not in {entry.text for entry in built.lexicon}


def test_everyday_words_are_no_terms() -> None:
    with pytest.raises(LexiconInvalid, match="no word that 3 of them share"):
        build(["le patient va bien et rentre chez lui"] * 5)
    with pytest.raises(LexiconInvalid, match="no report"):
        build([])


def test_reports_are_read_from_text_table_and_dataset(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("un rapport", "utf-8")
    (tmp_path / "b.csv").write_text("id;text\n1;deux\n2;trois\n", "utf-8")
    (tmp_path / "c.jsonl").write_text('{"text": "quatre"}\n', "utf-8")
    assert list(read_reports(tmp_path)) == ["un rapport", "deux", "trois", "quatre"]


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("a.txt", b"\xff\xfe", "cannot be read as UTF-8"),
        ("b.csv", b"id;note\n1;x\n", "no column 'text'"),
        ("c.jsonl", b"[]\n", "line 1: no JSON object"),
    ],
)
def test_file_that_holds_no_reports_is_named(tmp_path: Path, name: str, data: bytes, said: str) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(LexiconInvalid, match=said):
        list(read_reports(tmp_path / name))
