"""A spoken value is written with its magnitude or left in words; nothing between is allowed."""

import pytest
from carabin.transcriber.formatting import FormatOptions, Formatter
from hypothesis import given, settings
from hypothesis import strategies as st

from .cases import Case, load_cases
from .spoken import spoken

PLAIN = Formatter(FormatOptions(typography="plain"))
SENTENCES = [case for case in load_cases() if case.table not in ("general",) and case.origin == "spoken"]

FORMS = [
    ("tension {a} {b}", "tension {A}/{B}", (6, 300), (3, 180)),
    ("pression artérielle à {a} sur {b}", "pression artérielle à {A}/{B}", (60, 300), (30, 180)),
    ("température à {a} {b}", "température à {A},{B}", (33, 43), (1, 9)),
    ("température à {a} degrés {b}", "température à {A},{B}°", (33, 43), (1, 9)),
    ("fer {a} grammes {b}", "fer {A},{B} g", (2, 19), (1, 99)),
    ("poids {a} kilos {b}", "poids {A},{B} kg", (2, 160), (1, 9)),
    ("poids {a} kilos {b}", "poids {A},{B} kg", (2, 5), (100, 999)),
    ("taille un mètre {b}", "taille 1,{B} m", (1, 1), (10, 99)),
    ("masse de {a} centimètres {b}", "masse de {A},{B} cm", (2, 20), (1, 9)),
    ("nodule de {a} millimètres sur {b}", "nodule de {A} × {B} mm", (2, 200), (2, 200)),
    ("nodule de {a} sur {b} millimètres", "nodule de {A} × {B} mm", (2, 200), (2, 200)),
    ("T-score à moins {a} virgule {b}", "T-score à -{A},{B}", (0, 5), (1, 9)),
    ("potassium à {a} virgule {b} millimoles par litre", "potassium à {A},{B} mmol/L", (0, 300), (0, 99)),
    ("plaquettes à {a} giga par litre", "plaquettes à {A} G/L", (2, 999), (0, 0)),
    ("fréquence à {a} par minute", "fréquence à {A}/min", (2, 300), (0, 0)),
    ("un sirop {a} fois par jour", "un sirop {A} fois par jour", (2, 12), (0, 0)),
    ("un sirop {a} à {b} fois par jour", "un sirop {A} à {B} fois par jour", (2, 12), (2, 12)),
    ("terme de {a} semaines et {b} jours", "terme de {A} semaines et {B} jours", (10, 42), (2, 6)),
    ("vu à {a} heures {b}", "vu à {A} h {B}", (2, 23), (10, 59)),
    ("tumeur T {a} N {b} M zéro", "tumeur T{A}N{B}M0", (0, 4), (0, 3)),
    ("patiente G {a} P {b}", "patiente G{A}P{B}", (1, 15), (0, 15)),
    ("Glasgow à {a}", "Glasgow à {A}", (2, 15), (0, 0)),
    ("revu à J plus {a}", "revu à J+{A}", (1, 99), (0, 0)),
    ("germes à {a} fois dix puissance {b}", "germes à {A} × 10^{B}", (2, 99), (2, 12)),
    ("flexion à {a} degrés", "flexion à {A}°", (2, 180), (0, 0)),
]


@pytest.mark.parametrize(("said", "written", "first", "second"), FORMS, ids=lambda value: str(value))
@given(st.data())
@settings(max_examples=60, derandomize=True)
def test_value_is_written_as_it_was_said_or_stays_in_words(
    said: str, written: str, first: tuple[int, int], second: tuple[int, int], data: st.DataObject
) -> None:
    a, b = data.draw(st.integers(*first)), data.draw(st.integers(*second))
    hyphens = data.draw(st.booleans())
    text = said.format(a=_words(a, hyphens), b=_words(b, hyphens))
    formatted = PLAIN.final(text).text
    expected = written.format(A=a, B=b)
    if formatted in (expected, text):
        return
    # Said without a unit between them, two numbers may be the words of one: « cent vingt ».
    assert "{a} {b}" in said, f"{text!r} became {formatted!r}"
    assert spoken_as_one(text, formatted), f"{text!r} became {formatted!r}"


def spoken_as_one(text: str, formatted: str) -> bool:
    """Return whether the digits of the output, spoken, are the words of the input."""
    words = [spoken(int(word)) if word.isdigit() else word for word in formatted.split()]
    return _plain(" ".join(words)) == _plain(text)


def _plain(words: str) -> str:
    """« deux cents trois » is said like « deux cent trois »."""
    return words.replace("-", " ").replace("cents", "cent").replace("vingts", "vingt")


@given(st.lists(st.integers(0, 99), min_size=4, max_size=4), st.integers(1, 9), st.booleans())
@settings(max_examples=200, derandomize=True)
def test_telephone_number_has_the_digits_that_were_said(groups: list[int], operator: int, hyphens: bool) -> None:
    said = " ".join(
        ["zéro " + spoken(operator), *("zéro " * (n < 10) + _words(n, hyphens) for n in groups)],
    )
    formatted = PLAIN.final("rappeler le " + said).text.removeprefix("rappeler le ")
    assert formatted in (said, " ".join(f"{n:02d}" for n in (operator, *groups)))


@given(st.sampled_from(SENTENCES), st.sampled_from(SENTENCES))
@settings(max_examples=300, derandomize=True)
def test_sentence_is_written_the_same_after_any_other(first: Case, second: Case) -> None:
    formatted = PLAIN.final(f"{first.given}. {second.given}.").text
    assert formatted == f"{first.written}. {second.written}."


@given(st.integers(2, 60), st.integers(2, 9), st.sampled_from(["nodules", "autres lésions", "kystes", "à droite"]))
@settings(max_examples=100, derandomize=True)
def test_number_that_counts_something_else_is_no_decimal_of_the_length_before_it(
    size: int, count: int, counted: str
) -> None:
    formatted = PLAIN.final(f"un nodule de {spoken(size)} millimètres {spoken(count)} {counted}").text
    assert f",{count}" not in formatted


def _words(value: int, hyphens: bool) -> str:
    words = spoken(value)
    return words if hyphens else words.replace("-", " ")
