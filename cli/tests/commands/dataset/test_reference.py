"""Tests of what a dataset's name means: a folder here, or a version of the store that is fetched and removed again."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from carabin.cli.commands.dataset import reference
from carabin.cli.commands.dataset.reference import dataset_folder, find_manifest, texts_folder
from carabin.registry.artifacts.datasets import DatasetManifest, publish_dataset
from carabin.registry.errors import VersionMissing
from carabin.registry.settings import StoreSettings
from carabin.registry.testing.memory import MemoryStore
from carabin.trainer.data.index import INDEX_FILE
from pydantic import SecretStr

SETTINGS = StoreSettings(endpoint="memory", access_key="tests", secret_key=SecretStr("tests"))
BUCKET = SETTINGS.datasets_bucket
AT = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> MemoryStore:
    store = MemoryStore()
    store.ensure_bucket(BUCKET)
    monkeypatch.setattr(reference, "connect", lambda: store)
    monkeypatch.setattr(reference, "store_settings", lambda: SETTINGS)
    monkeypatch.chdir(tmp_path)
    return store


def published(store: MemoryStore, folder: Path, number: int, *, index: bool = True) -> DatasetManifest:
    """Publish a version whose files hold its number."""
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "train.parquet").write_text(f"sounds {number}")
    if index:
        (folder / INDEX_FILE).write_text(f"texts {number}")
    at = AT + timedelta(hours=number)
    return publish_dataset(store, BUCKET, "cardio", folder, at, source={}, counts={})


def test_a_name_is_its_newest_version_and_one_with_a_version_that_one(store: MemoryStore, tmp_path: Path) -> None:
    old, new = (published(store, tmp_path / f"made-{number}", number) for number in (1, 2))
    assert find_manifest("cardio") == new
    assert find_manifest("cardio@") == new
    assert find_manifest(f"cardio@{old.version}") == old
    with pytest.raises(VersionMissing, match="nothing"):
        find_manifest("nothing")
    with pytest.raises(VersionMissing, match="no version"):
        find_manifest("cardio@19700101T000000Z-000000000000")


def test_a_folder_here_is_itself_also_where_the_store_has_that_name(store: MemoryStore, tmp_path: Path) -> None:
    published(store, tmp_path / "made", 1)
    (tmp_path / "cardio").mkdir()
    assert find_manifest("cardio") is None
    for opened in (dataset_folder, texts_folder):
        with opened("cardio") as folder:
            assert folder == Path("cardio")
        assert folder.is_dir()


def test_a_version_of_the_store_is_there_for_as_long_as_the_block_lasts(store: MemoryStore, tmp_path: Path) -> None:
    published(store, tmp_path / "made", 1)
    with dataset_folder("cardio") as folder:
        assert (folder / "data" / "train.parquet").read_text() == "sounds 1"
    assert not folder.exists()


def test_a_manifest_that_was_found_is_not_looked_for_again(store: MemoryStore, tmp_path: Path) -> None:
    old = published(store, tmp_path / "made-1", 1)
    published(store, tmp_path / "made-2", 2)
    with dataset_folder("cardio", old) as folder:
        assert (folder / "data" / "train.parquet").read_text() == "sounds 1"
    with texts_folder("cardio", old) as folder:
        assert (folder / INDEX_FILE).read_text() == "texts 1"


def test_texts_are_fetched_without_the_sounds(
    store: MemoryStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    published(store, tmp_path / "made", 1)
    with texts_folder("cardio") as folder:
        assert [file.name for file in folder.rglob("*") if file.is_file()] == [INDEX_FILE]
    assert not folder.exists()
    assert capsys.readouterr().err == ""


def test_a_version_without_an_index_is_fetched_whole_and_that_is_said(
    store: MemoryStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    manifest = published(store, tmp_path / "made", 1, index=False)
    with texts_folder("cardio") as folder:
        assert (folder / "data" / "train.parquet").read_text() == "sounds 1"
    assert not folder.exists()
    assert capsys.readouterr().err == f"cardio {manifest.version} has no index: all of it is fetched (0 MB)\n"
