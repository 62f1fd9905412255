"""The hospital's own words beside the model, in memory: one index over every lexicon in production."""

import logging
import threading
from collections.abc import Mapping
from pathlib import Path

from carabin.lexicon import Lexicon, LexiconIndex, LexiconInvalid, parse_lexicon
from carabin.lexicon.entries import fold, joined
from carabin.registry.errors import RegistryError, StoreUnreachable
from carabin.registry.stages.lexicons import production_lexicons
from carabin.registry.store import ObjectStore

log = logging.getLogger(__name__)


class LoadedLexicon:
    """An index, and the words of its lexicon for the merge; immutable: a decode may hold one while another loads."""

    def __init__(self, lexicon: Lexicon, versions: Mapping[str, str]) -> None:
        self.index = LexiconIndex(lexicon)
        self.known = frozenset(fold(entry.text) for entry in lexicon)
        self.versions = dict(versions)
        """The version of each lexicon that is in it, by name."""


class Lexicons:
    """What is loaded now; decodes read it, and one thread replaces it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loaded: LoadedLexicon | None = None
        self._parsed: dict[str, tuple[str, Lexicon]] = {}
        self._refused: dict[str, str] = {}
        """The version of each lexicon that could not be used, so that it is said once."""

    @property
    def loaded(self) -> LoadedLexicon | None:
        """The lexicon that decodes use from now on; None where there is none."""
        return self._loaded

    def read_store(self, store: ObjectStore, bucket: str, model: str) -> None:
        """Load what is in use; while the store is away, and for a version that is broken, the last good one stays."""
        try:
            found = production_lexicons(store, bucket, model)
            data = {
                name: (version, store.get(bucket, key))
                for name, (version, key) in found.items()
                if self._parsed.get(name, ("",))[0] != version
            }
        except StoreUnreachable:
            return  # the model watcher logs it, once for both
        except RegistryError as error:
            log.warning("lexicons cannot be read", extra={"event": "lexicon_failed", "error": str(error)})
            return
        kept = {name: parsed for name, parsed in self._parsed.items() if name in found}
        self._take(kept, data)

    def read_folder(self, folder: Path) -> None:
        """Load every `*.tsv` of a local folder."""
        files = {path.stem: (f"{path.stat().st_mtime_ns}", path.read_bytes()) for path in sorted(folder.glob("*.tsv"))}
        kept = {name: parsed for name, parsed in self._parsed.items() if name in files}
        self._take(kept, {name: file for name, file in files.items() if kept.get(name, ("",))[0] != file[0]})

    def _take(self, kept: dict[str, tuple[str, Lexicon]], changed: Mapping[str, tuple[str, bytes]]) -> None:
        parsed = dict(kept)
        for name, (version, data) in changed.items():
            try:
                parsed[name] = version, parse_lexicon(data, source=f"lexicon {name} {version}")
            except LexiconInvalid as error:
                if self._refused.get(name) != version:
                    log.warning("a lexicon is not usable", extra={"event": "lexicon_bad", "error": str(error)})
                self._refused[name] = version
        if {name: version for name, (version, _) in parsed.items()} == self._versions():
            return
        versions = {name: version for name, (version, _) in parsed.items()}
        entries = joined(entry for _, lexicon in parsed.values() for entry in lexicon)
        loaded = LoadedLexicon(entries, versions) if len(entries) else None
        with self._lock:
            self._parsed, self._loaded = parsed, loaded
        log.info(
            "lexicons loaded", extra={"event": "lexicon_loaded", "entries": len(entries), "lexicons": dict(versions)}
        )

    def _versions(self) -> dict[str, str]:
        return {name: version for name, (version, _) in self._parsed.items()}
