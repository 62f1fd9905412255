"""Versions of a lexicon: published, promoted, rolled back, and never lost to a race."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from carabin.registry.errors import ManifestInvalid, PromotionLost, PromotionRefused, StalePromotion, VersionMissing
from carabin.registry.layout import vocabularies_prefix, vocabulary_key
from carabin.registry.stages.lexicon_keys import canonical_name, identity_lexicon, lexicon_id, lexicon_key
from carabin.registry.stages.lexicons import (
    lexicon_log,
    lexicon_names,
    lexicon_versions,
    production_lexicons,
    promote_lexicon,
    publish_lexicon,
    read_lexicon,
    rollback_lexicon,
    unversioned_vocabularies,
    withdraw_lexicon,
)
from carabin.registry.store import ObjectInfo
from carabin.registry.testing.memory import MemoryStore

AT = datetime(2026, 11, 28, 9, tzinfo=UTC)
BUCKET = "models"


@pytest.fixture
def store() -> MemoryStore:
    store = MemoryStore()
    store.ensure_bucket(BUCKET)
    return store


def published(store: MemoryStore, text: str, minutes: int = 0) -> str:
    return publish_lexicon(store, BUCKET, "whisper", "cardio", text.encode(), AT + timedelta(minutes=minutes))


def test_published_version_is_not_in_use_before_it_is_promoted(store: MemoryStore) -> None:
    version = published(store, "bisoprolol\n")
    assert production_lexicons(store, BUCKET, "whisper") == {}
    promote_lexicon(store, BUCKET, "whisper", "cardio", version, by="dm", reason="first", at=AT)
    [(name, (in_use, key))] = production_lexicons(store, BUCKET, "whisper").items()
    assert (name, in_use, store.get(BUCKET, key)) == ("cardio", version, b"bisoprolol\n")


def test_equal_bytes_are_one_version(store: MemoryStore) -> None:
    assert published(store, "a b\n") == published(store, "a b\n", minutes=5)
    assert len(lexicon_versions(store, BUCKET, "whisper", "cardio")) == 1


def test_rollback_goes_back_and_the_log_says_who_and_why(store: MemoryStore) -> None:
    first, second = published(store, "un mot\n"), published(store, "deux mots\n", minutes=1)
    promote_lexicon(store, BUCKET, "whisper", "cardio", first, by="dm", reason="first", at=AT)
    promote_lexicon(store, BUCKET, "whisper", "cardio", second, by="dm", reason="more words", at=AT, expect=first)
    rollback_lexicon(store, BUCKET, "whisper", "cardio", by="chief", reason="too many names", at=AT)
    assert production_lexicons(store, BUCKET, "whisper")["cardio"][0] == first
    newest = lexicon_log(store, BUCKET, "whisper", "cardio")[-1]
    assert (newest.kind, newest.by, newest.reason, newest.previous) == ("rollback", "chief", "too many names", second)


def test_first_version_is_withdrawn_and_a_rollback_puts_it_into_use_again(store: MemoryStore) -> None:
    with pytest.raises(PromotionRefused, match="no version of the lexicon cardio of whisper is in use"):
        withdraw_lexicon(store, BUCKET, "whisper", "cardio", by="dm", reason="x", at=AT)
    first = published(store, "un mot\n")
    promote_lexicon(store, BUCKET, "whisper", "cardio", first, by="dm", reason="first", at=AT)
    with pytest.raises(PromotionRefused, match="lexicon withdraw"):
        rollback_lexicon(store, BUCKET, "whisper", "cardio", by="dm", reason="a patient's name", at=AT)
    withdraw_lexicon(store, BUCKET, "whisper", "cardio", by="dm", reason="a patient's name", at=AT)
    assert production_lexicons(store, BUCKET, "whisper") == {}
    with pytest.raises(PromotionRefused, match="is in use"):
        withdraw_lexicon(store, BUCKET, "whisper", "cardio", by="dm", reason="again", at=AT)
    rollback_lexicon(store, BUCKET, "whisper", "cardio", by="dm", reason="it was a drug", at=AT)
    assert production_lexicons(store, BUCKET, "whisper")["cardio"][0] == first
    assert [record.reason for record in lexicon_log(store, BUCKET, "whisper", "cardio")] == [
        "first",
        "a patient's name",
        "it was a drug",
    ]


def test_promotion_of_a_missing_version_and_a_stale_one_are_refused(store: MemoryStore) -> None:
    first = published(store, "un mot\n")
    with pytest.raises(VersionMissing, match="no version 20990101"):
        promote_lexicon(store, BUCKET, "whisper", "cardio", "20990101", by="dm", reason="x", at=AT)
    with pytest.raises(StalePromotion, match="no version is in use"):
        promote_lexicon(store, BUCKET, "whisper", "cardio", first, by="dm", reason="x", at=AT, expect="other")


def test_rollback_without_an_earlier_version_is_refused(store: MemoryStore) -> None:
    first = published(store, "un mot\n")
    promote_lexicon(store, BUCKET, "whisper", "cardio", first, by="dm", reason="first", at=AT)
    with pytest.raises(PromotionRefused, match="no version before"):
        rollback_lexicon(store, BUCKET, "whisper", "cardio", by="dm", reason="x", at=AT)


def test_lexicons_of_other_models_are_others(store: MemoryStore) -> None:
    published(store, "un mot\n")
    assert lexicon_names(store, BUCKET, "whisper") == ["cardio"]
    assert lexicon_names(store, BUCKET, "other") == []
    assert read_lexicon(store, BUCKET, "whisper", "cardio", lexicon_versions(store, BUCKET, "whisper", "cardio")[0])


def test_a_persons_lexicon_has_a_digest_for_a_name_whatever_the_authentication_names_them() -> None:
    name = identity_lexicon("auth0|Dr Mârtin@chu")
    assert canonical_name("identity.auth0|Dr Mârtin@chu") == canonical_name(name) == name
    assert lexicon_id("whisper", name).startswith("whisper.lexicon.identity.")
    assert canonical_name("specialty.cardiologie") == "specialty.cardiologie"


def test_vocabulary_without_versions_is_found_until_one_is_promoted_or_it_is_withdrawn(store: MemoryStore) -> None:
    for name in ("cardio", "pneumo", "other"):
        store.put(BUCKET, vocabulary_key("whisper", name), b"bisoprolol\n")
    store.put(BUCKET, f"{vocabularies_prefix('whisper')}Cardio à 2.txt", b"bisoprolol\n")
    version = publish_lexicon(store, BUCKET, "whisper", "vocabulary.cardio", b"apixaban\n", AT)
    assert "vocabulary.cardio" in unversioned_vocabularies(store, BUCKET, "whisper"), "a version is not in use yet"
    promote_lexicon(store, BUCKET, "whisper", "vocabulary.cardio", version, by="dm", reason="x", at=AT)
    withdraw_lexicon(store, BUCKET, "whisper", "vocabulary.pneumo", by="dm", reason="x", at=AT)
    found = unversioned_vocabularies(store, BUCKET, "whisper")
    assert sorted(found) == ["vocabulary.Cardio à 2", "vocabulary.other"]
    assert found["vocabulary.other"][1] == vocabulary_key("whisper", "other")
    assert sorted(production_lexicons(store, BUCKET, "whisper")) == ["vocabulary.cardio"]


class Racing(MemoryStore):
    """Lets somebody else act right after the newest promotion was read, once."""

    act: Callable[[], object] | None = None

    def get(self, bucket: str, key: str) -> bytes:
        data = super().get(bucket, key)
        if self.act is not None and "/promotions/" in key:
            act, self.act = self.act, None
            act()
        return data


@pytest.mark.parametrize("action", ["promote", "promote what is expected", "roll back", "withdraw"])
def test_of_two_at_once_who_read_the_log_before_the_other_wrote_loses(action: str) -> None:
    store = Racing()
    store.ensure_bucket(BUCKET)
    first, second, third, fourth = (published(store, f"mot {i}\n", minutes=i) for i in range(4))
    for version in (first, second):
        promote_lexicon(store, BUCKET, "whisper", "cardio", version, by="dm", reason="x", at=AT)
    where, change = (store, BUCKET, "whisper", "cardio"), {"by": "dm", "reason": "x", "at": AT}
    actions: dict[str, Callable[[], object]] = {
        "promote": lambda: promote_lexicon(*where, third, **change),
        "promote what is expected": lambda: promote_lexicon(*where, third, expect=second, **change),
        "roll back": lambda: rollback_lexicon(*where, **change),
        "withdraw": lambda: withdraw_lexicon(*where, **change),
    }
    store.act = lambda: promote_lexicon(*where, fourth, by="chief", reason="a drug's dose", at=AT)
    with pytest.raises(PromotionLost, match=f"went to {fourth}, by chief: a drug's dose"):
        actions[action]()
    assert [record.version for record in lexicon_log(*where)] == [first, second, fourth]


def test_first_version_of_two_at_once_is_not_replaced_by_a_withdrawal(store: MemoryStore) -> None:
    """A vocabulary without versions is in use until the first promotion, which nobody meant to withdraw."""
    name = "vocabulary.cardio"
    store.put(BUCKET, vocabulary_key("whisper", "cardio"), b"bisoprolol\n")
    version = publish_lexicon(store, BUCKET, "whisper", name, b"apixaban\n", AT)

    class Late(Racing):
        def stat(self, bucket: str, key: str) -> ObjectInfo:
            promote_lexicon(store, BUCKET, "whisper", name, version, by="chief", reason="x", at=AT)
            return super().stat(bucket, key)

    late = Late()
    late._buckets = store._buckets
    with pytest.raises(PromotionLost, match="by chief"):
        withdraw_lexicon(late, BUCKET, "whisper", name, by="dm", reason="x", at=AT)
    assert production_lexicons(store, BUCKET, "whisper")[name][0] == version


def test_version_whose_file_was_changed_is_not_promoted(store: MemoryStore) -> None:
    version = published(store, "amlodipine\n")
    store.put(BUCKET, lexicon_key("whisper", "cardio", version), b"amiodarone\n")
    with pytest.raises(ManifestInvalid, match=f"lexicon cardio of whisper: the file of {version} was changed"):
        promote_lexicon(store, BUCKET, "whisper", "cardio", version, by="dm", reason="x", at=AT)
    assert production_lexicons(store, BUCKET, "whisper") == {}
