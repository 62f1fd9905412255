"""Pressures and temperatures said as two numbers, within what a body can have; the doubtful ones stay words."""

import pytest
from carabin.transcriber.formatting.rules.vitals import pressure, temperature
from carabin.transcriber.formatting.style import FRENCH

from ..matching import applied


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("tension |cent trente quatre-vingt", "130/80|"),
        ("TA |cent vingt quatre-vingts millimètres de mercure", "120/80 mmHg|"),
        ("tension douze huit puis |treize neuf", "13/9|"),
        ("tension |6 3", "6/3|"),
        ("tension |300 180", "300/180|"),
        ("tension |12,8", "12/8|"),
        ("tension |14,7", "14/7|"),
        ("tension |12-8", "12/8|"),
        ("tension aertérielle à |15-10", "15/10|"),
        ("tension à |12080 ce matin", "120/80| ce matin"),  # No pressure is so high in one number.
        ("TA |9050", "90/50|"),
    ],
)
def test_systolic_and_diastolic_pressure_are_written_with_a_slash(said: str, written: str) -> None:
    assert applied(pressure, said) == written


@pytest.mark.parametrize(
    "said",
    [
        "nodule |douze huit",
        "tension |douze",
        "tension |huit douze",  # The diastolic pressure is the lower one.
        "tension |31 8",
        "tension |6 2",
        "tension |59 40",
        "tension |301 90",
        "tension |13,5",  # Thirteen and a half, as a pressure alone may be.
        "tension |14,6",  # 6 is low for a diastolic pressure: a decimal as well.
        "tension |douze huit sept",
        "tension |douze huit fois",
        "tension |12 8 7",
        "tension |12-8-137",
        "tension selon leur grand élève |12-8",  # Three other words stand between (selon, leur, grand),
        "tension. Les |12-8",  # or a sign.
        "tension aertérielle à |15 10",
        "tension |149",  # 14/9, or 149 mmHg.
        "pression |1013",
        "pression à |12,8 kPa",
        "tension |douze huit sur six",
    ],
)
def test_numbers_that_are_no_sure_pressure_are_left_alone(said: str) -> None:
    assert applied(pressure, said) is None


def test_number_that_may_be_a_pressure_keeps_its_words() -> None:
    assert applied(pressure, "tension |vingt huit") == "vingt huit|"
    assert applied(pressure, "tension |vingt-huit") is None


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("température à |trente-trois un", "33,1|"),
        ("fièvre à |quarante-trois neuf", "43,9|"),
        ("apyrétique à |trente-sept deux degrés", "37,2°|"),
        ("température |trente-huit cinq degrés Celsius", "38,5 °C|"),
        ("température |38.5", "38,5|"),
        ("température |38-5", "38,5|"),
        ("température timpanique à |38-4", "38,4|"),
        ("température |385", "38,5|"),  # Beyond every temperature of a body, and of what is cooked.
        ("température à |quarante deux", "quarante deux|"),  # 42 or 40,2: the words stay.
    ],
)
def test_degrees_and_tenths_are_one_decimal(said: str, written: str) -> None:
    assert applied(temperature, said) == written


@pytest.mark.parametrize(
    "said",
    [
        "nodule |trente-huit cinq",
        "température à |trente-deux cinq",
        "température à |quarante-quatre deux",
        "température à |38 10",
        "température à |trente-huit cinq fois",
        "température à |trente-huit cinq millimètres",
        "température à |trente-huit",
        "température à |quarante deux virgule cinq",
    ],
)
def test_numbers_that_are_no_sure_temperature_are_left_alone(said: str) -> None:
    assert applied(temperature, said) is None


def test_pressure_and_its_unit_do_not_break_in_french_typography() -> None:
    assert applied(pressure, "tension |12 8 cmHg", FRENCH) == "12/8\u202fcmHg|"
    assert applied(temperature, "température |38 5 degrés", FRENCH) == "38,5°|"
