"""Words are stable when two hypotheses agree."""

import math
from dataclasses import replace

import pytest
from carabin.transcriber.inference.engine import TokenWord
from carabin.transcriber.streaming.local_agreement import CERTAIN, UNCERTAIN_S, LocalAgreement
from hypothesis import given
from hypothesis import strategies as st


def words(text: str) -> list[TokenWord]:
    return [TokenWord(f" {word}", (hash(word) % 1000,)) for word in text.split()]


def test_nothing_is_stable_at_first() -> None:
    agreement = LocalAgreement()
    agreement.update(words("le patient"))
    assert (agreement.stable, agreement.tail) == ("", " le patient")


def test_what_two_hypotheses_share_is_stable() -> None:
    agreement = LocalAgreement()
    agreement.update(words("le patient présent"))
    agreement.update(words("le patient présente une"))
    assert (agreement.stable, agreement.tail) == (" le patient", " présente une")


def test_the_next_hypothesis_speaks_only_of_the_tail() -> None:
    agreement = LocalAgreement()
    agreement.update(words("le patient"))
    agreement.update(words("le patient présente"))
    assert agreement.prefix == tuple(word.tokens[0] for word in words("le patient"))
    agreement.update(words("présente une"))
    assert (agreement.stable, agreement.tail) == (" le patient présente", " une")


def test_punctuation_and_case_do_not_hinder_agreement() -> None:
    agreement = LocalAgreement()
    agreement.update(words("Le patient. Il"))
    agreement.update(words("le patient, il va"))
    assert agreement.stable == " le patient, il"


def test_a_full_stop_at_the_very_end_is_not_trusted() -> None:
    agreement = LocalAgreement()
    agreement.update(words("le patient."))
    agreement.update(words("le patient."))
    assert (agreement.stable, agreement.tail) == (" le", " patient.")


@given(st.lists(st.lists(st.sampled_from("abc"), max_size=6), max_size=8))
def test_stable_text_only_grows(hypotheses: list[list[str]]) -> None:
    agreement, before = LocalAgreement(), ""
    for hypothesis in hypotheses:
        agreement.update(words(" ".join(hypothesis)))
        assert agreement.stable.startswith(before)
        before = agreement.stable


def timed(text: str, *ends_s: float) -> list[TokenWord]:
    pairs = zip(text.split(), ends_s, strict=True)
    return [TokenWord(f" {word}", (i,), end_s) for i, (word, end_s) in enumerate(pairs)]


def test_words_near_the_end_of_the_audio_are_withheld_until_more_audio_comes() -> None:
    agreement = LocalAgreement()
    agreement.update(timed("le foie est nor", 0.4, 0.8, 1.1, 1.6), until_s=1.3)
    assert agreement.tail == " le foie est"
    agreement.update(timed("le foie est normal", 0.4, 0.8, 1.1, 1.9), until_s=1.9)
    assert (agreement.stable, agreement.tail) == (" le foie est", " normal")


def uncertain(word: TokenWord) -> TokenWord:
    return replace(word, probability=CERTAIN - 0.01)


def test_an_uncertain_word_waits_for_more_audio_than_a_certain_one() -> None:
    agreement = LocalAgreement()
    le, foie, est = timed("le foie est", 0.4, 0.8, 1.1)
    agreement.update([le], until_s=0.5)
    agreement.update([le, uncertain(foie), est], until_s=0.8 + UNCERTAIN_S - 0.01)
    assert agreement.stable + agreement.tail == " le"
    agreement.update([uncertain(foie), est], until_s=0.8 + UNCERTAIN_S)
    assert agreement.stable + agreement.tail == " le foie est"


def test_the_first_words_are_shown_though_uncertain() -> None:
    agreement = LocalAgreement()
    le, foie = timed("le foie", 0.4, 0.8)
    agreement.update([uncertain(le), uncertain(foie)], until_s=0.7)
    assert agreement.tail == " le"


def test_an_uncertain_word_is_shown_in_a_pause() -> None:
    agreement = LocalAgreement()
    agreement.update([uncertain(word) for word in timed("le foie", 0.4, 0.8)], until_s=math.inf)
    assert agreement.tail == " le foie"


def test_a_word_on_the_screen_is_not_withheld_again() -> None:
    agreement = LocalAgreement()
    agreement.update(timed("le foie", 0.4, 0.8))
    agreement.update(timed("le foie est", 0.4, 0.9, 1.3), until_s=0.5)
    assert agreement.stable + agreement.tail == " le foie"


def test_words_that_were_not_aligned_are_shown() -> None:
    agreement = LocalAgreement()
    agreement.update([TokenWord(" foie", (1,))], until_s=0.0)
    assert agreement.tail == " foie"


def test_a_sentence_is_over_once_a_stable_word_follows_it() -> None:
    agreement = LocalAgreement()
    agreement.update(timed("Pas de fracture. Le", 0.3, 0.5, 1.4, 1.9))
    agreement.update(timed("Pas de fracture.", 0.3, 0.5, 1.4))
    assert agreement.sentence_end_s() is None
    agreement = LocalAgreement()
    for _ in range(2):
        agreement.update(timed("Pas de fracture. Le rachis", 0.3, 0.5, 1.4, 1.9, 2.4)[len(agreement.prefix) :])
    assert agreement.sentence_end_s() == 1.4


def test_a_split_moves_the_words_behind_it_onto_a_clock_of_their_own() -> None:
    agreement = LocalAgreement()
    agreement.update(timed("fracture. Le rachis", 1.0, 1.5, 2.0))
    agreement.update(timed("fracture. Le poumon", 1.0, 1.5, 2.2))
    rest = agreement.split(1.1)
    assert (agreement.stable, agreement.tail) == (" fracture.", "")
    assert (rest.stable, rest.tail) == (" Le", " poumon")
    assert rest.word_ends_s() == pytest.approx([0.4, 1.1])
