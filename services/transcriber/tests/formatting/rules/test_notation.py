"""Telephone numbers, powers of ten and values below zero, each only where no other reading is left."""

import pytest
from carabin.transcriber.formatting.rules.notation import negative, power_of_ten, telephone
from carabin.transcriber.formatting.style import FRENCH

from ..matching import applied


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("|zéro six zéro zéro zéro un dix vingt le soir", "06 00 01 10 20| le soir"),
        ("|zéro cinq soixante-dix quatre-vingt-dix-neuf onze seize", "05 70 99 11 16|"),
    ],
)
def test_telephone_number_is_five_groups_of_two_digits(said: str, written: str) -> None:
    assert applied(telephone, said) == written


@pytest.mark.parametrize(
    "said",
    [
        "|zéro six douze trente-quatre cinquante-six",  # Four groups.
        "|zéro six douze trente-quatre cinquante-six soixante-dix-huit dix",  # Six.
        "|zéro six soixante dix quatre-vingt dix trente",  # 60 10 90 30, or 70 80 10 30.
        "|zéro six douze trente-quatre cinquante-six soixante-dix-huit 12",
        "|six douze trente-quatre cinquante-six soixante-dix",
        "|zéro six cent douze trente quarante",
        "|zéro",
    ],
)
def test_digits_that_can_be_cut_otherwise_are_no_telephone_number(said: str) -> None:
    assert applied(telephone, said) is None


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("|dix à la puissance moins neuf", "10^-9|"),
        ("|un virgule cinq fois dix puissance six copies par millilitre", "1,5 × 10^6 copies/mL|"),
        ("|dix puissance cinq par millilitre", "10^5/mL|"),
        ("|2 x 10 exposant 4", "2 × 10^4|"),
        ("|dix puissance zéro", "10^0|"),
        ("|10 puissances moins trois", "10^-3|"),
        ("|10 exposent 4", "10^4|"),
    ],
)
def test_power_of_ten_is_written_with_its_sign_and_unit(said: str, written: str) -> None:
    assert applied(power_of_ten, said) == written


def test_factor_stands_apart_from_the_power_by_spaces_that_do_not_break() -> None:
    assert applied(power_of_ten, "|deux fois dix puissance trois", FRENCH) == "2\u202f×\u202f10^3|"


@pytest.mark.parametrize(
    "said",
    [
        "|deux puissance six",
        "|cent puissance trois",
        "|dix fois deux",
        "|deux fois par jour",
        "|dix en puissance",
        "|dix puissance virgule",
        "|dix puissance deux virgule cinq",
        "|puissance six",
    ],
)
def test_other_bases_and_broken_exponents_are_no_power_of_ten(said: str) -> None:
    assert applied(power_of_ten, said) is None


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("congelé à |moins quatre-vingts degrés", "-80°|"),
        ("T-score à |moins zéro virgule cinq", "-0,5|"),
        ("base excess à |moins quatre millimoles par litre", "-4 mmol/L|"),
        ("une perte de |moins dix pour cent", "-10 %|"),
        ("sphère |moins une dioptrie", None),  # « une » may be the article.
    ],
)
def test_value_that_can_be_below_zero_has_its_sign(said: str, written: str | None) -> None:
    assert applied(negative, said) == written


@pytest.mark.parametrize(
    "said",
    [
        "donner |moins cinq milligrammes",  # No dose is below zero.
        "au |moins dix degrés",
        "de plus en |moins dix degrés",
        "vingt |moins cinq degrés",
        "20 |moins 5 degrés",
        "il a |moins dix",
        "T-score à |moins un",  # « un » without a unit may be the article.
        "|moins mal",
    ],
)
def test_less_than_something_has_no_sign(said: str) -> None:
    assert applied(negative, said) is None
