"""A strength and a count that read as one number stay as they were said, and so does « virgule » that may be a sign."""

import pytest
from carabin.transcriber.formatting.rules.quantity import quantity

from ..cases import formatter
from ..matching import applied


def _written(said: str) -> str:
    return formatter().final(said).text


@pytest.mark.parametrize(
    "said",
    [
        "apixaban deux virgule cinq deux fois par jour",
        "apixaban deux virgule cinq deux par jour",
        "ramipril deux virgule cinq un comprimé le matin",
        "ramipril deux virgule cinq un le matin",
        "lovenox zéro virgule quatre deux fois par jour",
        "lovenox zéro virgule soixante deux fois par jour",
    ],
)
def test_count_after_a_spoken_decimal_dose_is_no_further_decimal(said: str) -> None:
    assert _written(said) == said


@pytest.mark.parametrize(
    "said",
    [
        "metformine mille virgule trois fois par jour",
        "lasilix quarante virgule un comprimé le matin",
        "lasilix quarante virgule un à deux comprimés",
        "ASA deux virgule trente ans",
        "âgé de soixante virgule trois enfants",
        "32 virgule 2 enfants",
        "32, virgule 2 enfants",
        "hémoglobine à douze virgule une transfusion",
    ],
)
def test_comma_before_a_count_may_be_a_sign(said: str) -> None:
    assert _written(said) == said


def test_comma_after_a_year_may_be_a_sign() -> None:
    said = "le douze mars deux mille vingt virgule deux stents"
    assert _written(said) == said.replace("douze", "12")


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("|trois virgule un quatre", "3,14|"),
        ("pH |sept virgule trois deux", "7,32|"),
        ("apixaban |deux virgule cinq matin et soir", "2,5| matin et soir"),
        ("lovenox |zéro virgule zéro cinq par jour", "0,05| par jour"),
        ("ASAT à |deux virgule cinq fois la normale", "2,5| fois la normale"),
        ("hémoglobine |douze virgule cinq dans les suites", "12,5| dans les suites"),
        ("hémoglobine |douze virgule cinq puis stable", "12,5| puis stable"),
        ("débit de |zéro virgule cinq unités par heure", "0,5| unités par heure"),
        ("pause de |trois virgule deux secondes", "3,2| secondes"),
        ("|deux virgule cinq millions de copies", "2,5| millions de copies"),
    ],
)
def test_decimal_that_counts_no_things_is_in_digits(said: str, written: str) -> None:
    assert applied(quantity, said) == written


@pytest.mark.parametrize(
    "said",
    [
        "metformine huit cent cinquante trois fois par jour",
        "metformine huit cent cinquante trois par jour",
        "tramadol cinquante trois fois par jour",
        "tramadol cinquante trois à quatre fois par jour",
        "paracétamol mille un comprimé par jour",
        "levothyrox cent un comprimé le matin",
        "furosémide quarante deux comprimés",
        "furosémide quarante deux comprimés le matin",
        "furosémide quarante deux matin et soir",
        "amiodarone deux cents cinq jours sur sept",
        "tramadol cinquante et un comprimé",
    ],
)
def test_strength_and_count_are_not_one_number(said: str) -> None:
    assert _written(said) == said


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("vingt-deux comprimés", "22 comprimés"),
        ("metformine vingt-deux fois par jour", "metformine 22 fois par jour"),
        ("douze fois par jour", "12 fois par jour"),
        ("cent comprimés", "100 comprimés"),
        ("quatre vingt gouttes", "80 gouttes"),
        ("vingt et un comprimés", "21 comprimés"),
        ("patient de quarante deux ans", "patient de 42 ans"),
        ("pendant trente deux jours", "pendant 32 jours"),
        ("terme trente deux semaines", "terme 32 semaines"),
        ("toutes les vingt quatre heures", "toutes les 24 heures"),
        ("cent deux kystes", "102 kystes"),
    ],
)
def test_number_that_hides_no_count_is_in_digits(said: str, written: str) -> None:
    assert _written(said) == written
