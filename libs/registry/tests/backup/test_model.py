"""A restore drill: what was backed up comes back byte for byte, tag for tag, and in use as it was."""

import errno
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path

import pytest
from carabin.registry.artifacts.publish import list_versions, publish_model, read_manifest
from carabin.registry.artifacts.verify import verify_files
from carabin.registry.backup.model import backup, restore
from carabin.registry.backup.tags import OLD_TAGS, tags_file
from carabin.registry.errors import BackupMissing, DiskFailed, ManifestInvalid, StoreUnreachable, VersionMissing
from carabin.registry.layout import file_key, manifest_key, version_prefix, vocabulary_key
from carabin.registry.stages.assign import set_stage
from carabin.registry.stages.lexicon_keys import lexicon_key
from carabin.registry.stages.lexicons import promote_lexicon, publish_lexicon, read_lexicon
from carabin.registry.stages.promote import promote
from carabin.registry.stages.read import read_decision, read_tags
from carabin.registry.stages.resolve import Canary, Decision
from carabin.registry.store import ObjectStore
from carabin.registry.testing.faulty import FaultyStore
from carabin.registry.testing.memory import MemoryStore

from ..conftest import FORMAT
from ..helpers.versions import NAME, NOW, model_folder, publish, publish_many


def empty() -> MemoryStore:
    store = MemoryStore()
    store.ensure_bucket("models")
    return store


@pytest.fixture
def versions(store: ObjectStore, bucket: str, tmp_path: Path) -> list[str]:
    """Four versions: two were promoted, one is a canary, one a shadow."""
    found = publish_many(store, bucket, tmp_path / "published", 4)
    for version in found[:2]:
        promote(store, bucket, NAME, version, by="a", reason="r", at=NOW)
    set_stage(store, bucket, NAME, found[2], "canary", share=0.2, by="a", reason="r", at=NOW)
    set_stage(store, bucket, NAME, found[3], "shadow", by="a", reason="r", at=NOW)
    store.set_tags(bucket, manifest_key(NAME, found[0]), {"stage": "archived", "ward": "cardiology"})
    return found


def test_a_registry_comes_back_as_it_was(store: ObjectStore, bucket: str, versions: list[str], tmp_path: Path) -> None:
    assert backup(store, bucket, NAME, tmp_path / "backup") == len(store.list(bucket, f"{NAME}/"))
    restored = empty()
    restore(restored, "models", NAME, tmp_path / "backup")
    keys = store.list(bucket, f"{NAME}/")
    assert restored.list("models", f"{NAME}/") == keys
    assert all(restored.get("models", key) == store.get(bucket, key) for key in keys)
    assert read_tags(restored, "models", NAME) == read_tags(store, bucket, NAME)
    assert read_decision(restored, "models", NAME) == read_decision(store, bucket, NAME)
    for version in versions:
        assert verify_files(restored, "models", read_manifest(restored, "models", NAME, version)) == []
    assert restore(restored, "models", NAME, tmp_path / "backup") == 0, "a second time, nothing is written"


def test_a_second_backup_fetches_what_is_new(
    store: ObjectStore, bucket: str, versions: list[str], tmp_path: Path
) -> None:
    backup(store, bucket, NAME, tmp_path / "backup")
    newest = publish(store, bucket, tmp_path / "published", "newest", after=timedelta(days=1))
    promote(store, bucket, NAME, newest, by="a", reason="r", at=NOW)
    fetched: list[str] = []
    backup(store, bucket, NAME, tmp_path / "backup", fetched.append)
    assert sorted(fetched) == [
        f"{NAME}/promotions/0000000003.json",
        f"{NAME}/versions/{newest}/files/config.json",
        f"{NAME}/versions/{newest}/files/model.bin",
        f"{NAME}/versions/{newest}/manifest.json",
    ]
    restored = empty()
    restore(restored, "models", NAME, tmp_path / "backup")
    assert read_decision(restored, "models", NAME).version == newest


