"""Small numbers behind the name of a score; the same numbers elsewhere, and articles, stay words."""

import pytest
from carabin.transcriber.formatting.rules.scores import gleason, score

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
