"""What a build has done already, on disk: a killed build goes on there, and the next one does only what is new.

    index.sqlite     what each file was judged as, and what the stock model recognised in which sound
    sounds/ab/*.flac each accepted sound once, by its SHA-256
    lock             held by the build that works here

The folder holds dictations: it is readable by its owner alone, and `forget_unused` deletes what the last build no
longer used, so that a recording that was withdrawn from its folder does not stay here. Nothing is deleted but those
files, and nothing is written into a folder of somebody else's.
"""

import fcntl
import json
import re
import sqlite3
from collections.abc import Callable, Iterator, Set
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final, Self

from ..data.audio import sha256
from ..errors import DatasetInvalid
from ..quality.report import Finding
from .decoding import DecodedFile, save_sound, sound_path

_INDEX: Final = "index.sqlite"
_INDEX_FILES: Final = (_INDEX, f"{_INDEX}-wal", f"{_INDEX}-shm", f"{_INDEX}-journal")
"""SQLite's own beside it, of which none is left where a build was not killed."""
_LOCK: Final = "lock"
_SOUND: Final = re.compile(r"([0-9a-f]{64})\.(flac|\d+)")
"""A sound, or what a process that was killed had written of one (`save_sound`)."""
_TABLES: Final = """
CREATE TABLE IF NOT EXISTS decoded (key TEXT PRIMARY KEY, sha256 TEXT, n_samples INTEGER, findings TEXT);
CREATE TABLE IF NOT EXISTS recognized (what TEXT, sha256 TEXT, result TEXT, PRIMARY KEY (what, sha256));
"""
_TABLE_NAMES: Final = {"decoded", "recognized"}


class WorkFolder:
    """One build's memory; use `opened`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.sounds = folder / "sounds"
        self._used_keys: set[str] = set()
        self._used_sounds: set[str] = set()
        self._index = sqlite3.connect(folder / _INDEX, isolation_level=None)
        # Each result is written when it is there: a kill loses those in work, a power cut some more.
        self._index.execute("PRAGMA journal_mode = WAL")
        self._index.execute("PRAGMA synchronous = NORMAL")
        self._index.executescript(_TABLES)

    @classmethod
    @contextmanager
    def opened(cls, folder: Path) -> Iterator[Self]:
        """Yield the folder's contents, which nobody else uses meanwhile.

        Raises:
            DatasetInvalid: another build works there, the folder holds what no build wrote, or it cannot be used.
        """
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            _require_ours(folder)
            lock = (folder / _LOCK).open("a")
        except OSError as error:
            raise DatasetInvalid(f"{folder}: it cannot be written: {error.strerror or error}") from error
        with lock, _translate_index_errors(folder):
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise DatasetInvalid(f"{folder}: another build works there: wait for it, or name another") from error
            work = cls(folder)
            try:
                yield work
            finally:
                work._index.close()

    def find(self, key: str) -> DecodedFile | None:
        """Return what a file of this key was judged as; None where that is not known, or its sound is gone."""
        row = self._index.execute("SELECT sha256, n_samples, findings FROM decoded WHERE key = ?", (key,)).fetchone()
        if row is None or (row[0] is not None and not self.sound(row[0]).is_file()):
            return None
        self._use(key, row[0])
        return DecodedFile(row[0], row[1], tuple(Finding(**finding) for finding in json.loads(row[2])))

    def keep(self, key: str, decoded: DecodedFile) -> None:
        """Remember what a file was judged as; its sound is saved already."""
        findings = json.dumps([asdict(finding) for finding in decoded.findings])
        row = (key, decoded.sha256, decoded.n_samples, findings)
        self._index.execute("INSERT OR REPLACE INTO decoded VALUES (?, ?, ?, ?)", row)
        self._use(key, decoded.sha256)

    def recognized(self, what: str, digest: str, recognize: Callable[[], Any]) -> Any:
        """Return what the stock model makes of a sound, as JSON holds it, from `recognize` the first time."""
        query = "SELECT result FROM recognized WHERE what = ? AND sha256 = ?"
        if row := self._index.execute(query, (what, digest)).fetchone():
            return json.loads(row[0])
        result = recognize()
        row = (what, digest, json.dumps(result))
        self._index.execute("INSERT OR REPLACE INTO recognized VALUES (?, ?, ?)", row)
        return result

    def sound(self, digest: str) -> Path:
        """Return where the FLAC of a sound is."""
        return sound_path(self.sounds, digest)

    def save(self, flac: bytes) -> str:
        """Store a sound and return its SHA-256."""
        digest = sha256(flac)
        save_sound(self.sounds, digest, flac)
        self._used_sounds.add(digest)
        return digest

    def forget_unused(self) -> None:
        """Delete every sound and every judgement that this build did not use."""
        for (key,) in self._index.execute("SELECT key FROM decoded").fetchall():
            if key not in self._used_keys:
                self._index.execute("DELETE FROM decoded WHERE key = ?", (key,))
        for (digest,) in self._index.execute("SELECT DISTINCT sha256 FROM recognized").fetchall():
            if digest not in self._used_sounds:
                self._index.execute("DELETE FROM recognized WHERE sha256 = ?", (digest,))
        self._delete_sounds(but=self._used_sounds)
        self._index.execute("VACUUM")

    def forget(self) -> None:
        """Delete everything that builds wrote, and the folder where nothing else is in it."""
        self._index.close()
        self._delete_sounds()
        for name in (*_INDEX_FILES, _LOCK):
            (self.folder / name).unlink(missing_ok=True)
        _delete_if_empty(self.sounds)
        _delete_if_empty(self.folder)

    def _delete_sounds(self, but: Set[str] = frozenset()) -> None:
        """Delete our sounds but those of the hashes `but`, and folders of theirs that are empty then."""
        for file in list(self.sounds.glob("[0-9a-f][0-9a-f]/*")):
            ours = _SOUND.fullmatch(file.name)
            if ours and file.is_file() and (ours[2] != "flac" or ours[1] not in but):
                file.unlink()
        for folder in list(self.sounds.glob("[0-9a-f][0-9a-f]")):
            _delete_if_empty(folder)

    def _use(self, key: str, digest: str | None) -> None:
        self._used_keys.add(key)
        if digest is not None:
            self._used_sounds.add(digest)


def _require_ours(folder: Path) -> None:
    """Write nothing, and make sure that a build made the folder, or that nothing is in it.

    Raises:
        DatasetInvalid: it is somebody else's, or its index cannot be used.
    """
    names = {path.name for path in folder.iterdir()}
    if _INDEX in names:
        with (
            _translate_index_errors(folder),
            closing(sqlite3.connect(f"{(folder / _INDEX).absolute().as_uri()}?mode=ro", uri=True)) as index,
        ):
            tables = {name for (name,) in index.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        # A build that was killed at once had not made all its tables, and nothing else.
        ours = tables == _TABLE_NAMES or (tables < _TABLE_NAMES and names <= {*_INDEX_FILES, _LOCK})
    else:
        ours = not names or (names == {_LOCK} and (folder / _LOCK).stat().st_size == 0)
    if not ours:
        raise DatasetInvalid(f"{folder}: it holds what no build wrote: name an empty folder, or one that a build made")


@contextmanager
def _translate_index_errors(folder: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.DatabaseError as error:
        raise DatasetInvalid(
            f"{folder}: its index cannot be used ({error}): delete the folder if nothing else is in it, or name another"
        ) from error


def _delete_if_empty(folder: Path) -> None:
    with suppress(OSError):  # not empty, or not a folder
        folder.rmdir()
