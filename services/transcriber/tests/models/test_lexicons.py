"""Lexicons are loaded from the store or a folder, replaced under open sessions, and kept while the store is away."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from carabin.lexicon import Entry, Lexicon
from carabin.lexicon.common import common_french, french_words
from carabin.registry.errors import ClockSkewed, StoreUnavailable, StoreUnreachable
from carabin.registry.layout import vocabulary_key
from carabin.registry.stages.lexicon_keys import identity_lexicon, lexicon_key
from carabin.registry.stages.lexicons import promote_lexicon, publish_lexicon, withdraw_lexicon
from carabin.registry.testing.faulty import FaultyStore
from carabin.registry.testing.memory import MemoryStore
from carabin.transcriber.core.config import SessionConfig
from carabin.transcriber.core.errors import UnknownVocabulary
from carabin.transcriber.inference.engine import Hypothesis
from carabin.transcriber.models.lexicons import KnownWords, Lexicons, LoadedLexicon
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


@pytest.mark.parametrize("error", [StoreUnreachable("it does not answer"), ClockSkewed("RequestTimeTooSkewed")])
def test_lexicon_stays_without_a_word_while_the_store_cannot_be_used(
    store: MemoryStore, error: StoreUnavailable, caplog: pytest.LogCaptureFixture
) -> None:
    lexicons = Lexicons()
    promote(store, "bisoprolol\n")
    lexicons.read_store(store, "models", "whisper")
    lexicons.read_store(FaultyStore(store, 0, error), "models", "whisper")
    assert texts(lexicons) == {"bisoprolol"}
    assert not caplog.records, "the model watcher says it, once for both"


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
    prompt = SessionPrompts(SessionConfig(), lexicons).of(engine, "v1")
    assert prompt.second_pass() is None
    promote(store, "bisoprolol\n")
    lexicons.read_store(store, "models", "whisper")
    assert prompt.second_pass() is not None


@pytest.mark.parametrize("config", [SessionConfig(task="translate"), SessionConfig(language="en")])
def test_translation_and_other_languages_have_no_second_decode(store: MemoryStore, config: SessionConfig) -> None:
    lexicons = Lexicons()
    promote(store, "bisoprolol\n")
    lexicons.read_store(store, "models", "whisper")
    assert SessionPrompts(config, lexicons).of(FakeEngine(), "v1").second_pass() is None


def candidates(lexicons: Lexicons, *specialties: str, identity: str | None = None) -> set[str]:
    """Return the entries that a session may be given."""
    config = SessionConfig(vocabularies=specialties)
    SessionPrompts(config, lexicons, identity)  # raises where the specialty is not known
    return {entry.text for each in lexicons.of_session(specialties, identity) for entry in each.index.lexicon}


def test_model_specialty_and_speaker_each_have_a_lexicon_and_all_three_are_used_at_once(store: MemoryStore) -> None:
    lexicons = Lexicons()
    promote(store, "bisoprolol\n", "all")
    promote(store, "apixaban\n", "specialty.cardiologie")
    promote(store, "propofol\n", identity_lexicon("dr.martin"))
    lexicons.read_store(store, "models", "whisper")
    assert candidates(lexicons) == {"bisoprolol"}
    assert candidates(lexicons, identity="dr.durand") == {"bisoprolol"}
    assert candidates(lexicons, "cardiologie") == {"bisoprolol", "apixaban"}
    assert candidates(lexicons, "cardiologie", identity="dr.martin") == {"bisoprolol", "apixaban", "propofol"}
    with pytest.raises(UnknownVocabulary, match="cardiologie"):
        candidates(lexicons, "radiologie")


def test_promotion_of_one_lexicon_leaves_the_others_indexes_as_they_are(store: MemoryStore) -> None:
    lexicons = Lexicons()
    promote(store, "bisoprolol\n", "all")
    promote(store, "apixaban\n", "specialty.cardiologie")
    lexicons.read_store(store, "models", "whisper")
    shared, [_, specialty] = lexicons.loaded, lexicons.of_session(["cardiologie"], None)
    promote(store, "propofol\n", identity_lexicon("dr.martin"))
    lexicons.read_store(store, "models", "whisper")
    assert lexicons.loaded is shared
    assert lexicons.of_session(["cardiologie"], None)[1] is specialty


def test_word_of_any_of_the_sessions_lexicons_is_never_replaced(store: MemoryStore) -> None:
    lexicons = Lexicons()
    promote(store, "amlodipine\n", "all")
    promote(store, "amiodarone\n", identity_lexicon("dr.martin"))
    lexicons.read_store(store, "models", "whisper")
    known = KnownWords(lexicons.of_session([], "dr.martin"))
    assert "amlodipine" in known
    assert "amiodarone" in known
    assert "amiodarone" not in KnownWords(lexicons.of_session([], "dr.durand"))


def test_person_in_a_local_folder_is_the_one_of_the_store(tmp_path: Path) -> None:
    lexicons = Lexicons()
    (tmp_path / "identity.dr.martin.tsv").write_text("propofol\n", "utf-8")
    lexicons.read_folder(tmp_path)
    assert candidates(lexicons, identity="dr.martin") == {"propofol"}


def test_word_lists_are_read_with_the_lexicon_and_not_with_the_first_sentence() -> None:
    for words in (common_french, french_words):
        words.cache_clear()
    LoadedLexicon(Lexicon((Entry("bisoprolol", "drug"),)), {})
    assert [words.cache_info().currsize for words in (common_french, french_words)] == [1, 1]


def test_vocabulary_is_a_lexicon_whose_words_the_first_decode_expects_too(store: MemoryStore) -> None:
    lexicons, engine = Lexicons(), FakeEngine()
    promote(store, "bisoprolol\ndapagliflozine\n", "vocabulary.cardiologie")
    lexicons.read_store(store, "models", "whisper")
    assert lexicons.loaded is None, "sessions that do not name it have nothing of it"
    session = SessionPrompts(SessionConfig(hotwords="apixaban", vocabularies=("cardiologie",)), lexicons)
    assert session.of(engine, "v1").expected == ("apixaban", "bisoprolol", "dapagliflozine")
    assert candidates(lexicons, "cardiologie") == {"bisoprolol", "dapagliflozine"}
    assert candidates(lexicons) == set()


def test_words_that_the_first_prompt_had_no_room_for_are_looked_up_and_those_in_it_are_not(store: MemoryStore) -> None:
    lexicons, engine = Lexicons(), FakeEngine()
    promote(store, "amoxicilline\n" + "\n".join(f"mot{n}" for n in range(100, 300)) + "\nbisoprolol\n", "vocabulary.v")
    lexicons.read_store(store, "models", "whisper")
    prompt = SessionPrompts(SessionConfig(vocabularies=("v",)), lexicons).of(engine, "v1")
    assert "bisoprolol" not in prompt.expected
    second_pass = prompt.second_pass()
    assert second_pass is not None
    assert second_pass.prompt(Hypothesis(" bisoprénol", (), -0.1, 0.0, 1, False, "fr", 1.0))
    assert not second_pass.prompt(Hypothesis(" amoxitinine", (), -0.1, 0.0, 1, False, "fr", 1.0))


def test_vocabulary_stored_before_they_had_versions_is_read_until_a_version_is_promoted(store: MemoryStore) -> None:
    lexicons = Lexicons()
    store.put(
        "models", vocabulary_key("whisper", "cardiologie"), "\ufeff# cœur\nbisoprolol\n\n fuite # valve\n".encode()
    )
    lexicons.read_store(store, "models", "whisper")
    assert lexicons.vocabularies() == {"cardiologie": ("bisoprolol", "fuite")}
    store.put("models", vocabulary_key("whisper", "cardiologie"), b"aspirine\n")
    lexicons.read_store(store, "models", "whisper")
    assert lexicons.vocabularies() == {"cardiologie": ("aspirine",)}
    lexicons.read_store(store, "gone", "whisper")
    assert lexicons.vocabularies() == {"cardiologie": ("aspirine",)}, "the last good words stay while the store is away"
    promote(store, "apixaban\n", "vocabulary.cardiologie")
    lexicons.read_store(store, "models", "whisper")
    assert lexicons.vocabularies() == {"cardiologie": ("apixaban",)}
    at = AT + timedelta(seconds=1)
    withdraw_lexicon(store, "models", "whisper", "vocabulary.cardiologie", by="dm", reason="test", at=at)
    lexicons.read_store(store, "models", "whisper")
    assert lexicons.vocabularies() == {}


def test_line_of_a_vocabulary_that_is_no_entry_is_left_out_and_said_once(
    store: MemoryStore, caplog: pytest.LogCaptureFixture
) -> None:
    lexicons = Lexicons()
    store.put("models", vocabulary_key("whisper", "v"), b"bisoprolol\n<|endoftext|>\na\x07b\nx\napixaban\n")
    store.put("models", vocabulary_key("whisper", "latin"), "épaule\n".encode("latin-1"))
    store.put("models", vocabulary_key("whisper", "book"), b"mot\n" * 20_000)
    with caplog.at_level("WARNING"):
        lexicons.read_store(store, "models", "whisper")
        lexicons.read_store(store, "models", "whisper")
    assert lexicons.vocabularies() == {"v": ("bisoprolol", "apixaban")}
    assert [record.lines for record in caplog.records if "left out" in record.message] == [3]  # type: ignore[attr-defined]
    assert sum("not usable" in record.message for record in caplog.records) == 2


def test_open_session_keeps_the_words_of_a_vocabulary_that_is_removed(store: MemoryStore) -> None:
    lexicons, engine = Lexicons(), FakeEngine()
    promote(store, "bisoprolol\n", "all")
    key = vocabulary_key("whisper", "cardiologie")
    store.put("models", key, b"apixaban\n")
    lexicons.read_store(store, "models", "whisper")
    session = SessionPrompts(SessionConfig(vocabularies=("cardiologie",)), lexicons)
    store.delete("models", key)
    lexicons.read_store(store, "models", "whisper")
    prompt = session.of(engine, "v2")
    assert prompt.expected == ("apixaban",)
    second_pass = prompt.second_pass()
    assert second_pass is not None
    assert second_pass.prompt(Hypothesis(" bisoprénol", (), -0.1, 0.0, 1, False, "fr", 1.0))
    with pytest.raises(UnknownVocabulary, match="cardiologie"):
        SessionPrompts(SessionConfig(vocabularies=("cardiologie",)), lexicons)


def test_local_folder_holds_vocabularies_beside_lexicons(tmp_path: Path) -> None:
    lexicons = Lexicons()
    (tmp_path / "cardiologie.txt").write_text("bisoprolol\n", "utf-8")
    (tmp_path / "vocabulary.pneumologie.tsv").write_text("salbutamol\tdrug\t12\tventoline\n", "utf-8")
    lexicons.read_folder(tmp_path)
    assert lexicons.vocabularies() == {"cardiologie": ("bisoprolol",), "pneumologie": ("salbutamol",)}


@pytest.mark.parametrize(
    "bad",
    [
        b"terme\n" * 5_000_000,
        b"".join(b"terme numero %d\n" % number for number in range(2_000_000)),
        b"bisoprolol\na\n",
        b"biso\x07prolol\n",
        b"<|endoftext|>\n",
        "épaule\n".encode("latin-1"),
        b"# nothing but a comment\n",
    ],
    ids=["5 million lines", "40 MB", "one letter", "control character", "token", "not UTF-8", "no entry"],
)
def test_lexicon_that_cannot_be_used_is_said_once_and_the_one_before_stays_beside_the_others(
    store: MemoryStore, caplog: pytest.LogCaptureFixture, bad: bytes
) -> None:
    lexicons = Lexicons()
    promote(store, "bisoprolol\n")
    lexicons.read_store(store, "models", "whisper")
    version = publish_lexicon(store, "models", "whisper", "cardio", bad, AT)
    promote_lexicon(store, "models", "whisper", "cardio", version, by="dm", reason="test", at=AT)
    promote(store, "propofol\n", "anesthesie")
    with caplog.at_level("WARNING"):
        lexicons.read_store(store, "models", "whisper")
        lexicons.read_store(store, "models", "whisper")
    assert texts(lexicons) == {"bisoprolol", "propofol"}
    assert [record.lexicon for record in caplog.records if "not usable" in record.message] == ["cardio"]  # type: ignore[attr-defined]


def test_file_removed_from_the_store_is_said_once_and_takes_no_other_lexicon_with_it(
    store: MemoryStore, caplog: pytest.LogCaptureFixture
) -> None:
    version = promote(store, "bisoprolol\n")
    promote(store, "propofol\n", "anesthesie")
    open_before = Lexicons()
    open_before.read_store(store, "models", "whisper")
    store.delete("models", lexicon_key("whisper", "cardio", version))
    started_after = Lexicons()
    with caplog.at_level("WARNING"):
        for lexicons in (open_before, started_after, started_after):
            lexicons.read_store(store, "models", "whisper")
    assert texts(open_before) == {"bisoprolol", "propofol"}, "what is loaded needs its file no more"
    assert texts(started_after) == {"propofol"}
    assert len(caplog.records) == 1


def test_file_of_a_local_folder_that_cannot_be_read_takes_no_other_lexicon_with_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "a.tsv").symlink_to(tmp_path / "removed.tsv")
    (tmp_path / "b.tsv").write_text("propofol\n", "utf-8")
    lexicons = Lexicons()
    with caplog.at_level("WARNING"):
        lexicons.read_folder(tmp_path)
    assert texts(lexicons) == {"propofol"}
    assert [record.lexicon for record in caplog.records] == ["a"]  # type: ignore[attr-defined]


def test_mistyped_prefix_in_a_local_folder_makes_no_lexicon_of_every_session(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "speciality.cardio.tsv").write_text("bisoprolol\n", "utf-8")
    (tmp_path / "specialty.cardio.tsv").write_text("propofol\n", "utf-8")
    lexicons = Lexicons()
    with caplog.at_level("WARNING"):
        for _ in range(2):
            lexicons.read_folder(tmp_path)
    assert lexicons.loaded is None
    assert candidates(lexicons, "cardio") == {"propofol"}
    assert [record.lexicon for record in caplog.records] == ["speciality.cardio"]  # type: ignore[attr-defined]
    assert "begins with none of" in caplog.records[0].error  # type: ignore[attr-defined]


def test_lexicon_that_was_changed_since_its_promotion_is_said_once_and_not_used(
    store: MemoryStore, caplog: pytest.LogCaptureFixture
) -> None:
    version = promote(store, "amlodipine\n")
    promote(store, "propofol\n", "anesthesie")
    store.put("models", lexicon_key("whisper", "cardio", version), b"amiodarone\n")
    lexicons = Lexicons()
    with caplog.at_level("WARNING"):
        lexicons.read_store(store, "models", "whisper")
        lexicons.read_store(store, "models", "whisper")
    assert texts(lexicons) == {"propofol"}
    [said] = [record for record in caplog.records if "not usable" in record.message]
    assert f"{version} is not as it was when promotion 1 put it into use" in said.__dict__["error"]
