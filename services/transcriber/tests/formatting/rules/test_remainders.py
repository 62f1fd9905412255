"""Decimals said after the unit: joined only in the number of digits that has one meaning for that unit."""

import pytest
from carabin.transcriber.formatting.numbers import Number, read_number
from carabin.transcriber.formatting.output import Match
from carabin.transcriber.formatting.rules.measures import read_measure
from carabin.transcriber.formatting.rules.remainders import remainder
from carabin.transcriber.formatting.stream import Stream
from carabin.transcriber.formatting.style import Style

from ..cases import formatter
from ..matching import applied


def _remainder(stream: Stream, index: int, style: Style) -> Match | None:
    number = read_number(stream, index)
    assert isinstance(number, Number)
    measure = read_measure(stream, number.end)
    assert measure is not None
    return remainder(stream, index, number, measure, style)


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("|deux grammes cinq par litre", "2,5 g/L|"),
        ("|neuf grammes vingt-cinq", "9,25 g|"),
        ("|un gramme zéro cinq", "1,05 g|"),
        ("|deux kilos cinq", "2,5 kg|"),
        ("|trois kilos deux cent cinquante", "3,250 kg|"),
        ("|un mètre dix", "1,10 m|"),
        ("|deux centimètres neuf avec œdème", "2,9 cm| avec œdème"),
        ("|un mètre carré neuf", "1,9 m²|"),
        ("|2 litres 5", "2,5 L|"),
        ("|trente-trois degrés neuf", "33,9°|"),
        ("|quarante-trois degrés un", None),  # « un » may be an article.
        ("|quarante-trois degrés deux", "43,2°|"),
        ("|trente-sept degrés Celsius deux", "37,2 °C|"),
        ("masse de |2 cm8 du rein", "2,8 cm| du rein"),  # Glued to the unit, it counts nothing else.
        ("hémoglobine |un gram 05", "1,05 g|"),
    ],
)
def test_number_after_the_unit_is_its_decimal(said: str, written: str | None) -> None:
    assert applied(_remainder, said) == written


@pytest.mark.parametrize(
    "said",
    [
        "|trois kilos vingt",  # 3,020 kg of a newborn, 3,20 kg of a tumour.
        "|un mètre cinq",  # 1,05 m or 1,5 m.
        "|deux centimètres vingt-cinq",
        "|deux millimètres cinq",
        "|dix milligrammes cinq",
        "|trente-deux degrés cinq",  # No body is so cold: an angle has no decimal.
        "|quarante-quatre degrés cinq",
    ],
)
def test_digits_with_two_meanings_for_their_unit_are_not_joined(said: str) -> None:
    assert applied(_remainder, said) is None


@pytest.mark.parametrize(
    "said",
    [
        "|un gramme trois fois",
        "|un gramme cinq kystes",
        "|un gramme cinq millilitres",
        "|un gramme cinq à dix",
        "|un gramme par litre cinq",
        "|deux virgule cinq grammes trois",
        "|trois centimètres deux à droite",
        "|un gramme",
    ],
)
def test_number_that_counts_something_else_is_no_decimal(said: str) -> None:
    assert applied(_remainder, said) is None


@pytest.mark.parametrize(
    "said",
    [
        "paracétamol un gramme quatre par jour",
        "paracétamol un gramme quatre par vingt-quatre heures",
        "amoxicilline un gramme deux par jour",
        "amoxicilline un gramme deux matin et soir",
        "amoxicilline un gramme deux le soir",
        "macrogol un litre deux par jour",
    ],
)
def test_dose_and_how_often_it_is_taken_stay_as_they_were_said(said: str) -> None:
    assert formatter().final(said).text == said.replace("vingt-quatre", "24")


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("|un gramme cinq matin et soir", "1,5 g| matin et soir"),
        ("|un gramme vingt par jour", "1,20 g| par jour"),
        ("|un gramme deux par litre", "1,2 g/L|"),
        ("|un gramme deux par litre le matin", "1,2 g/L| le matin"),
        ("|deux litres trois par minute", "2,3 L/min|"),
    ],
)
def test_decimal_that_is_no_count_of_doses_is_joined(said: str, written: str) -> None:
    assert applied(_remainder, said) == written
