"""A number with what it counts: digits where the value is sure, words where another reading is left."""

import pytest
from carabin.transcriber.formatting.rules.quantity import quantity
from carabin.transcriber.formatting.style import FRENCH
from hypothesis import given, settings
from hypothesis import strategies as st

from ..matching import applied
from ..spoken import spoken


@given(st.integers(2, 999))
@settings(derandomize=True)
def test_bare_number_is_in_digits_from_ten_on(value: int) -> None:
    assert applied(quantity, f"|{spoken(value)} kystes") == f"{value if value >= 10 else spoken(value)}| kystes"


@given(st.integers(2, 999), st.sampled_from(["milligrammes", "millimètres", "litres", "pour cent"]))
@settings(derandomize=True)
def test_number_with_a_unit_is_in_digits_and_keeps_its_value(value: int, unit: str) -> None:
    symbol = {"milligrammes": "mg", "millimètres": "mm", "litres": "L", "pour cent": "%"}[unit]
    assert applied(quantity, f"|{spoken(value)} {unit}") == f"{value} {symbol}|"


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("|un milligramme", "1 mg|"),
        ("|un kilo", "un| kilo"),  # « un kilo » is as often « about a kilogram ».
        ("|une heure", "une| heure"),
        ("|un par minute", "un| par minute"),
    ],
)
def test_article_is_the_number_one_only_before_a_unit_of_a_dose(said: str, written: str) -> None:
    assert applied(quantity, said) == written


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("|cinq à douze kystes", "5 à 12| kystes"),
        ("|cinq à huit kystes", "cinq à huit| kystes"),
        ("|neuf ou dix kystes", "9 ou 10| kystes"),
        ("entre |deux et quatre litres", "2 et 4 L|"),
        ("|deux et quatre litres", "deux| et quatre litres"),
        ("|quatre à six par minute", "4 à 6/min|"),
        ("|cinq à dix heures trente", "cinq| à dix heures trente"),
        ("|cinq à un nodule", "cinq| à un nodule"),
    ],
)
def test_range_is_written_alike_on_both_sides(said: str, written: str) -> None:
    assert applied(quantity, said) == written


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("|sept sur dix", "7/10|"),
        ("|sept sur dix semaines", "sept sur dix| semaines"),
        ("|sept par deux", "sept| par deux"),
        ("|douze par huit", "12| par huit"),
        ("|dix par jour", "10| par jour"),
    ],
)
def test_sur_is_a_slash_and_par_without_a_length_is_none(said: str, written: str) -> None:
    assert applied(quantity, said) == written


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("|trois centimètres sur deux", "3 × 2 cm|"),
        ("|trois centimètres par deux centimètres par un centimètre", "3 × 2 cm| par un centimètre"),
        ("|trois centimètres par deux millimètres", "3 cm| par deux millimètres"),
        ("|trois centimètres sur deux patients", "3 cm| sur deux patients"),
        ("|trois centimètres sur deux jours", "3 cm| sur deux jours"),
        ("|trois grammes sur deux", "3 g| sur deux"),
    ],
)
def test_further_number_is_a_dimension_only_where_nothing_else_is_counted(said: str, written: str) -> None:
    assert applied(quantity, said) == written


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("|deux litres et demi", "2,5 L|"),
        ("|deux litres et quart", "deux litres| et quart"),
        ("|deux litres et quelques", "deux litres| et quelques"),
        ("|deux à trois litres et demi", "deux à trois litres| et demi"),
        ("|deux virgule cinq litres et demi", "deux virgule cinq litres| et demi"),
        ("|douze et demi", "douze| et demi"),
    ],
)
def test_half_is_a_decimal_of_one_whole_measure_and_other_fractions_are_words(said: str, written: str) -> None:
    assert applied(quantity, said) == written


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("|dix milligrammes deux comprimés", "10 mg| deux comprimés"),
        ("|un gramme trois à quatre fois", "1 g| trois à quatre fois"),
        ("|dix milligrammes cinq millilitres", "10 mg| cinq millilitres"),
        ("|dix milligrammes cinq", "dix milligrammes cinq|"),  # 10,5 mg, or ten milligrams five times.
        ("|dix milligrammes cinq douze", "dix milligrammes cinq douze|"),
    ],
)
def test_number_right_after_a_unit_counts_something_else_or_keeps_all_in_words(said: str, written: str) -> None:
    assert applied(quantity, said) == written


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("|cinq douze", "cinq douze|"),
        ("|douze millions trois cents", "douze| millions trois cents"),
        ("deux millions |trois cents", "trois cents|"),
        ("|12 kystes", "12| kystes"),
        ("12 |douze", "douze|"),
        ("trois sur |dix semaines", "dix| semaines"),
    ],
)
def test_number_that_may_belong_to_another_is_kept_as_it_was_said(said: str, written: str) -> None:
    assert applied(quantity, said) == written


def test_thousands_and_unit_do_not_break_in_french_typography() -> None:
    assert applied(quantity, "|douze mille milligrammes", FRENCH) == "12\u202f000\u202fmg|"


def test_word_that_is_no_number_is_left_to_others() -> None:
    assert applied(quantity, "|nodule") is None


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("flexion à |110°C", "110°|"),
        ("fièvre à |39°C", "39 °C|"),
        ("surface de |4 cm2", "4 cm²|"),
        ("surface de |0,8 cm2", "0,8 cm²|"),
        ("masse de |4 cm2", "4 cm2|"),  # It may be 4,2 cm.
        ("taille de |1 m2", "1 m2|"),  # It may be the beginning of a height.
        ("surface corporelle de |2 m2", "2 m²|"),
        ("pièce de |12 m2", "12 m²|"),
        ("dose de |2 mg par m2", "2 mg/m²|"),
    ],
)
def test_unit_that_whisper_takes_for_another_follows_what_is_measured(said: str, written: str) -> None:
    assert applied(quantity, said) == written
