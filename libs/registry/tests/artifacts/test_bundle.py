"""Files travel whole: what changes on the way, or lies, is named, and nothing half-fetched is ever visible."""

import errno
import resource
from pathlib import Path

import pytest
from carabin.registry.artifacts.bundle import describe_folder, fetch_files, upload_files
from carabin.registry.artifacts.records import FileEntry, fingerprint
from carabin.registry.errors import DiskFailed, ManifestInvalid, UnsafePath
from carabin.registry.store import ObjectStore
from carabin.registry.testing.memory import MemoryStore
from pydantic import ValidationError

from ..helpers.versions import model_folder


def key_of(path: str) -> str:
    return f"folder/{path}"


def test_folders_come_back_with_their_folders(store: ObjectStore, bucket: str, tmp_path: Path) -> None:
    folder = model_folder(tmp_path, "source")
    (folder / "training").mkdir()
    (folder / "training" / "état.bin".replace("é", "e")).write_bytes(b"")
    files = describe_folder(folder)
    upload_files(store, bucket, key_of, folder, files)
    got = fetch_files(store, bucket, key_of, files, tmp_path / "cache" / "got")
    assert describe_folder(got) == files
    assert fingerprint(files) == fingerprint(tuple(reversed(files)))


def test_a_file_that_changes_while_it_is_sent_publishes_nothing(tmp_path: Path) -> None:
    folder = model_folder(tmp_path, "source")
    files = describe_folder(folder)
    (folder / "model.bin").write_text("grown meanwhile")
    store = MemoryStore()
    store.ensure_bucket("b")
    with pytest.raises(DiskFailed, match=r"model\.bin changed while it was uploaded"):
        upload_files(store, "b", key_of, folder, files)


@pytest.mark.parametrize("name", ["é.bin", "a b", "-x"])
def test_a_file_whose_name_cannot_be_a_key_is_named(tmp_path: Path, name: str) -> None:
    folder = model_folder(tmp_path, "source")
    (folder / name).write_text("x")
    with pytest.raises(UnsafePath, match=name):
        describe_folder(folder)


@pytest.mark.parametrize("path", ["../model.bin", "/etc/passwd", "a/../../b"])
def test_a_manifest_cannot_name_a_path_outside(path: str) -> None:
    with pytest.raises(ValidationError, match="is not a"):
        FileEntry(path=path, size=1, sha256="0" * 64)


@pytest.mark.parametrize(
    ("lie", "sentence"),
    [
        ({"size": 7}, "SHA-256 differs"),
        ({"sha256": "0" * 64}, "SHA-256 differs"),
        ({"path": "nowhere.bin"}, "names it, and it is not there"),
    ],
)
def test_a_manifest_that_lies_is_refused_and_leaves_nothing(
    store: ObjectStore, bucket: str, tmp_path: Path, lie: dict[str, object], sentence: str
) -> None:
    folder = model_folder(tmp_path, "source")
    files = describe_folder(folder)
    upload_files(store, bucket, key_of, folder, files)
    lying = [files[0], files[1].model_copy(update=lie)]
    with pytest.raises(ManifestInvalid, match=sentence):
        fetch_files(store, bucket, key_of, lying, tmp_path / "cache" / "got")
    assert list((tmp_path / "cache").iterdir()) == []


class FullDisk(MemoryStore):
    """Writes the first file, and finds the disk full at the second."""

    downloads = 0

    def download(self, bucket: str, key: str, path: Path) -> None:
        self.downloads += 1
        if self.downloads == 2:
            path.write_bytes(b"half")
            raise OSError(errno.ENOSPC, "No space left on device")
        super().download(bucket, key, path)


def test_a_disk_that_fills_up_while_fetching_leaves_nothing_half_fetched(tmp_path: Path) -> None:
    store = FullDisk()
    store.ensure_bucket("b")
    folder = model_folder(tmp_path, "source")
    files = describe_folder(folder)
    upload_files(store, "b", key_of, folder, files)
    with pytest.raises(DiskFailed, match=r"cannot write .*got: No space left on device"):
        fetch_files(store, "b", key_of, files, tmp_path / "cache" / "got")
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_disk_that_really_refuses_leaves_nothing_and_is_not_taken_for_an_outage(
    store: ObjectStore, bucket: str, tmp_path: Path
) -> None:
    folder = tmp_path / "source"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    (folder / "model.bin").write_bytes(bytes(3 * 1024 * 1024))
    files = describe_folder(folder)
    upload_files(store, bucket, key_of, folder, files)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2 * 1024 * 1024, hard))
    try:
        with pytest.raises(DiskFailed, match=r"model\.bin: File too large"):
            fetch_files(store, bucket, key_of, files, tmp_path / "cache" / "got")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_target_that_is_there_already_is_left_as_it_is(tmp_path: Path) -> None:
    store = MemoryStore()
    store.ensure_bucket("b")
    folder = model_folder(tmp_path, "source")
    files = describe_folder(folder)
    upload_files(store, "b", key_of, folder, files)
    target = model_folder(tmp_path, "mine")
    with pytest.raises(DiskFailed, match="mine"):
        fetch_files(store, "b", key_of, files, target)
    assert (target / "model.bin").read_text() == "mine"


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(DiskFailed, match="nowhere is not a folder"):
        describe_folder(tmp_path / "nowhere")