def test_without_its_tags_the_logs_say_what_is_in_use(
    store: ObjectStore, bucket: str, versions: list[str], tmp_path: Path
) -> None:
    backup(store, bucket, NAME, tmp_path / "backup")
    tags_file(tmp_path / "backup", NAME).unlink()
    restored = empty()
    restore(restored, "models", NAME, tmp_path / "backup")
    assert read_decision(restored, "models", NAME) == read_decision(store, bucket, NAME)


@pytest.mark.parametrize("spoil", ["a byte", "a file"])
def test_a_spoiled_backup_is_named_and_nothing_of_it_is_restored(
    store: ObjectStore, bucket: str, versions: list[str], tmp_path: Path, spoil: str
) -> None:
    backup(store, bucket, NAME, tmp_path / "backup")
    weights = tmp_path / "backup" / "objects" / NAME / "versions" / versions[1] / "files" / "model.bin"
    if spoil == "a byte":
        weights.write_bytes(b"?" + weights.read_bytes()[1:])
    else:
        weights.unlink()
    restored = empty()
    with pytest.raises(ManifestInvalid, match=r"model\.bin: "):
        restore(restored, "models", NAME, tmp_path / "backup")
    assert restored.list("models", "") == []


@pytest.mark.parametrize("text", ["{", "[]", '{"20261124T101500Z-0123456789ab": "production"}'])
def test_tags_that_are_none_are_named_and_nothing_is_restored(tmp_path: Path, text: str) -> None:
    store = empty()
    publish_many(store, "models", tmp_path / "published", 1)
    backup(store, "models", NAME, tmp_path / "backup")
    tags_file(tmp_path / "backup", NAME).write_text(text)
    restored = empty()
    with pytest.raises(ManifestInvalid, match=rf"tags/{NAME}\.json "):
        restore(restored, "models", NAME, tmp_path / "backup")
    assert restored.list("models", "") == []


def test_another_registry_is_not_overwritten(tmp_path: Path) -> None:
    ours, others = empty(), empty()
    for number, store in enumerate((ours, others)):
        [version] = publish_many(store, "models", tmp_path / str(number), 1)
        promote(store, "models", NAME, version, by=f"person {number}", reason="r", at=NOW)
    backup(ours, "models", NAME, tmp_path / "backup")
    with pytest.raises(ManifestInvalid, match="with another content"):
        restore(others, "models", NAME, tmp_path / "backup")


def test_a_restore_that_is_cut_off_anywhere_is_finished_by_the_next(tmp_path: Path) -> None:
    store = empty()
    first, second = publish_many(store, "models", tmp_path / "published", 2)
    for version in (first, second):
        promote(store, "models", NAME, version, by="a", reason="r", at=NOW)
    backup(store, "models", NAME, tmp_path / "backup")
    for number in range(200):
        restored = empty()
        faulty = FaultyStore(restored, number)
        try:
            restore(faulty, "models", NAME, tmp_path / "backup")
        except StoreUnreachable:
            assert read_decision(restored, "models", NAME).version in (None, first, second)
        restore(restored, "models", NAME, tmp_path / "backup")
        assert read_decision(restored, "models", NAME) == read_decision(store, "models", NAME)
        if not faulty.failed:
            return
    raise AssertionError("it never came through")


def test_a_folder_without_a_backup_of_the_model_is_refused_and_changes_nothing(
    store: ObjectStore, bucket: str, versions: list[str], tmp_path: Path
) -> None:
    backup(store, bucket, NAME, tmp_path / "backup")
    for folder, name, sentence in (
        (tmp_path / "mistyped", NAME, f"mistyped holds no backup of {NAME}: give"),
        (tmp_path / "backup", "radiology", f"holds no backup of radiology; it has {NAME}: give"),
    ):
        restored = empty()
        with pytest.raises(BackupMissing, match=sentence):
            restore(restored, "models", name, folder)
        assert restored.list("models", "") == []


