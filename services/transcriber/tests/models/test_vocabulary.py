"""Lists of words are read from text, and kept while the store is away."""

from carabin.registry.testing.memory import MemoryStore
from carabin.transcriber.models.vocabulary import Vocabularies, parse_vocabulary


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
