"""Lexicons are loaded from the store or a folder, replaced under open sessions, and kept while the store is away."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from carabin.registry.stages.lexicons import promote_lexicon, publish_lexicon
from carabin.registry.testing.memory import MemoryStore
from carabin.transcriber.core.config import SessionConfig
from carabin.transcriber.models.lexicons import Lexicons
from carabin.transcriber.models.prompt import SessionPrompts
from carabin.transcriber.testing.engine import FakeEngine

AT = datetime(2026, 11, 28, 9, tzinfo=UTC)


@pytest.fixture
def store() -> MemoryStore:
    store = MemoryStore()
    store.ensure_bucket("models")
    return store


def promote(store: MemoryStore, text: str, name: str = "cardio") -> str:
    version = publish_lexicon(store, "models", "whisper", name, text.encode(), AT)
    promote_lexicon(store, "models", "whisper", name, version, by="dm", reason="test", at=AT)
    return version


def texts(lexicons: Lexicons) -> set[str]:
    return {entry.text for entry in lexicons.loaded.index.lexicon} if lexicons.loaded else set()


def test_promoted_lexicons_are_one_index_and_a_promotion_replaces_it(store: MemoryStore) -> None:
    lexicons = Lexicons()
    lexicons.read_store(store, "models", "whisper")
    assert lexicons.loaded is None
    promote(store, "bisoprolol\n")
    version = promote(store, "propofol\n", "anesthesie")
    lexicons.read_store(store, "models", "whisper")
    held = lexicons.loaded
    assert texts(lexicons) == {"bisoprolol", "propofol"}
    assert held is not None
    assert held.versions["anesthesie"] == version
    promote(store, "apixaban\n")
    lexicons.read_store(store, "models", "whisper")
    assert texts(lexicons) == {"apixaban", "propofol"}
    assert {entry.text for entry in held.index.lexicon} == {"bisoprolol", "propofol"}, (
        "a decode in progress keeps its own"
    )


def test_lexicon_stays_while_the_store_is_away_and_where_a_version_is_broken(
    store: MemoryStore, caplog: pytest.LogCaptureFixture
) -> None:
    lexicons = Lexicons()
    promote(store, "bisoprolol\n")
    lexicons.read_store(store, "models", "whisper")
    lexicons.read_store(store, "gone", "whisper")
    promote(store, "\x07\n")
    with caplog.at_level("WARNING"):
        lexicons.read_store(store, "models", "whisper")
        lexicons.read_store(store, "models", "whisper")
    assert texts(lexicons) == {"bisoprolol"}
    assert sum("not usable" in record.message for record in caplog.records) == 1, "it is said once"


def test_folder_is_read_again_where_a_file_changed_or_is_gone(tmp_path: Path) -> None:
    lexicons = Lexicons()
    (tmp_path / "a.tsv").write_text("bisoprolol\n", "utf-8")
    (tmp_path / "b.tsv").write_text("propofol\n", "utf-8")
    lexicons.read_folder(tmp_path)
    assert texts(lexicons) == {"bisoprolol", "propofol"}
    (tmp_path / "a.tsv").unlink()
    lexicons.read_folder(tmp_path)
    assert texts(lexicons) == {"propofol"}


def test_session_uses_the_lexicon_that_is_loaded_when_a_final_is_asked(store: MemoryStore) -> None:
    lexicons, engine = Lexicons(), FakeEngine()
    prompt = SessionPrompts(SessionConfig(), {}, lexicons).of(engine, "v1")
    assert prompt.second_pass() is None
    promote(store, "bisoprolol\n")
    lexicons.read_store(store, "models", "whisper")
    assert prompt.second_pass() is not None


@pytest.mark.parametrize("config", [SessionConfig(task="translate"), SessionConfig(language="en")])
def test_translation_and_other_languages_have_no_second_decode(store: MemoryStore, config: SessionConfig) -> None:
    lexicons = Lexicons()
    promote(store, "bisoprolol\n")
    lexicons.read_store(store, "models", "whisper")
    assert SessionPrompts(config, {}, lexicons).of(FakeEngine(), "v1").second_pass() is None