def test_the_lexicons_of_a_model_come_back_with_it_and_those_of_others_do_not(
    store: ObjectStore, bucket: str, versions: list[str], tmp_path: Path
) -> None:
    for model in (NAME, f"{NAME}-2"):
        lexicon = publish_lexicon(store, bucket, model, "cardiologie", b"apixaban\n", NOW)
        promote_lexicon(store, bucket, model, "cardiologie", lexicon, by="a", reason="r", at=NOW)
    backup(store, bucket, NAME, tmp_path / "backup")
    again: list[str] = []
    backup(store, bucket, NAME, tmp_path / "backup", again.append)
    assert [key for key in again if ".lexicon." in key] == [], "what never changes is fetched once"
    restored = empty()
    order: list[str] = []
    restore(restored, "models", NAME, tmp_path / "backup", order.append)
    prefix = f"{NAME}.lexicon."
    assert restored.list("models", prefix) == store.list(bucket, prefix)
    assert read_lexicon(restored, "models", NAME, "cardiologie", lexicon) == b"apixaban\n"
    assert [key.split("/")[1] for key in order if key.startswith(prefix)] == ["versions", "promotions"]
    assert restored.list("models", f"{NAME}-2") == []


def files_below(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_backup_that_fails_at_any_request_leaves_the_one_before_as_it_was(tmp_path: Path) -> None:
    store, folder = empty(), tmp_path / "backup"
    for version in publish_many(store, "models", tmp_path / "published", 2):
        promote(store, "models", NAME, version, by="a", reason="r", at=NOW)
    store.put("models", vocabulary_key(NAME, "ward"), b"apixaban\n")
    backup(store, "models", NAME, folder)
    before = files_below(folder)
    for number in range(100):
        faulty = FaultyStore(store, number)
        try:
            backup(faulty, "models", NAME, folder)
        except StoreUnreachable:
            assert files_below(folder) == before
        if not faulty.failed:
            return
    raise AssertionError("it never came through")


def test_a_disk_that_is_full_leaves_the_tags_of_the_backup_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, folder = empty(), tmp_path / "backup"
    publish_many(store, "models", tmp_path / "published", 1)
    backup(store, "models", NAME, folder)
    before = files_below(folder)

    def full(self: Path, *arguments: object, **options: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(DiskFailed, match="No space left"):
        backup(store, "models", NAME, folder)
    assert files_below(folder) == before


def test_a_model_that_the_store_does_not_have_is_an_error_and_touches_no_backup(
    store: ObjectStore, bucket: str, versions: list[str], tmp_path: Path
) -> None:
    backup(store, bucket, NAME, tmp_path / "backup")
    before = files_below(tmp_path / "backup")
    with pytest.raises(VersionMissing, match=f"holds nothing of the model cadrio; it holds {NAME}"):
        backup(store, bucket, "cadrio", tmp_path / "backup")
    assert files_below(tmp_path / "backup") == before


def test_several_models_in_one_folder_keep_their_own_tags(
    store: ObjectStore, bucket: str, versions: list[str], tmp_path: Path
) -> None:
    folder = model_folder(tmp_path / "published", "other")
    publish_model(store, bucket, "radiology", folder, NOW, format=FORMAT)
    for name in (NAME, "radiology"):
        backup(store, bucket, name, tmp_path / "backup")
    restored = empty()
    restore(restored, "models", NAME, tmp_path / "backup")
    assert read_tags(restored, "models", NAME) == read_tags(store, bucket, NAME)


def test_the_tags_of_an_older_backup_are_read(
    store: ObjectStore, bucket: str, versions: list[str], tmp_path: Path
) -> None:
    backup(store, bucket, NAME, tmp_path / "backup")
    tags_file(tmp_path / "backup", NAME).replace(tmp_path / "backup" / OLD_TAGS)
    restored = empty()
    restore(restored, "models", NAME, tmp_path / "backup")
    assert read_tags(restored, "models", NAME) == read_tags(store, bucket, NAME)


class Watched(MemoryStore):
    """Calls `looked` behind each change of a manifest or its tags."""

    looked: Callable[[], None] = staticmethod(lambda: None)

    def set_tags(self, bucket: str, key: str, tags: Mapping[str, str]) -> None:
        super().set_tags(bucket, key, tags)
        self.looked()

    def create(self, bucket: str, key: str, data: bytes, tags: Mapping[str, str] | None = None) -> None:
        super().create(bucket, key, data, tags)
        self.looked()


@pytest.mark.parametrize("pruned", [False, True])
def test_an_old_backup_changes_nothing_that_serves_in_the_store_it_came_from(tmp_path: Path, pruned: bool) -> None:
    store = Watched()
    store.ensure_bucket("models")
    versions = publish_many(store, "models", tmp_path / "published", 6)
    first, ended, shadow, promoted, newest, canary = versions
    change = {"by": "a", "reason": "r", "at": NOW}
    promote(store, "models", NAME, first, **change)
    for version in (ended, promoted):
        set_stage(store, "models", NAME, version, "canary", share=0.25, **change)
    set_stage(store, "models", NAME, shadow, "shadow", **change)
    backup(store, "models", NAME, tmp_path / "backup")
    set_stage(store, "models", NAME, shadow, "archived", **change)
    for version in (promoted, newest):
        promote(store, "models", NAME, version, **change)
    set_stage(store, "models", NAME, canary, "canary", share=0.1, **change)
    if pruned:
        for version in (first, shadow, promoted):
            for key in [manifest_key(NAME, version), *store.list("models", version_prefix(NAME, version))]:
                store.delete("models", key)
    before = read_decision(store, "models", NAME)
    assert before == Decision(version=newest, canary=Canary(canary, 0.1))
    seen: list[Decision] = []
    store.looked = lambda: seen.append(read_decision(store, "models", NAME))
    restore(store, "models", NAME, tmp_path / "backup")
    assert set(seen) <= {before}
    assert read_decision(store, "models", NAME) == before
    assert list_versions(store, "models", NAME) == versions


def test_manifests_that_another_tool_copied_without_tags_get_those_of_the_backup(
    store: ObjectStore, bucket: str, versions: list[str], tmp_path: Path
) -> None:
    backup(store, bucket, NAME, tmp_path / "backup")
    before = read_tags(store, bucket, NAME)
    for version in versions:
        store.set_tags(bucket, manifest_key(NAME, version), {})
    restore(store, bucket, NAME, tmp_path / "backup")
    assert read_tags(store, bucket, NAME) == before


def test_a_file_that_was_damaged_in_the_store_is_whole_again(
    store: ObjectStore, bucket: str, versions: list[str], tmp_path: Path
) -> None:
    lexicon = publish_lexicon(store, bucket, NAME, "cardiologie", b"apixaban\n", NOW)
    backup(store, bucket, NAME, tmp_path / "backup")
    for key in (file_key(NAME, versions[1], "model.bin"), lexicon_key(NAME, "cardiologie", lexicon)):
        store.put(bucket, key, b"")
    before = read_decision(store, bucket, NAME)
    assert restore(store, bucket, NAME, tmp_path / "backup") == 2
    assert verify_files(store, bucket, read_manifest(store, bucket, NAME, versions[1])) == []
    assert read_lexicon(store, bucket, NAME, "cardiologie", lexicon) == b"apixaban\n"
    assert read_decision(store, bucket, NAME) == before


class Shortening(MemoryStore):
    """Says that it took a file, and keeps none of it."""

    def upload(self, bucket: str, key: str, path: Path) -> None:
        self.put(bucket, key, b"")


def test_a_store_that_kept_less_than_was_sent_is_no_success(
    store: ObjectStore, bucket: str, versions: list[str], tmp_path: Path
) -> None:
    backup(store, bucket, NAME, tmp_path / "backup")
    restored = Shortening()
    restored.ensure_bucket("models")
    with pytest.raises(ManifestInvalid, match="it has 0 bytes, and 2 by the manifest"):
        restore(restored, "models", NAME, tmp_path / "backup")


def test_a_spoiled_lexicon_of_a_backup_is_named_and_nothing_is_restored(
    store: ObjectStore, bucket: str, versions: list[str], tmp_path: Path
) -> None:
    lexicon = publish_lexicon(store, bucket, NAME, "cardiologie", b"apixaban\n", NOW)
    backup(store, bucket, NAME, tmp_path / "backup")
    (tmp_path / "backup" / "objects" / lexicon_key(NAME, "cardiologie", lexicon)).write_bytes(b"")
    restored = empty()
    with pytest.raises(ManifestInvalid, match=r"lexicon\.tsv: its SHA-256 does not begin as its version's name says"):
        restore(restored, "models", NAME, tmp_path / "backup")
    assert restored.list("models", "") == []
