"""The named lists of words beside the model, in memory."""

import logging
import threading
from collections.abc import Mapping
from pathlib import Path

from carabin.registry.errors import RegistryError, StoreUnreachable
from carabin.registry.layout import vocabularies_prefix
from carabin.registry.store import ObjectStore

log = logging.getLogger(__name__)

MAX_VOCABULARY_BYTES = 64 * 1024
"""A list of words, not a book: a prompt holds about a hundred of them."""


def parse_vocabulary(data: bytes) -> tuple[str, ...]:
    """Read a list of words: one a line, `#` begins a comment, empty lines are skipped.

    Raises:
        ValueError: it is not UTF-8, or longer than any prompt can use.
    """
    if len(data) > MAX_VOCABULARY_BYTES:
        raise ValueError(f"it has {len(data)} bytes, more than {MAX_VOCABULARY_BYTES}")
    lines = (line.split("#")[0].strip() for line in data.decode("utf-8-sig").splitlines())
    return tuple(line for line in lines if line)


class Vocabularies:
    """The named lists, in memory; sessions never wait for the store."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._words: dict[str, tuple[str, ...]] = {}
        self._etags: dict[str, str] = {}

    @property
    def words(self) -> Mapping[str, tuple[str, ...]]:
        """The words of each list, by its name."""
        return self._words

    def read_store(self, store: ObjectStore, bucket: str, model: str) -> None:
        """Read what changed; while the store is away, and for a list that is broken, the last good words stay."""
        prefix = vocabularies_prefix(model)
        try:
            keys = [key for key in store.list(bucket, prefix) if key.endswith(".txt")]
            etags = {key: store.stat(bucket, key).etag for key in keys}
            changed = [key for key in keys if self._etags.get(key) != etags[key]]
            data = {key: store.get(bucket, key) for key in changed}
        except StoreUnreachable:
            return  # the model watcher logs it, once for both
        except RegistryError as error:
            log.warning("vocabularies cannot be read", extra={"event": "vocabulary_failed", "error": str(error)})
            return
        words = {name: self._words.get(name, ()) for key in keys if (name := _name(key, prefix))}
        for key in changed:
            words.update(_parsed(_name(key, prefix), data[key]))
        with self._lock:
            self._words, self._etags = words, etags

    def read_folder(self, folder: Path) -> None:
        """Read every `*.txt` of a local folder."""
        words: dict[str, tuple[str, ...]] = {}
        for path in sorted(folder.glob("*.txt")):
            words.update(_parsed(path.stem, path.read_bytes()))
        with self._lock:
            self._words = words


def _name(key: str, prefix: str) -> str:
    return key.removeprefix(prefix).removesuffix(".txt")


def _parsed(name: str, data: bytes) -> dict[str, tuple[str, ...]]:
    try:
        return {name: parse_vocabulary(data)}
    except ValueError as error:
        log.warning(
            "a vocabulary is not usable", extra={"event": "vocabulary_bad", "vocabulary": name, "error": str(error)}
        )
        return {}
