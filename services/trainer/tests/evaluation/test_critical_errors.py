"""What counts as an error that may harm, on pairs of sentences counted by hand."""

import pytest
from carabin.trainer.evaluation.critical_errors import KINDS, critical_errors, critical_tokens
from carabin.trainer.evaluation.error_rates import Counts
from carabin.trainer.text.normalize import words


@pytest.mark.parametrize(
    ("said", "written", "kind"),
    [
        ("Pas de fracture.", "De fracture.", "negation"),
        ("Douleur thoracique.", "Pas de douleur thoracique.", "negation"),
        ("Genou droit.", "Genou gauche.", "laterality"),
        ("Amoxicilline 500 mg.", "Amoxicilline 50 mg.", "dose"),
        ("75 µg par jour", "75 mg par jour", "dose"),
        ("Apixaban le soir.", "A pixa banc le soir.", "drug"),
        ("Rituximab à J1.", "Adalimumab à J1.", "drug"),
    ],
)
def test_one_dangerous_change_is_one_critical_error_of_its_kind(said: str, written: str, kind: str) -> None:
    found = critical_errors(words(said), words(written))
    assert {name: count.errors for name, count in found.items() if count.errors} == {kind: 1}


def test_harmless_changes_are_not_critical() -> None:
    found = critical_errors(words("Le genou droit est gonflé."), words("Un genoux droite et gonflé."))
    assert sum(count.errors for count in found.values()) == 0
    assert found["laterality"].total == 1


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("Prélèvement négatif.", "Prélèvements négatifs."),
        ("Recherche négative.", "Recherches négatives."),
        ("Murmure absent.", "Murmures absents."),
        ("Aucun signe.", "Aucune signe."),
        ("Opacités bilatérales.", "Opacité bilatérale."),
        ("Foyers unilatéraux.", "Foyer unilatéral."),
        ("À gauche.", "Gauches."),
    ],
)
def test_another_ending_of_the_same_word_is_not_critical(said: str, written: str) -> None:
    assert {count.errors for count in critical_errors(words(said), words(written)).values()} == {0}


def test_each_occurrence_is_counted_and_kinds_are_counted_apart() -> None:
    said = words("Pas de fièvre, pas de toux, genou droit, ramipril 5 mg puis ramipril 10 mg.")
    written = words("Pas de fièvre, de toux, genou gauche, ramipril 5 mg puis ramipril 15 mg.")
    found = critical_errors(said, written)
    assert found == {"negation": Counts(1, 2), "laterality": Counts(1, 1), "dose": Counts(1, 2), "drug": Counts(0, 2)}


def test_what_is_made_up_beyond_what_is_lost_counts_too() -> None:
    found = critical_errors(words("Genou droit."), words("Genou gauche, pied gauche, pas de plaie."))
    assert found["laterality"] == Counts(2, 1)  # one side changed, one made up
    assert found["negation"] == Counts(1, 0)


def test_a_number_is_a_dose_only_before_a_unit() -> None:
    tokens = critical_tokens(words("5 mg/kg par jour, 3 fois, TA 120/80 mmHg, contrôle le 4"))
    assert tokens["dose"] == {"5 mg/kg/j": 1, "120/80 mmhg": 1}


def test_no_word_is_no_critical_token() -> None:
    assert critical_errors([], []) == dict.fromkeys(KINDS, Counts(0, 0))
