"""A session's prompt is counted in tokens, cut by whole words, and of a length that others share."""

import pytest
from carabin.transcriber.core.config import SessionConfig
from carabin.transcriber.core.errors import UnknownVocabulary
from carabin.transcriber.models.prompt import MAX_PROMPT_TOKENS, PROMPT_STEPS, build_prompt, expected_words
from carabin.transcriber.testing.engine import FakeEngine


def test_no_words_make_no_prompt() -> None:
    assert build_prompt(FakeEngine(), [], None).tokens == ()
    assert build_prompt(FakeEngine(), [" "], "  ").tokens == ()


def test_prompts_are_filled_up_to_common_lengths() -> None:
    lengths = {len(build_prompt(FakeEngine(), [f"mot{i}" for i in range(n)], None).tokens) for n in range(1, 60)}
    assert lengths <= set(PROMPT_STEPS)


def test_what_does_not_fit_is_cut_and_counted() -> None:
    prompt = build_prompt(FakeEngine(), [f"mot{i}" for i in range(300)], "un compte rendu")
    assert len(prompt.tokens) == MAX_PROMPT_TOKENS
    assert prompt.cut_tokens > 0
    assert prompt.tokens[-3:] == FakeEngine().encode_text("un compte rendu")


def test_a_session_names_vocabularies_and_words_of_its_own() -> None:
    config = SessionConfig(hotwords="amoxicilline; Lasilix,", vocabularies=("cardiologie",))
    words = expected_words(config, {"cardiologie": ("bisoprolol",)})
    assert [word.strip() for word in words if word.strip()] == ["amoxicilline", "Lasilix", "bisoprolol"]


def test_an_unknown_vocabulary_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UnknownVocabulary, match=r"radiologie.*cardiologie"):
        expected_words(SessionConfig(vocabularies=("radiologie",)), {"cardiologie": ()})


def test_expected_words_without_commas_are_cut_at_a_word_and_the_rest_is_counted() -> None:
    words = [f"mot{i}" for i in range(142)]
    prompt = build_prompt(FakeEngine(), [" ".join(words)], None)
    assert prompt.expected == (" ".join(words[:MAX_PROMPT_TOKENS]),)
    assert len(prompt.tokens) == MAX_PROMPT_TOKENS
    assert prompt.cut_expected_words == 142 - MAX_PROMPT_TOKENS
    assert prompt.warning is not None
    assert "30 of 142 expected words" in prompt.warning
    assert "mot" not in prompt.warning.replace("mots", "")


def test_an_initial_prompt_that_is_too_long_keeps_its_last_whole_words() -> None:
    words = [f"mot{i}" for i in range(150)]
    prompt = build_prompt(FakeEngine(), ["amoxicilline"], " ".join(words))
    assert prompt.initial_prompt == " ".join(words[-MAX_PROMPT_TOKENS:])
    assert (prompt.cut_initial_words, prompt.cut_expected_words) == (38, 1)
    assert prompt.warning is not None
    assert "the first 38 of the 150 words of the initial prompt" in prompt.warning


def test_a_prompt_that_fits_warns_of_nothing() -> None:
    assert build_prompt(FakeEngine(), ["amoxicilline"], "Compte rendu.").warning is None
