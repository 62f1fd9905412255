"""Small numbers behind the name of a score; the same numbers elsewhere, and articles, stay words."""

import pytest
from carabin.transcriber.formatting.rules.scores import gleason, glued_score, score

from ..matching import applied


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("Forrest |un b", "1B|"),
        ("stade |trois A", "3A|"),
        ("type |deux a augmenté", "2| a augmenté"),  # « a » in small letters is a verb.
        ("stade |trois C cinq", "3| C cinq"),  # Before a number the letter is a vertebra.
        ("grade |un à deux", "1 à 2|"),
        ("grade |un ou deux, stable", "1 ou 2|, stable"),
        ("score estimé à |neuf", "9|"),
        ("grade |un de la maladie", "1| de la maladie"),
        ("stade |2a", "2A|"),
        ("stade |deux a. Revoir", "2A|. Revoir"),  # No verb ends a sentence.
        ("stade |3-B", "3B|"),
        ("gestité |un parité zéro", "1| parité zéro"),
        ("score nix à |six.", "6|."),
    ],
)
def test_small_number_of_a_score_is_in_digits(said: str, written: str) -> None:
    assert applied(score, said) == written


@pytest.mark.parametrize(
    "said",
    [
        "|deux",
        "nodule |deux",
        "stade évolutif |deux",  # Another word than a link stands between.
        "stade |dix",  # From ten on the rule for numbers writes digits.
        "score |trois sur dix",
        "stade |deux fois",
        "grade |un nodule",
        "stade |deux trois",
        "score |deux virgule cinq",
        "grade |un à deux fois",
        "stade |deux à douze",
        "stade d'|un de la NYHA",
        "score nix à |six reprises",
    ],
)
def test_number_that_is_no_score_is_left_alone(said: str) -> None:
    assert applied(score, said) is None


def test_range_that_ends_in_a_count_gives_its_first_number_alone() -> None:
    assert applied(score, "score |deux à trois comprimés") == "2| à trois comprimés"


@pytest.mark.parametrize(
    ("said", "written"),
    [("Gleason |3 + 4", "3+4|"), ("score de Gleason à |quatre plus cinq à droite", "4+5| à droite")],
)
def test_patterns_of_a_gleason_score_are_added(said: str, written: str) -> None:
    assert applied(gleason, said) == written


@pytest.mark.parametrize(
    "said",
    [
        "nodule |trois plus quatre",
        "Gleason |trois plus quatre fois",
        "Gleason |trois et quatre",
        "Gleason |trois plus douze",
        "Gleason sur la biopsie du lobe droit |trois plus quatre",  # Too far: another sum may be meant.
    ],
)
def test_other_sums_stay_in_words(said: str) -> None:
    assert applied(gleason, said) is None


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("|ASA2", "ASA 2|"),
        ("|OMS-2", "OMS 2|"),
        ("|ACR4b", "ACR 4B|"),
        ("|stade3B", "stade 3B|"),
        ("|Glasgow15", "Glasgow 15|"),
    ],
)
def test_name_and_value_that_whisper_glues_are_taken_apart(said: str, written: str) -> None:
    assert applied(glued_score, said) == written


@pytest.mark.parametrize("said", ["|CURB-65", "|COVID19", "|CD4", "|ASA", "|B12", "|Glasgow16"])
def test_name_that_ends_in_digits_stays_whole(said: str) -> None:
    assert applied(glued_score, said) is None
