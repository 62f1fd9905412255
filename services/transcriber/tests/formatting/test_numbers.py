"""One number, read as it was said or not at all: never rounded, never guessed from a list."""

import pytest
from carabin.transcriber.formatting.numbers import (
    MAX_WORDS,
    Number,
    Uncertain,
    cardinal,
    grouped,
    is_number_word,
    read_decimals,
    read_number,
    run_end,
    starts_number,
)
from carabin.transcriber.formatting.stream import Stream
from carabin.transcriber.formatting.tokens import tokenize

from .matching import place
from .spoken import spoken


@pytest.mark.parametrize("thousands", [0, 1, 2, 17, 81, 999])
def test_every_spoken_number_below_a_million_is_read_with_its_value(thousands: int) -> None:
    head = {0: "", 1: "mille "}.get(thousands, spoken(thousands).replace("quatre-vingts", "quatre-vingt") + " mille ")
    for rest in range(1000):
        if rest == 0 and thousands:
            continue
        for said in (spoken(rest), spoken(rest).replace("-", " ")):
            stream = Stream(tokenize(head + said))
            found = read_number(stream, 0)
            assert isinstance(found, Number), head + said
            assert (found.value, found.end) == (thousands * 1000 + rest, len(stream)), head + said


@pytest.mark.parametrize(("said", "value"), [("septante-deux", 72), ("nonante et un", 91), ("huitante-trois", 83)])
def test_swiss_and_belgian_numbers_are_read(said: str, value: int) -> None:
    assert cardinal(said) == value


@pytest.mark.parametrize(
    ("said", "text", "tokens"),
    [
        ("|zéro virgule zéro zéro cinq", "0,005", 5),
        ("|deux virgule cinquante", "2,50", 3),
        ("|trois virgule un quatre", "3,14", 4),
        ("|3 virgule cinq", "3,5", 3),
        ("|deux, virgule 9", "2,9", 4),  # Whisper writes the sign and the word.
        ("|un, virgule deux", "1", 1),
        ("|deux,9 cm", "2,9", 3),
        ("|deux, 9 nodules", "2", 1),
        ("|2,50 mg", "2,50", 1),
        ("|12\u202f500", "12\u202f500", 1),
        ("|deux virgule rien", "2", 1),
        ("|007", "007", 1),
    ],
)
def test_decimals_keep_every_digit(said: str, text: str, tokens: int) -> None:
    stream, index = place(said)
    found = read_number(stream, index)
    assert isinstance(found, Number)
    assert (found.text, found.end - index) == (text, tokens)


@pytest.mark.parametrize(
    ("said", "tokens"),
    [
        ("|cinq douze", 2),
        ("|zéro six", 2),
        ("|3 cinq", 2),
        ("|trois 5", 1),
        ("|deux virgule trois virgule quatre", 5),
        ("|2,5 virgule 3", 3),
        ("|vingt et un de trente", 3),  # Twenty, and one of thirty.
        ("|" + "deux " * 3 + "mille", 4),
    ],
)
def test_words_that_are_not_surely_one_number_are_uncertain_up_to_their_end(said: str, tokens: int) -> None:
    stream, index = place(said)
    assert read_number(stream, index) == Uncertain(index + tokens)


@pytest.mark.parametrize("said", ["|nodule", "|virgule cinq", "|et un", "|", "|unité", "|dixième"])
def test_other_words_start_no_number(said: str) -> None:
    assert read_number(*place(said)) is None


@pytest.mark.parametrize(
    ("said", "article"), [("|un", True), ("|Une", True), ("|vingt et un", False), ("|1", False), ("|deux", False)]
)
def test_un_alone_is_marked_as_an_article(said: str, article: bool) -> None:
    found = read_number(*place(said))
    assert isinstance(found, Number)
    assert found.article is article


def test_run_longer_than_any_number_is_not_read() -> None:
    stream = Stream(tokenize("deux " * (MAX_WORDS + 1)))
    assert read_number(stream, 0) == Uncertain(MAX_WORDS + 1)


@pytest.mark.parametrize(
    ("said", "tokens"),
    [("|vingt et un nodules", 3), ("|vingt et deux", 1), ("|cent et un", 1), ("|trente-deux, un", 1)],
)
def test_et_belongs_to_a_number_only_between_tens_and_one_or_eleven(said: str, tokens: int) -> None:
    stream, index = place(said)
    assert run_end(stream, index) == index + tokens


@pytest.mark.parametrize(
    ("said", "expected"),
    [("|zéro zéro", ("00", 2)), ("|zéro vingt-cinq", ("025", 2)), ("|un quatre un", ("141", 3)), ("|05 mg", ("05", 1))],
)
def test_decimals_are_zeros_and_one_number_or_digits_one_by_one(said: str, expected: tuple[str, int]) -> None:
    assert read_decimals(*place(said)) == expected


@pytest.mark.parametrize("said", ["|douze vingt-cinq", "|5,2", "|5 deux"])
def test_decimals_that_can_be_read_in_two_ways_are_none(said: str) -> None:
    assert read_decimals(*place(said)) is None


@pytest.mark.parametrize(
    ("word", "number", "starts"),
    [
        ("vingt-et-un", True, True),
        ("12", False, True),
        ("vingt-gauche", False, False),
        ("et", False, False),
        (",", False, False),
    ],
)
def test_number_words_are_known_with_their_hyphens(word: str, number: bool, starts: bool) -> None:
    token = tokenize(word)[0]
    assert (is_number_word(token), starts_number(token)) == (number, starts)


@pytest.mark.parametrize(
    ("number", "written"),
    [
        (Number("9999", 1, 9999, spoken=True), "9999"),
        (Number("10000", 1, 10_000, spoken=True), "10\u202f000"),
        (Number("1234567", 1, 1_234_567, spoken=True), "1\u202f234\u202f567"),
        (Number("10000", 1, 10_000, spoken=False), "10000"),
        (Number("10000,5", 1, None, spoken=True), "10000,5"),
    ],
)
def test_only_long_whole_numbers_that_were_spoken_are_grouped(number: Number, written: str) -> None:
    assert grouped(number, thin=True) == written
    assert grouped(number, thin=False) == number.text


def test_number_read_again_counts_as_looked_at_as_far_as_the_first_time() -> None:
    stream = Stream(tokenize("vingt et un nodules"))
    first = read_number(stream, 0)
    reach = stream.reach
    stream.reach = -1
    assert read_number(stream, 0) == first
    assert stream.reach == reach >= 3
