"""A lexicon from reports: what is taken, what is kept out, and what is refused."""

import pytest
from carabin.lexicon.build import build
from carabin.lexicon.entries import fold
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


@pytest.mark.parametrize(
    "header",
    [
        "NOM : ZWINGELSTEIN",
        "Nom de naissance : Zwingelstein",
        "Prénom\u00a0: Zwingelstein",
        "Signé : Dr Zwingelstein",
        "M.ZWINGELSTEIN",
        "M ZWINGELSTEIN",
        "Mme Z. Zwingelstein",
        "Mme d'Zwingelstein",
        "Maître Zwingelstein",
        "Patient : ZWINGELSTEIN",
        "PATIENTE: Zwingelstein",
        "Médecin traitant : Zwingelstein",
        "Opérateur : ZWINGELSTEIN",
        "Validé par : Zwingelstein",
        "Adressée par : Zwingelstein",
        "Mme Marie de la Zwingelstein",
        "Mme Maria da Silva Zwingelstein",
        "Mme Maria dos Santos da Costa Zwingelstein",
        "Monsieur le Docteur Jean Zwingelstein",
        "Madame le Professeur Anne Marie Zwingelstein",
        "Médecin traitant : le Dr Jean Zwingelstein",
        "Dr J.-P. Zwingelstein",
        "Dr J.P. Zwingelstein",
        "Mme Anne Marie Louise Claude Zwingelstein",
    ],
)
def test_names_behind_labels_initials_and_short_titles_are_kept_out(header: str) -> None:
    built = build([f"{header}\nÉchocardiographie et apixaban."] * 3)
    assert [fold(entry.text) for entry in built.lexicon] == ["apixaban", "échocardiographie"]


@pytest.mark.parametrize(
    "report",
    [
        "Mme Anne Zwingelstein revient pour le suivi de Cordarone.",
        "Monsieur le Docteur Zwingelstein a prescrit puis arrêté la Cordarone.",
        "Dr J.-P. Zwingelstein. Cordarone poursuivie.",
        "Mme Marie de la Zwingelstein, sous Cordarone.",
    ],
)
def test_medical_word_in_a_capital_further_behind_a_name_is_a_term(report: str) -> None:
    assert [fold(entry.text) for entry in build([report] * 3, names=["Zwingelstein"]).lexicon] == ["cordarone"]


def test_word_that_begins_the_line_after_a_name_is_no_name() -> None:
    assert "holter" in {fold(entry.text) for entry in build(["Dr Zwingelstein\nHolter et apixaban."] * 3).lexicon}


def test_word_in_capitals_that_is_too_long_for_an_abbreviation_is_a_word() -> None:
    kinds = {entry.text: entry.kind for entry in build(["COROSCANNER sous NYHA"] * 3).lexicon}
    assert kinds == {"COROSCANNER": "word", "NYHA": "abbreviation"}


def test_word_longer_than_an_entry_may_be_is_none() -> None:
    assert [entry.text for entry in build([f"apixaban {'x' * 81}"] * 3).lexicon] == ["apixaban"]


def test_numbers_of_patients_and_addresses_are_none() -> None:
    text = "IPP A8001234, jean.zorgmail@chu-nantes.fr, https://intranet.zorg/x : CA125 normal, apixaban."
    assert {entry.text for entry in build([text] * 3).lexicon} == {"CA125", "apixaban", "IPP"}


def test_spellings_that_differ_in_accents_are_one_word_as_most_reports_write_it() -> None:
    entries = build(["furosémide"] * 5 + ["furosemide", "FUROSEMIDE"] * 2).lexicon.entries
    assert [(entry.text, entry.count) for entry in entries] == [("furosémide", 9)]
