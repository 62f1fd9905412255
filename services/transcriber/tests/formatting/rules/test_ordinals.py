"""Ordinals from the tenth on are digits; the first nine, and fractions, are words."""

import pytest
from carabin.transcriber.formatting.rules.ordinals import ordinal

from ..matching import applied
from ..spoken import spoken


@pytest.mark.parametrize("value", range(10, 100))
def test_ordinal_from_the_tenth_on_has_the_value_that_was_said(value: int) -> None:
    assert applied(ordinal, f"|{_ordinal(value)} semaine") == f"{value}e| semaine"


def _ordinal(value: int) -> str:
    cardinal = spoken(value).removesuffix("s" if value == 80 else "e")
    changed = {"cinq": "cinqu", "neuf": "neuv"}
    ending = next((said for said in changed if cardinal.endswith(said)), "")
    return cardinal.removesuffix(ending) + changed.get(ending, "") + "ième"


@pytest.mark.parametrize(
    "said", ["|deuxième côte", "|neuvième côte", "la |quatrième", "|énième récidive", "|douze côtes"]
)
def test_ordinal_below_the_tenth_is_left_alone(said: str) -> None:
    assert applied(ordinal, said) is None


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("|un douzième", "un douzième|"),
        ("|deux centièmes de seconde", "deux centièmes| de seconde"),
        ("|trois vingtièmes", "trois vingtièmes|"),
        ("|un dixième de la dose", "un dixième| de la dose"),
    ],
)
def test_fraction_is_kept_in_words_as_a_whole(said: str, written: str) -> None:
    assert applied(ordinal, said) == written


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("|sept dixièmes à gauche", "7/10| à gauche"),
        ("|zéro dixièmes", "0/10|"),
        ("|10 dixièmes des deux yeux", "10/10| des deux yeux"),
    ],
)
def test_tenths_are_a_visual_acuity(said: str, written: str) -> None:
    assert applied(ordinal, said) == written


@pytest.mark.parametrize("said", ["|un dixièmes", "|deux virgule cinq dixièmes", "|2,5 dixièmes", "|dixièmes"])
def test_tenths_of_what_is_no_whole_number_are_left_alone(said: str) -> None:
    assert applied(ordinal, said) is None
