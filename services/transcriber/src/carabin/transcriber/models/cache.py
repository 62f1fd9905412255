"""The versions on the local disk: files, manifest, and which one was in production when the store was last read."""

import hashlib
import logging
import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from carabin.registry.artifacts.bundle import SCRATCH
from carabin.registry.artifacts.manifest import ModelManifest
from carabin.registry.disk import remove_abandoned
from carabin.registry.errors import DiskFailed, RegistryError
from carabin.service.shortage import is_shortage

log = logging.getLogger(__name__)

_PRODUCTION = ".production"
_DRAFT = ".part"


class ModelCache:
    """One model's downloaded versions: `<folder>/<version>/` with its files, and its manifest beside it.

    Files are compared with the manifest at every use; the manifest itself is trusted as the program's own files are.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def place(self, version: str) -> Path:
        """Return where a version's files belong; the folder above is made.

        Raises:
            DiskFailed: the disk is full or may not be written.
        """
        with self._named_if_it_fails():
            self._folder.mkdir(parents=True, exist_ok=True)
        return self._folder / version

    def holds(self, manifest: ModelManifest) -> bool:
        """Return whether every file of the version is there, byte for byte; what is spoiled is removed.

        Raises:
            DiskFailed: what is spoiled cannot be removed, or files are short, so that nobody knows.
        """
        folder = self._folder / manifest.version
        with self._named_if_it_fails():
            if folder.exists() and not _is_whole(folder, manifest):
                shutil.rmtree(folder)
            return folder.exists()

    def remember(self, manifest: ModelManifest, document: bytes) -> None:
        """Keep the manifest as it is stored, signatures and all, for a start without the store."""
        self._write(f"{manifest.version}.json", document)

    def manifest(self, version: str) -> tuple[ModelManifest, bytes] | None:
        """Return what was remembered of a version: its manifest, and the bytes that it was read from."""
        try:
            document = (self._folder / f"{version}.json").read_bytes()
            return ModelManifest.from_bytes(document, version), document
        except (OSError, RegistryError):
            return None

    @property
    def production(self) -> str | None:
        """The version in production when the store was last read."""
        try:
            return (self._folder / _PRODUCTION).read_text(encoding="utf-8").strip() or None
        except OSError:
            return None

    @production.setter
    def production(self, version: str) -> None:
        if version != self.production:
            self._write(_PRODUCTION, version.encode())

    def forget_others(self, kept: Collection[str]) -> None:
        """Remove every version but these, and what a process left that was killed while it wrote."""
        remove_abandoned(self._folder, SCRATCH)
        for path in self._folder.iterdir():
            if path.name.startswith((SCRATCH, _PRODUCTION, f".{_PRODUCTION}")) or _version_of(path) in kept:
                continue
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)

    @contextmanager
    def _named_if_it_fails(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise DiskFailed(f"the cache {self._folder} cannot be used: {error.strerror or error}") from error

    def _write(self, name: str, data: bytes) -> None:
        """Write a small file whole or not at all; a full disk costs a start without the store before the next try."""
        draft = self._folder / f".{name}{_DRAFT}"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            draft.write_bytes(data)
            draft.replace(self._folder / name)
        except OSError as error:
            with suppress(OSError):
                draft.unlink(missing_ok=True)
            log.warning("the cache cannot be written", extra={"event": "cache_failed", "error": str(error)})


def _version_of(path: Path) -> str:
    """Return the version that a folder, a manifest, or a manifest's draft belongs to."""
    return path.name.removeprefix(".").removesuffix(_DRAFT).removesuffix(".json")


def _is_whole(folder: Path, manifest: ModelManifest) -> bool:
    try:
        return all(_digest(folder / entry.path) == entry.sha256 for entry in manifest.files)
    except OSError as error:
        if is_shortage(error):  # nobody knows, and what is not whole is removed
            raise
        return False


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
