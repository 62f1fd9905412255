"""What a build has done already, on disk: a killed build goes on there, and the next one does only what is new.

    index.sqlite     what each file was judged as, and what the stock model recognised in which sound
    sounds/ab/*.flac each accepted sound once, by its SHA-256
    lock             held by the build that works here

The folder holds dictations: it is readable by its owner alone, and `forget_unused` deletes what the last build no
longer used, so that a recording that was withdrawn from its folder does not stay here.
"""

import fcntl
import json
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final, Self

from ..data.audio import sha256
from ..errors import DatasetInvalid
from ..quality.report import Finding
from .decoding import DecodedFile, save_sound, sound_path

_TABLES: Final = """
CREATE TABLE IF NOT EXISTS decoded (key TEXT PRIMARY KEY, sha256 TEXT, n_samples INTEGER, findings TEXT);
CREATE TABLE IF NOT EXISTS recognized (what TEXT, sha256 TEXT, result TEXT, PRIMARY KEY (what, sha256));
"""


class WorkFolder:
    """One build's memory; use `opened`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.sounds = folder / "sounds"
        self._used_keys: set[str] = set()
        self._used_sounds: set[str] = set()
        self._index = sqlite3.connect(folder / "index.sqlite", isolation_level=None)
        # Each result is written when it is there: a kill loses those in work, a power cut some more.
        self._index.execute("PRAGMA journal_mode = WAL")
        self._index.execute("PRAGMA synchronous = NORMAL")
        self._index.executescript(_TABLES)

    @classmethod
    @contextmanager
    def opened(cls, folder: Path) -> Iterator[Self]:
        """Yield the folder's contents, which nobody else uses meanwhile.

        Raises:
            DatasetInvalid: another build works there, or the folder cannot be used.
        """
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            lock = (folder / "lock").open("w")
        except OSError as error:
            raise DatasetInvalid(f"{folder}: it cannot be written: {error.strerror or error}") from error
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise DatasetInvalid(f"{folder}: another build works there: wait for it, or name another") from error
            try:
                work = cls(folder)
                try:
                    yield work
                finally:
                    work._index.close()
            except sqlite3.DatabaseError as error:
                raise DatasetInvalid(f"{folder}: its index cannot be used ({error}): delete the folder") from error

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
        for file in self.sounds.glob("*/*"):
            if file.stem not in self._used_sounds:
                file.unlink()
        self._index.execute("VACUUM")

    def forget(self) -> None:
        """Delete everything."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _use(self, key: str, digest: str | None) -> None:
        self._used_keys.add(key)
        if digest is not None:
            self._used_sounds.add(digest)
