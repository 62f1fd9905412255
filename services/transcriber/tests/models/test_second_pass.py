"""The second decode of a final: asked for only where a word of the lexicon sounds like one that was written."""

from collections.abc import Sequence
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import pytest
from carabin.lexicon import Entry, Lexicon
from carabin.lexicon.likeness import likenesses
from carabin.transcriber.core.config import SessionConfig
from carabin.transcriber.inference.engine import Hypothesis
from carabin.transcriber.models.lexicons import Lexicons, LoadedLexicon
from carabin.transcriber.models.prompt import SessionPrompts
from carabin.transcriber.models.second_pass import LexiconPass
from carabin.transcriber.testing.engine import FakeEngine

LOADED = LoadedLexicon(Lexicon(tuple(Entry(text, "drug") for text in ("bisoprolol", "sufentanil"))), {})


def wrote(text: str) -> Hypothesis:
    return Hypothesis(text, (), -0.1, 0.01, 4, False, "fr", 1.0)


@pytest.fixture
def asked() -> list[Sequence[str]]:
    """The words of each prompt that was made."""
    return []


@pytest.fixture
def second_pass(asked: list[Sequence[str]]) -> LexiconPass:
    def prompt(texts: Sequence[str]) -> tuple[int, ...]:
        asked.append(texts)
        return (7,)

    return LexiconPass((LOADED,), prompt)


def test_a_misrecognised_drug_is_in_the_prompt_and_replaces_what_was_written(
    second_pass: LexiconPass, asked: list[Sequence[str]]
) -> None:
    first = wrote(" Traitement par bisoprelol ce matin.")
    assert second_pass.prompt(first) == (7,)
    assert "bisoprolol" in asked[0]
    merged = second_pass.merged(first, wrote(" Traitement par bisoprolol ce matin."))
    assert merged.text == " Traitement par bisoprolol ce matin."
    assert merged.lexicon == ("bisoprolol",)


def test_a_word_that_sounds_exactly_as_an_entry_is_replaced_without_a_second_decode(
    second_pass: LexiconPass, asked: list[Sequence[str]]
) -> None:
    first = wrote(" Traitement par bisoprolole ce matin.")
    assert second_pass.prompt(first) == ()
    merged = second_pass.merged(first, None)
    assert asked == []
    assert merged.text == " Traitement par bisoprolol ce matin."
    assert merged.lexicon == ("bisoprolol",)


@pytest.mark.parametrize("text", [" Traitement par bisoprolol ce matin.", " Pas de fièvre ce matin.", ""])
def test_a_text_that_has_the_word_or_nothing_like_it_is_not_decoded_again(
    second_pass: LexiconPass, asked: list[Sequence[str]], text: str
) -> None:
    assert second_pass.prompt(wrote(text)) == ()
    assert asked == []


def test_nothing_but_the_lexicons_words_is_taken_from_the_second_decode(second_pass: LexiconPass) -> None:
    first = wrote(" Pas de fracture, bisoprolole poursuivi.")
    merged = second_pass.merged(first, wrote(" Une fracture, bisoprolol arrêté."))
    assert merged.text == " Pas de fracture, bisoprolol poursuivi."


def test_a_word_that_only_another_hypothesis_of_the_beam_resembles_is_in_the_prompt(
    second_pass: LexiconPass, asked: list[Sequence[str]]
) -> None:
    diseases = LoadedLexicon(Lexicon((Entry("cholécystite", "disease"),)), {})
    second_pass = LexiconPass((diseases,), second_pass._prompt)
    first = replace(wrote(" Une colisite aiguë."), alternatives=(" Une colécystite aiguë.",))
    assert second_pass.prompt(wrote(first.text)) == ()
    assert second_pass.prompt(first) == (7,)
    assert asked == [["cholécystite"]]


@pytest.mark.parametrize("text", [" Traitement par bise.", " Une hypoxémie profonde."])
def test_a_text_whose_words_may_not_be_replaced_is_not_decoded_again(
    second_pass: LexiconPass, asked: list[Sequence[str]], text: str
) -> None:
    first = replace(wrote(text), alternatives=(" Traitement par bisoprolole.", " Une bisoprolol profonde."))
    assert second_pass.prompt(first) == ()
    assert asked == []


def test_words_that_sound_like_a_draft_are_in_the_early_prompt(
    second_pass: LexiconPass, asked: list[Sequence[str]]
) -> None:
    assert second_pass.early_prompt(" Traitement par bisoprelol") == (7,)
    assert "bisoprolol" in asked[0]


@pytest.mark.parametrize("draft", [" Traitement par bisoprolol", " Pas de fièvre", ""])
def test_a_draft_that_needs_no_second_decode_has_no_early_prompt(
    second_pass: LexiconPass, asked: list[Sequence[str]], draft: str
) -> None:
    assert second_pass.early_prompt(draft) == ()
    assert asked == []
    assert not second_pass.is_early(wrote(" Traitement par bisoprelol"))


@pytest.mark.parametrize(
    ("draft", "early"),
    [(" Traitement par bisoprelole", True), (" Il y a du sifentanol", False), (" bisoprelole et sifentanol", True)],
)
def test_the_early_prompt_serves_where_it_held_what_the_words_in_doubt_sound_most_like(
    second_pass: LexiconPass, draft: str, early: bool
) -> None:
    first = wrote(" Traitement par bisoprelol ce matin.")
    assert second_pass.prompt(first)
    assert not second_pass.is_early(first)
    assert second_pass.early_prompt(draft)
    assert second_pass.is_early(first) == early


def test_each_text_is_compared_with_the_lexicon_once(second_pass: LexiconPass, monkeypatch: pytest.MonkeyPatch) -> None:
    compared = []
    module = import_module("carabin.lexicon.merge")  # the package has a function of this name
    monkeypatch.setattr(module, "likenesses", lambda *of: compared.append(of) or likenesses(*of))
    first = wrote(" Traitement par bisoprelol ce matin.")
    assert second_pass.prompt(first)
    assert not second_pass.is_early(first)
    assert second_pass.merged(first, wrote(" Traitement par bisoprolol ce matin.")).lexicon
    assert len(compared) == 1


def test_sessions_initial_prompt_stays_in_the_second_decodes_prompt(tmp_path: Path) -> None:
    engine = FakeEngine()
    (tmp_path / "mine.tsv").write_text("bisoprolol\tdrug\n", "utf-8")
    lexicons = Lexicons()
    lexicons.read_folder(tmp_path)
    session = SessionPrompts(SessionConfig(hotwords="apixaban", initial_prompt="compte rendu"), lexicons)
    plain = session.of(engine, "v1")
    second_pass = plain.second_pass()
    assert second_pass is not None
    tokens = [token for token in second_pass.prompt(wrote(" bisoprelol")) if token != engine.end_of_text]
    alone = [token for token in plain.tokens if token != engine.end_of_text]
    assert tokens[: len(alone) - 2] == alone[:-2], "the session's words come first"
    assert tokens[-2:] == alone[-2:], "and its initial prompt is nearest to the text"
    assert len(tokens) > len(alone)
