"""A session's prompt is counted in tokens, cut by whole words, and of a length that others share."""

import pytest
from carabin.registry.testing.memory import MemoryStore
from carabin.transcriber.core.config import SessionConfig
from carabin.transcriber.core.errors import UnknownVocabulary
from carabin.transcriber.models.vocabulary import (
    MAX_PROMPT_TOKENS,
    PROMPT_STEPS,
    Vocabularies,
    build_prompt,
    expected_words,
    parse_vocabulary,
)
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


def test_a_list_has_comments_and_empty_lines() -> None:
    assert parse_vocabulary("\ufeff# cœur\nbisoprolol\n\n fuite mitrale # valve\n".encode()) == (
        "bisoprolol",
        "fuite mitrale",
    )


def test_lists_are_read_from_the_store_and_kept_while_it_is_away() -> None:
    store = MemoryStore()
    store.ensure_bucket("models")
    store.put("models", "whisper/vocabularies/cardiologie.txt", b"bisoprolol\n")
    store.put("models", "whisper/vocabularies/bad.txt", b"\xff\xfe")
    vocabularies = Vocabularies()
    vocabularies.read_store(store, "models", "whisper")
    assert vocabularies.words["cardiologie"] == ("bisoprolol",)
    vocabularies.read_store(store, "gone", "whisper")
    assert vocabularies.words["cardiologie"] == ("bisoprolol",)
    store.put("models", "whisper/vocabularies/cardiologie.txt", b"aspirine\n")
    vocabularies.read_store(store, "models", "whisper")
    assert vocabularies.words["cardiologie"] == ("aspirine",)
