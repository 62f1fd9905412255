"""What counts as an error that may harm, on pairs of sentences counted by hand."""

import pytest
from carabin.trainer.evaluation.critical_errors import KINDS, critical_errors
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


@pytest.mark.parametrize(
    ("said", "written", "kind", "errors"),
    [
        (
            "Fracture du fémur droit, prothèse de hanche gauche.",
            "Fracture du fémur gauche, prothèse de hanche droite.",
            "laterality",
            2,
        ),
        ("Genou droit et main gauche.", "Coude gauche ou bras droit.", "laterality", 2),
        ("Pas de fièvre depuis hier, HTA connue.", "Fièvre depuis hier, pas de HTA connue.", "negation", 2),
        (
            "Metformine 1000 mg et furosémide 40 mg.",
            "Metformine 40 mg et furosémide 1000 mg.",
            "dose",
            2,
        ),
        ("Arrêt du ramipril, reprise de l'apixaban.", "Arrêt de l'apixaban, reprise du ramipril.", "drug", 2),
        ("Plaquettes à 250 000/mm3.", "Plaquettes à 25 000/mm3.", "dose", 1),
        ("Plaquettes à 250 000 par mm3.", "Plaquettes à 25 000/mm3.", "dose", 1),
        ("Paracétamol 1 g, 3/j.", "Paracétamol 1 g, 2/j.", "dose", 1),
        ("Ramipril 5 à 10 mg.", "Ramipril 50 à 10 mg.", "dose", 1),
        ("Ramipril 5-10 mg.", "Ramipril 50-10 mg.", "dose", 1),
        ("Ramipril 5 ou 10 mg.", "Ramipril 5 ou 100 mg.", "dose", 1),
        ("Ramipril 2,5 mg, 5 ou 10 mg.", "Ramipril 2,5 mg, 5 ou 10 g.", "dose", 2),
    ],
)
def test_what_stands_in_the_wrong_place_is_an_error_both_ways(said: str, written: str, kind: str, errors: int) -> None:
    for first, second in ((said, written), (written, said)):
        found = critical_errors(words(first), words(second))
        assert {name: count.errors for name, count in found.items() if count.errors} == {kind: errors}


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("Douleur de la hanche droite, fébrile.", "Douleurs à la hanche droite. Il est fébrile."),
        ("Le genou droit est gonflé.", "Le droit du gonflé."),
        ("Ce n'est donc pas ce jour.", "C'est pas dont ce jour."),
        ("Ramipril 5 à 10 mg.", "Ramipril 5 mg à 10 milligrammes."),
        ("Plaquettes à 250 000/mm3.", "Les plaquettes sont à deux cent cinquante mille par millimètre cube."),
        ("Paracétamol 1 g, 3 par jour.", "Paracétamol 1 g, 3/j."),
        ("Il y a 4 cas, ramipril 5 mg.", "Il y a 14 cas, ramipril 5 mg."),
        ("Acide folique le matin, pas le soir.", "L'acide folique un matin et pas le soir."),
    ],
)
def test_wrong_words_around_what_is_right_are_not_critical(said: str, written: str) -> None:
    for first, second in ((said, written), (written, said)):
        assert {count.errors for count in critical_errors(words(first), words(second)).values()} == {0}


def test_a_number_is_a_dose_only_before_a_unit() -> None:
    said = words("5 mg/kg par jour, 3 fois, TA 120/80 mmHg, contrôle le 4, de 2 à 3 cachets, 4000/mm3")
    assert critical_errors(said, [])["dose"] == Counts(3, 3)


def test_no_word_is_no_critical_token() -> None:
    assert critical_errors([], []) == dict.fromkeys(KINDS, Counts(0, 0))
