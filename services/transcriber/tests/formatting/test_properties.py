"""What holds for any text: no exception, no lost word, no changed digit, and nothing taken back."""

import re
import time
import unicodedata

import pytest
from carabin.transcriber.formatting import Carry, FormatOptions, Formatter
from carabin.transcriber.formatting.tokens import tokenize
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from .cases import load_cases

FRENCH = Formatter()
PLAIN = Formatter(FormatOptions(typography="plain"))
SAID = [case.given for case in load_cases() if "littéral" not in case.given]
WORDS = sorted({word for said in SAID for word in said.split()})
INTERPRETED = {token.key for said in SAID for token in tokenize(said)}

dictated = st.lists(st.sampled_from(WORDS), max_size=14).map(" ".join)
tables = st.lists(st.sampled_from(SAID), max_size=3).map(" ".join)
anything = st.text(max_size=80)
formatters = st.sampled_from([FRENCH, PLAIN])


@given(formatters, st.one_of(dictated, tables, anything))
@settings(max_examples=600, derandomize=True)
def test_formatting_twice_changes_nothing(formatter: Formatter, said: str) -> None:
    once = formatter.final(said).text
    again = formatter.final(once)
    assume(not again.events)  # « efface point » is the word efface; « efface. » is a command.
    assert again.text == once


@given(formatters, st.one_of(dictated, anything))
@settings(max_examples=400, derandomize=True)
def test_digits_that_were_recognised_come_out_in_their_order(formatter: Formatter, said: str) -> None:
    written = iter(re.findall("[0-9]", formatter.final(said).text))
    assert all(digit in written for digit in re.findall("[0-9]", said)), "a digit was lost or changed"


@given(formatters, st.text(st.characters(exclude_categories=["Cs"]), max_size=120))
@settings(max_examples=400, derandomize=True)
@example(PLAIN, "vertige\x00toux\x07ou frisson")
@example(PLAIN, "e\u0301te\u0301 \u202e نص ١٢٣ 中文")
def test_arbitrary_text_loses_no_word(formatter: Formatter, said: str) -> None:
    assume(not {token.key for token in tokenize(said)} & INTERPRETED)

    def letters(text: str) -> str:
        return "".join(char for char in unicodedata.normalize("NFC", text).casefold() if char.isalnum())

    assert letters(formatter.final(said).text) == letters(said)


@given(st.lists(st.sampled_from(WORDS), max_size=14), st.data())
@settings(max_examples=500, derandomize=True)
def test_what_is_settled_of_a_partial_is_never_taken_back(words: list[str], data: st.DataObject) -> None:
    final = FRENCH.final(" ".join(words), Carry())
    settled = ""
    for count in range(len(words) + 1):
        stable = " ".join(words[:count])
        tail = " " + data.draw(st.sampled_from(["", *WORDS[:40], "virgule", "milligrammes", "et un"]))
        shown = FRENCH.partial(stable, tail, Carry())
        assert shown.text.startswith(settled)
        settled = shown.text[: shown.settled]
        assert final.text.startswith(settled)


def test_partial_settles_plain_words_at_once() -> None:
    shown = FRENCH.partial("le patient est stable sans", " fièvre")
    assert shown.text[: shown.settled] == "le patient est stable"


def test_partial_keeps_a_number_open_until_it_is_complete() -> None:
    shown = FRENCH.partial("tension à douze sur", " huit")
    assert shown.text == "tension à 12/8"
    assert shown.text[: shown.settled] == "tension à"


@pytest.mark.parametrize(
    "said",
    [
        "7" * 10_000,
        "sept " * 10_000,
        "virgule " * 3_000,
        "deux virgule " * 3_000,
        "ouvrez la parenthèse " * 2_000,
        "fermez la parenthèse " * 2_000,
        "entre parenthèses " * 300,
        "(" * 10_000,
        ",.;:?!" * 3_000,
        "point à la " * 3_000,
        "\x00" * 10_000,
        "L quatre " * 3_000,
        "vingt et " * 3_000,
    ],
    ids=lambda said: said[:20],
)
def test_endless_repetition_is_written_whole(said: str) -> None:
    started = time.process_time()
    digits = re.findall("[0-9]", PLAIN.final(said).text)
    assert len(digits) >= len(re.findall("[0-9]", said))
    assert time.process_time() - started < 60, "it no longer grows with the length alone"


def test_ten_thousand_digits_come_out_untouched() -> None:
    digits = "".join(str(place * 7 % 10) for place in range(10_000))
    assert PLAIN.final(digits).text == digits


def test_laterality_and_negation_words_are_never_touched() -> None:
    said = "droite gauche droit bilatéral pas sans ni aucun"
    assert PLAIN.final(said).text == said
