"""How often and for how long: numbers of a rhythm are digits, articles and counts without a rhythm stay words."""

import pytest
from carabin.transcriber.formatting.rules.posology import frequency, further_duration, gestational_days, interval

from ..matching import applied


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("|trois fois par cycle", "3| fois par cycle"),
        ("|deux ou trois prises par nuit", "2 ou 3| prises par nuit"),
        ("|un à deux sachets au coucher", "1 à 2| sachets au coucher"),
        ("|quatre gouttes chaque soir", "4| gouttes chaque soir"),
        ("|deux bouffées toutes les six heures", "2| bouffées toutes les six heures"),
        ("|deux fois par 24 heures", "2| fois par 24 heures"),
    ],
)
def test_count_of_a_rhythm_is_in_digits(said: str, written: str) -> None:
    assert applied(frequency, said) == written


@pytest.mark.parametrize(
    "said",
    [
        "|une fois par jour",
        "|deux fois",
        "|deux fois par patient",
        "|deux comprimés",
        "|deux comprimés le lendemain",
        "|deux lésions par jour",
        "|deux virgule cinq fois par jour",
        "|deux à une fois par jour",
        "|fois par jour",
    ],
)
def test_count_without_a_rhythm_and_an_article_are_left_alone(said: str) -> None:
    assert applied(frequency, said) is None


@pytest.mark.parametrize(
    ("said", "written"),
    [("toutes les |quatre à six heures", "4 à 6| heures"), ("tous les |trois mois", "3| mois")],
)
def test_interval_is_in_digits(said: str, written: str) -> None:
    assert applied(interval, said) == written


@pytest.mark.parametrize(
    "said",
    ["les |six heures", "toutes les |deux lésions", "tous les |deux", "toutes les |une heure", "tous |deux jours"],
)
def test_group_of_things_is_no_interval(said: str) -> None:
    assert applied(interval, said) is None


@pytest.mark.parametrize(
    "said",
    [
        "dix semaines et |deux jours",
        "32 semaines plus |deux jours",
        "trente et une semaines d'aménorrhée et |deux jours",
        "32 SA et |deux jours",
    ],
)
def test_second_number_of_a_long_duration_is_in_digits_like_the_first(said: str) -> None:
    assert applied(further_duration, said) == "2| jours"


@pytest.mark.parametrize(
    "said",
    [
        "neuf semaines et |deux jours",  # Both are words.
        "dix semaines et |un jour",
        "dix kilos et |deux jours",
        "dix semaines et |deux lésions",
        "dix semaines puis |deux jours",
        "et |deux jours",
    ],
)
def test_number_after_another_thing_than_a_long_duration_is_left_alone(said: str) -> None:
    assert applied(further_duration, said) is None


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("à trente-deux SA |plus six", "+ 6|"),
        ("à 32 semaines |plus zéro", "+ 0|"),
        ("à 32 semaines d'aménorrhée |plus trois", "+ 3|"),
        ("à trente-huit SA |plus un.", "+ 1|."),
        ("à trente-huit SA |plus un avec métrorragies", "+ 1| avec métrorragies"),
    ],
)
def test_days_after_the_weeks_of_a_pregnancy_are_added_with_a_sign(said: str, written: str) -> None:
    assert applied(gestational_days, said) == written


@pytest.mark.parametrize(
    "said",
    [
        "à 32 SA |plus sept",  # Seven days are a week: the weeks would be said otherwise.
        "à 32 SA |plus un nodule",
        "à 32 SA |plus un à deux",
        "à neuf SA |plus trois",
        "à 32 jours |plus trois",
        "à 32 SA |plus mal",
    ],
)
def test_plus_that_adds_no_days_stays_a_word(said: str) -> None:
    assert applied(gestational_days, said) is None
