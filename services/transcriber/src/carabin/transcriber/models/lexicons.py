"""The hospital's own words beside the model, in memory: one index over every lexicon in production."""

import logging
import threading
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from carabin.lexicon import Lexicon, LexiconIndex, LexiconInvalid, parse_lexicon
from carabin.lexicon.common import read_word_lists
from carabin.lexicon.entries import fold, joined
from carabin.registry.errors import RegistryError, StoreUnreachable
from carabin.registry.stages.lexicons import (
    IDENTITY,
    SPECIALTY,
    canonical_name,
    identity_lexicon,
    production_lexicons,
)
from carabin.registry.store import ObjectStore

log = logging.getLogger(__name__)


class LoadedLexicon:
    """An index, and the words of its lexicon for the merge; immutable: a decode may hold one while another loads."""

    def __init__(self, lexicon: Lexicon, versions: Mapping[str, str]) -> None:
        read_word_lists()
        self.index = LexiconIndex(lexicon)
        self.known = frozenset(fold(entry.text) for entry in lexicon)
        self.versions = dict(versions)
        """The version of each lexicon that is in it, by name."""


class KnownWords:
    """The words of several lexicons, without joining them."""

    def __init__(self, lexicons: Sequence[LoadedLexicon]) -> None:
        self._lexicons = lexicons

    def __contains__(self, word: object) -> bool:
        return any(word in lexicon.known for lexicon in self._lexicons)


class Lexicons:
    """What is loaded now; decodes read it, and one thread replaces it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loaded: LoadedLexicon | None = None
        self._scoped: dict[str, LoadedLexicon] = {}
        """The lexicons of a specialty or of a person, by their names in the store."""
        self._parsed: dict[str, tuple[str, Lexicon]] = {}
        self._refused: dict[str, str] = {}
        """The version of each lexicon that could not be used, so that it is said once."""

    @property
    def loaded(self) -> LoadedLexicon | None:
        """The lexicon that every session's decodes use from now on; None where there is none."""
        return self._loaded

    def specialties(self) -> set[str]:
        """Return the specialties that have a lexicon."""
        return {name.removeprefix(SPECIALTY) for name in self._scoped if name.startswith(SPECIALTY)}

    def of_session(self, specialties: Iterable[str], identity: str | None) -> list[LoadedLexicon]:
        """Return what a session's decodes use from now on: the model's, its specialties' and its speaker's own."""
        with self._lock:
            loaded, scoped = self._loaded, self._scoped
        names = [f"{SPECIALTY}{specialty}" for specialty in specialties]
        if identity is not None:
            names.append(identity_lexicon(identity))
        return [*([loaded] if loaded else []), *(scoped[name] for name in dict.fromkeys(names) if name in scoped)]

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
        """Load every `*.tsv` of a local folder, named as in the store: `specialty.cardiologie.tsv` is a specialty's."""
        files = {
            canonical_name(path.stem): (f"{path.stat().st_mtime_ns}", path.read_bytes())
            for path in sorted(folder.glob("*.tsv"))
        }
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
        shared = {name: version for name, version in versions.items() if not name.startswith((SPECIALTY, IDENTITY))}
        loaded = self._loaded
        if loaded is None or loaded.versions != shared:
            entries = joined(entry for name in shared for entry in parsed[name][1])
            loaded = LoadedLexicon(entries, shared) if shared else None
        scoped: dict[str, LoadedLexicon] = {}
        for name in versions.keys() - shared.keys():
            held = self._scoped.get(name)
            fresh = held is not None and held.versions == {name: versions[name]}
            scoped[name] = held if held and fresh else LoadedLexicon(parsed[name][1], {name: versions[name]})
        with self._lock:
            self._parsed, self._loaded, self._scoped = parsed, loaded, scoped
        count = sum(len(lexicon) for _, lexicon in parsed.values())
        log.info("lexicons loaded", extra={"event": "lexicon_loaded", "entries": count, "lexicons": dict(versions)})

    def _versions(self) -> dict[str, str]:
        return {name: version for name, (version, _) in self._parsed.items()}
