"""Vertebrae: only those that a spine has, joined only where they are neighbours, and no litre or type for one."""

from typing import Final

import pytest
from carabin.transcriber.formatting.rules.levels import level

from ..matching import applied
from ..spoken import spoken

SPINE: Final = [
    f"{letter}{number}" for letter, last in (("C", 7), ("T", 12), ("L", 5), ("S", 5)) for number in range(1, last + 1)
]
"""The vertebrae from the first cervical to the last sacral, which anatomy numbers so."""


@pytest.mark.parametrize("upper", SPINE)
def test_two_levels_are_joined_exactly_where_they_are_neighbours(upper: str) -> None:
    for lower in SPINE:
        neighbours = SPINE.index(lower) == SPINE.index(upper) + 1
        written = applied(level, f"disque |{_said(upper)} {_said(lower)}")
        assert written == (f"{upper}-{lower}|" if neighbours else f"{upper}| {_said(lower)}")


def _said(vertebra: str) -> str:
    return f"{vertebra[0]} {spoken(int(vertebra[1:]))}"


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("disque |D douze L un", "D12-L1|"),
        ("disque |C sept D un", "C7-D1|"),
        ("disque |L quatre tiret L cinq", "L4-L5|"),
        ("disque |L4-5 gauche", "L4-L5| gauche"),
        ("disque |L-4 L-5", "L4-L5|"),
        ("en |C un", "C1|"),  # « en » makes it a place of the spine, so « un » is its number.
    ],
)
def test_level_is_written_as_a_letter_and_a_number(said: str, written: str) -> None:
    assert applied(level, said) == written


@pytest.mark.parametrize("said", ["en |L six", "en |C huit", "en |D treize", "en |S zéro", "en |L zéro quatre"])
def test_vertebra_that_no_spine_has_stays_in_words(said: str) -> None:
    assert applied(level, said) is None


@pytest.mark.parametrize("said", ["disque |L5-4", "disque |L3-5", "disque |L5-6", "disque |L05"])
def test_written_pair_that_is_not_one_disc_is_left_as_it_stands(said: str) -> None:
    assert applied(level, said) is None


def test_leads_of_an_electrocardiogram_are_never_joined_as_vertebrae() -> None:
    assert applied(level, "sous-décalage en |D deux D trois") == "D2| D trois"
    assert applied(level, "disque |D trois D quatre") == "D3-D4|"


@pytest.mark.parametrize(
    "said",
    [
        "hépatite |C deux",
        "vitamine |D trois",
        "2 |L trois",
        "12 g/|L trois culots",
        "90 %|L trois",
        "en |L quatre fois",
        "une |C un peu",
        "l'axe |l quatre",
    ],
)
def test_letter_that_names_no_vertebra_keeps_its_number_apart(said: str) -> None:
    assert applied(level, said) is None
