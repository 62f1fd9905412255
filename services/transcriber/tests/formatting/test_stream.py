"""Tokens that remember how far a rule has looked."""

from carabin.transcriber.formatting.stream import END, Stream
from carabin.transcriber.formatting.tokens import tokenize


def test_reach_is_the_furthest_token_that_was_looked_at() -> None:
    stream = Stream(tokenize("un deux trois"))
    assert stream.reach == -1
    assert stream[1].text == "deux"
    assert stream[0].text == "un"
    assert stream.reach == 1


def test_outside_the_text_is_its_end_and_looking_there_counts_only_forwards() -> None:
    stream = Stream(tokenize("un"))
    assert stream[-1] is END
    assert stream.reach == -1
    assert stream[5] is END
    assert stream.reach == 5


def test_phrase_matches_by_keys_without_a_sign_between() -> None:
    assert Stream(tokenize("À la ligne")).matches(0, ("à", "la", "ligne"))
    assert not Stream(tokenize("À, la ligne")).matches(0, ("à", "la", "ligne"))
    assert not Stream(tokenize("À la")).matches(0, ("à", "la", "ligne"))


def test_mismatch_looks_no_further_than_its_first_word() -> None:
    stream = Stream(tokenize("au point final"))
    assert not stream.matches(0, ("le", "point", "final"))
    assert stream.reach == 0


def test_span_looks_at_nothing_new() -> None:
    stream = Stream(tokenize("un deux trois"))
    assert [token.text for token in stream.span(0, 2)] == ["un", "deux"]
    assert stream.reach == -1
    assert len(stream) == 3
