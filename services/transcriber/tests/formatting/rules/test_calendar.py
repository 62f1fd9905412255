"""A day is written before its month, minutes behind their hours; a duration or a count is neither."""

import pytest
from carabin.transcriber.formatting.rules.calendar import date, time
from carabin.transcriber.formatting.style import FRENCH

from ..matching import applied


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("du |trente et un décembre", "31| décembre"),
        ("lundi |deux janvier", "2| janvier"),
        ("dès le |premier août", "1er| août"),
        ("opéré |neuf juin mille neuf cent quatre-vingt-dix-huit", "9| juin mille neuf cent quatre-vingt-dix-huit"),
        ("opéré |neuf juin 2019", "9| juin 2019"),
    ],
)
def test_day_is_written_in_digits_up_to_its_month(said: str, written: str) -> None:
    assert applied(date, said) == written


@pytest.mark.parametrize(
    "said",
    [
        "le |trente-deux mars",
        "le |zéro mars",
        "le |un mars",  # The first day is said « premier »: « un » is a slip.
        "le |12 mars",  # In digits already.
        "dans |deux mars",  # Neither « le » nor a year makes it a date.
        "son |premier mars",
        "le |premier jour",
        "opéré |neuf juin mille",  # A year from 1850 to 2150 alone makes up for a missing « le ».
        "le |douze",
    ],
)
def test_what_is_no_day_of_a_month_is_left_alone(said: str) -> None:
    assert applied(date, said) is None


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("à |huit heures cinq", "8 h 05|"),
        ("|huit heures zéro cinq", "8 h 05|"),
        ("à |huit heures zéro zéro", "8 h 00|"),
        ("vers |vingt-trois heures cinquante-neuf", "23 h 59|"),
        ("de |quatorze heures trente à seize heures", "14 h 30| à seize heures"),
        ("vu à |14 heures 30 avec sa fille", "14 h 30| avec sa fille"),
        ("|une heure trente", "1 h 30|"),
        ("vu à |6h30", "6 h 30|"),
        ("intervention de |2h30", "2 h 30|"),
    ],
)
def test_minutes_are_written_with_two_digits(said: str, written: str) -> None:
    assert applied(time, said) == written


def test_spaces_around_the_h_do_not_break_in_french_typography() -> None:
    assert applied(time, "à |huit heures quinze", FRENCH) == "8\u202fh\u202f15|"


@pytest.mark.parametrize(
    "said",
    [
        "à |vingt-cinq heures dix",
        "à |huit heures soixante",
        "pendant |huit heures cinq",  # Less than ten minutes, not said of a time of day: a count may follow.
        "toutes les |six heures trente",
        "à |huit heures dix comprimés",
        "à |huit heures un quart",
        "à |huit heures",
        "à |huit minutes dix",
        "à |huit virgule cinq heures trente",
        "à |midi trente",
    ],
)
def test_what_may_be_a_duration_or_a_count_is_no_time_of_day(said: str) -> None:
    assert applied(time, said) is None
