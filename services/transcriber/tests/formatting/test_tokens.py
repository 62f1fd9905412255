"""Text as tokens: nothing is lost, spaces are made regular, and what Whisper glues is taken apart."""

import re

import pytest
from carabin.transcriber.formatting.tokens import Kind, tokenize, tokenize_within
from hypothesis import given, settings
from hypothesis import strategies as st


def texts(said: str) -> list[str]:
    return [token.text for token in tokenize(said)]


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=60))
@settings(derandomize=True)
def test_tokens_joined_again_are_the_text_with_regular_spaces(said: str) -> None:
    joined = "".join(token.gap + token.text for token in tokenize(said))
    assert re.sub(r"\s", "", joined) == re.sub(r"\s", "", said)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("nodule", Kind.WORD),
        ("l'", Kind.OTHER),
        ("12", Kind.NUMBER),
        ("12,5", Kind.NUMBER),
        ("12\u202f500", Kind.NUMBER),
        ("1.2.3", Kind.NUMBER),
        ("٣", Kind.WORD),
        (";", Kind.SIGN),
        ("…", Kind.SIGN),
        ("\n", Kind.BREAK),
        ("(", Kind.OTHER),
        ("%", Kind.OTHER),
    ],
)
def test_kind_of_a_token(text: str, kind: Kind) -> None:
    assert tokenize(text)[-1].kind is kind


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("l'œdème", ["l'", "œdème"]),
        ("aujourd'hui", ["aujourd'", "hui"]),
        ("rendez-vous", ["rendez-vous"]),
        ("quatre-L", ["quatre", "-", "L"]),
        ("L-4", ["L", "-", "4"]),
        ("1m75", ["1", "m", "75"]),
        ("3kg200", ["3", "kg", "200"]),
        ("12x8x5", ["12", "x", "8", "x", "5"]),
        ("T2N un", ["T2", "N", "un"]),
        ("5mg", ["5", "mg"]),
        ("B12", ["B12"]),
        ("sous-L", ["sous", "-", "L"]),
        ("12:30", ["12", ":", "30"]),
        ("m75", ["m75"]),  # Behind no number it is a name.
        ("1 m75", ["1", "m75"]),
        ("6h30", ["6", "h", "30"]),
        ("6h75", ["6", "h75"]),
        ("3 cm5", ["3", "cm", "5"]),
        ("3 cm2", ["3", "cm2"]),
        ("1,73m2", ["1,73", "m2"]),
        ("1m20", ["1", "m", "20"]),
    ],
)
def test_words_are_cut_where_whisper_glues_them_and_nowhere_else(said: str, expected: list[str]) -> None:
    assert texts(said) == expected


@pytest.mark.parametrize(
    ("said", "gaps"),
    [
        ("a b", ["", " "]),
        ("a \t b", ["", " "]),
        ("5\u202fmg", ["", "\u202f"]),
        ("a\u00a0:", ["", "\u00a0"]),
        ("a, b", ["", "", " "]),
        ("a\x00b", ["", " "]),
        ("a \n b", ["", "", ""]),
    ],
)
def test_space_before_a_token_is_none_one_or_a_no_break_space(said: str, gaps: list[str]) -> None:
    assert [token.gap for token in tokenize(said)] == gaps


@pytest.mark.parametrize(("said", "lines"), [("a\nb", "\n"), ("a\n\nb", "\n\n"), ("a\n \n\n\nb", "\n\n")])
def test_new_lines_are_one_break_of_one_or_two(said: str, lines: str) -> None:
    assert texts(said) == ["a", lines, "b"]


@pytest.mark.parametrize(("limit", "within"), [(0, 0), (1, 0), (3, 1), (4, 1), (8, 2)])
def test_only_tokens_that_end_within_the_limit_count(limit: int, within: int) -> None:
    assert tokenize_within("pas mal", limit)[1] == min(within, 2)


def test_key_is_how_the_tables_know_a_word() -> None:
    token = tokenize("D’Appel")[0]
    assert (token.text, token.key) == ("D’", "d'")
    assert token.is_capital
    assert not tokenize("12")[0].is_capital
