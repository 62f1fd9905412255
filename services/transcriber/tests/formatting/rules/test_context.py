"""Which word says what a number measures, how far it may stand, and what shows that a number counts something."""

import pytest
from carabin.transcriber.formatting.rules.context import MAX_BACK, is_about, is_complete, is_counted, is_frequency

from ..matching import place


@pytest.mark.parametrize(
    "said",
    ["tension |douze", "tension au bras droit ce matin à |douze", "Tension : |douze", "TA |douze", "PA est à |douze"],
)
def test_subject_reaches_over_words_that_only_link(said: str) -> None:
    assert is_about(*place(said), "pressure")


@pytest.mark.parametrize("said", ["|douze", "tension. |douze", "tension du nodule |douze", "température à |douze"])
def test_another_word_or_a_full_stop_ends_the_reach_of_the_subject(said: str) -> None:
    assert not is_about(*place(said), "pressure")


@pytest.mark.parametrize(("linking", "expected"), [(MAX_BACK - 1, True), (MAX_BACK, False)])
def test_subject_is_sought_over_so_many_tokens_and_no_more(linking: int, expected: bool) -> None:
    assert is_about(*place("tension" + " à" * linking + " |douze"), "pressure") is expected


def test_numbers_are_passed_only_where_a_second_value_may_follow() -> None:
    said = "tension douze huit puis |treize neuf"
    assert is_about(*place(said), "pressure", past_numbers=True)
    assert not is_about(*place(said), "pressure")


@pytest.mark.parametrize("said", ["stade deux|", "deux| ,", "deux| .", "deux|\nSuite", "deux| )", "deux| / jour"])
def test_value_is_complete_at_an_end_a_sign_or_a_break(said: str) -> None:
    assert is_complete(*place(said))


@pytest.mark.parametrize("said", ["deux| le matin", "deux| matin", "deux| per os", "deux| avec lui"])
def test_value_is_complete_before_a_word_that_opens_a_clause_or_says_when(said: str) -> None:
    assert is_complete(*place(said))


@pytest.mark.parametrize("said", ["deux| nodules", "deux| trois", "deux| fois", "deux| millimètres"])
def test_value_is_not_complete_before_what_it_may_count(said: str) -> None:
    assert not is_complete(*place(said))


@pytest.mark.parametrize("said", ["deux| fois", "deux| comprimés", "deux| Jours", "deux| x par jour"])
def test_units_of_a_count_are_counted(said: str) -> None:
    assert is_counted(*place(said))


@pytest.mark.parametrize("said", ["deux|", "deux| nodules", "deux| x trois", "deux| par jour", "deux| , fois"])
def test_other_words_are_not_known_to_be_counted(said: str) -> None:
    assert not is_counted(*place(said))


@pytest.mark.parametrize("said", ["deux| par jour", "deux| le soir", "deux| matin et soir", "deux| toutes les"])
def test_rhythm_is_a_moment_or_a_period(said: str) -> None:
    assert is_frequency(*place(said))


@pytest.mark.parametrize("said", ["deux| par patient", "deux| le lendemain", "deux| toutes"])
def test_other_words_are_no_rhythm(said: str) -> None:
    assert not is_frequency(*place(said))
