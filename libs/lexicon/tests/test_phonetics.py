"""The phonetic key, on pairs that a phonetician reads and extends."""

from pathlib import Path

import pytest
from carabin.lexicon.phonetics import phonetic_key
from hypothesis import given
from hypothesis import strategies as st

PAIRS = [
    tuple(line.split("\t"))
    for line in (Path(__file__).parent / "data" / "pairs.tsv").read_text("utf-8").splitlines()
    if not line.startswith("#")
]


@pytest.mark.parametrize(("verdict", "one", "other"), PAIRS, ids=lambda value: value)
def test_pair_sounds_as_the_table_says(verdict: str, one: str, other: str) -> None:
    assert (phonetic_key(one) == phonetic_key(other)) == (verdict == "alike")


def test_table_holds_enough_pairs_of_both_kinds() -> None:
    assert len(PAIRS) >= 300
    assert min(sum(pair[0] == kind for pair in PAIRS) for kind in ("alike", "unlike")) >= 150


@given(st.text(max_size=60))
def test_any_text_has_a_key_of_letters_and_signs_of_the_table(text: str) -> None:
    assert phonetic_key(text) == phonetic_key(text.replace("\u2019", "'"))


def test_abbreviation_is_said_letter_by_letter() -> None:
    assert phonetic_key("L4-L5") == phonetic_key("elle quatre elle cinq")
    assert phonetic_key("SpO2") == phonetic_key("esse pé o deux")


def test_words_that_were_split_or_glued_have_one_key() -> None:
    assert phonetic_key("méta stase") == phonetic_key("métastase")
    assert phonetic_key("les parines") == phonetic_key("l'héparine")
