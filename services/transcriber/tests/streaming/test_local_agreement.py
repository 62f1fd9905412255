"""Words are stable when two hypotheses agree."""

from carabin.transcriber.inference.engine import TokenWord
from carabin.transcriber.streaming.local_agreement import LocalAgreement
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
