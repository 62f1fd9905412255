"""Versions on the local disk: whole or removed, remembered for a start without the store, and no more than are kept."""

import errno
from datetime import UTC, datetime
from pathlib import Path

import pytest
from carabin.registry.artifacts.bundle import describe_folder
from carabin.registry.artifacts.manifest import ModelManifest
from carabin.registry.errors import DiskFailed
from carabin.transcriber.models.cache import ModelCache

from ..helpers.real_models import FORMAT


@pytest.fixture
def cache(tmp_path: Path) -> ModelCache:
    return ModelCache(tmp_path / "cardio")


def keep(cache: ModelCache, version: str = "v1") -> ModelManifest:
    """Put a version of two files into the cache, with its manifest."""
    folder = cache.place(version)
    folder.mkdir()
    (folder / "model.bin").write_bytes(b"weights of " + version.encode())
    (folder / "config.json").write_text("{}")
    manifest = ModelManifest(
        name="cardio", version=version, created_at=datetime(2026, 1, 1, tzinfo=UTC), files=describe_folder(folder),
        format=FORMAT,
    )  # fmt: skip
    cache.remember(manifest, manifest.to_bytes())
    return manifest


def test_a_whole_version_is_held_and_comes_back_with_the_bytes_that_were_signed(cache: ModelCache) -> None:
    manifest = keep(cache)
    assert cache.holds(manifest)
    assert cache.manifest("v1") == (manifest, manifest.to_bytes())


@pytest.mark.parametrize("spoiled", [b"weights of v2", b"weights", None])
def test_a_version_with_a_changed_a_cut_or_a_lost_file_is_removed(cache: ModelCache, spoiled: bytes | None) -> None:
    manifest = keep(cache)
    path = cache.place("v1") / "model.bin"
    path.unlink() if spoiled is None else path.write_bytes(spoiled)
    assert not cache.holds(manifest)
    assert not cache.place("v1").exists()


def test_a_version_is_not_removed_where_no_further_file_may_be_opened(
    cache: ModelCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest = keep(cache)

    def fail(_path: Path) -> str:
        raise OSError(errno.EMFILE, "Too many open files")

    with monkeypatch.context() as short:
        short.setattr("carabin.transcriber.models.cache._digest", fail)
        with pytest.raises(DiskFailed, match="Too many open files"):
            cache.holds(manifest)
    assert cache.holds(manifest)


def test_a_version_that_never_was_there_or_cannot_be_read_is_none(cache: ModelCache) -> None:
    manifest = keep(cache)
    assert not cache.holds(manifest.model_copy(update={"version": "v2"}))
    assert cache.manifest("v2") is None
    (cache.place("v1").parent / "v1.json").write_text("{")
    assert cache.manifest("v1") is None


def test_the_version_in_production_outlives_the_process(cache: ModelCache, tmp_path: Path) -> None:
    assert cache.production is None
    cache.production = "v1"
    assert ModelCache(tmp_path / "cardio").production == "v1"
    cache.production = "v2"
    assert cache.production == "v2"


def test_only_kept_versions_stay_and_what_is_in_production_is_not_forgotten(cache: ModelCache) -> None:
    for version in ("v1", "v2", "v3"):
        keep(cache, version)
    cache.production = "v2"
    cache.forget_others({"v2"})
    assert sorted(path.name for path in cache.place("v2").parent.iterdir()) == [".production", "v2", "v2.json"]


def test_what_a_killed_process_left_goes_with_the_versions_that_are_forgotten(cache: ModelCache) -> None:
    keep(cache, "v1")
    cache.production = "v1"
    folder = cache.place("v1").parent
    for left in (".fetch-empty", ".fetch-half/files"):
        (folder / left).mkdir(parents=True)
    for left in (".v0.json.part", ".v1.json.part", "..production.part"):
        (folder / left).write_text("{")
    cache.forget_others({"v1"})
    found = {path.name for path in folder.iterdir()}
    assert found == {".production", "..production.part", "v1", "v1.json", ".v1.json.part"}


def test_a_disk_that_cannot_be_written_costs_a_line_in_the_log_and_nothing_else(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    cache = ModelCache(tmp_path / "file" / "cardio")
    cache.production = "v1"
    assert cache.production is None
    assert [vars(line)["event"] for line in caplog.records] == ["cache_failed"]


def test_a_cache_whose_disk_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DiskFailed, match=f"the cache {tmp_path}/file/cardio cannot be used: Not a directory"):
        ModelCache(tmp_path / "file" / "cardio").place("v1")


def test_a_small_file_for_which_there_was_no_room_leaves_nothing_and_is_written_the_next_time(
    cache: ModelCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache.production = "v1"

    def fill_up(path: Path, target: Path) -> Path:
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", fill_up)
        cache.production = "v2"
    folder = cache.place("v1").parent
    assert [path.name for path in folder.iterdir()] == [".production"]
    cache.production = "v2"
    assert cache.production == "v2"
