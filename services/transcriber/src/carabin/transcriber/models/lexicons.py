"""The hospital's own words beside the model, in memory: one index over every lexicon in production."""

import logging
import threading
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from carabin.lexicon import Lexicon, LexiconIndex, LexiconInvalid, parse_lexicon
from carabin.lexicon.common import read_word_lists
from carabin.lexicon.entries import MAX_VOCABULARY_BYTES, fold, joined
from carabin.registry.errors import ManifestInvalid, ObjectMissing, PromotionRefused, RegistryError, StoreUnavailable
from carabin.registry.stages.lexicon_keys import IDENTITY, SPECIALTY, VOCABULARY, identity_lexicon, promotable_name
from carabin.registry.stages.lexicons import lexicons_in_use, read_in_use
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
        """The lexicons of a vocabulary, of a specialty or of a person, by their names in the store."""
        self._parsed: dict[str, tuple[str, Lexicon]] = {}
        self._refused: dict[str, str] = {}
        """The version of each lexicon that could not be used, so that it is said and fetched once."""
        self._failure: str | None = None
        """Why the store's lexicons could not be read the last time, so that it is said once."""

    @property
    def loaded(self) -> LoadedLexicon | None:
        """The lexicon that every session's decodes use from now on; None where there is none."""
        return self._loaded

    def specialties(self) -> set[str]:
        """Return the specialties that have a lexicon."""
        return {name.removeprefix(SPECIALTY) for name in self._scoped if name.startswith(SPECIALTY)}

    def vocabularies(self) -> dict[str, tuple[str, ...]]:
        """Return the words that a session expects from its first decode on, by the vocabulary that it names."""
        with self._lock:
            parsed = self._parsed
        return {
            name.removeprefix(VOCABULARY): tuple(entry.text for entry in lexicon)
            for name, (_, lexicon) in parsed.items()
            if name.startswith(VOCABULARY)
        }

    def of_session(self, named: Iterable[str], identity: str | None) -> list[LoadedLexicon]:
        """Return what a session's decodes use from now on.

        Args:
            named: the vocabularies and specialties that the session named.
            identity: who speaks, where the authentication says so.

        Returns:
            the lexicons of the model, of what was named, and of the speaker.
        """
        with self._lock:
            loaded, scoped = self._loaded, self._scoped
        names = [f"{scope}{name}" for name in named for scope in (VOCABULARY, SPECIALTY)]
        if identity is not None:
            names.append(identity_lexicon(identity))
        return [*([loaded] if loaded else []), *(scoped[name] for name in dict.fromkeys(names) if name in scoped)]

    def read_store(self, store: ObjectStore, bucket: str, model: str) -> None:
        """Load what is in use; while the store is away, and for a version that is broken, the last good one stays."""
        try:
            found = lexicons_in_use(store, bucket, model)
            data = {
                name: (version, content)
                for name, (version, key) in found.items()
                if (content := self._fetched(name, version, store, bucket, key, model)) is not None
            }
        except StoreUnavailable:
            return  # the model watcher logs it, once for both
        except RegistryError as error:
            if self._failure != str(error):
                log.warning("lexicons cannot be read", extra={"event": "lexicon_failed", "error": str(error)})
            self._failure = str(error)
            return
        self._failure = None
        kept = {name: parsed for name, parsed in self._parsed.items() if name in found}
        self._take(kept, data)

    def read_folder(self, folder: Path) -> None:
        """Load a local folder's files, named as in the store: `specialty.cardiologie.tsv` is a specialty's.

        `*.txt` are vocabularies: `cardiologie.txt` is the same as `vocabulary.cardiologie.tsv`, which goes before it.
        """
        paths = {f"{VOCABULARY}{path.stem}": path for path in sorted(folder.glob("*.txt"))}
        for path in sorted(folder.glob("*.tsv")):
            try:
                paths[promotable_name(path.stem)] = path
            except PromotionRefused as error:
                self._refuse(path.stem, "", error)
        files: dict[str, tuple[str, bytes]] = {}
        for name, path in paths.items():
            try:
                files[name] = f"{path.stat().st_mtime_ns}", path.read_bytes()
            except OSError as error:
                self._refuse(name, "", error)
        kept = {name: parsed for name, parsed in self._parsed.items() if name in files}
        self._take(kept, {name: file for name, file in files.items() if kept.get(name, ("",))[0] != file[0]})

    def _fetched(self, name: str, version: str, store: ObjectStore, bucket: str, key: str, model: str) -> bytes | None:
        """Return a version's file; None for one that is loaded, was refused before, is gone, or was written over."""
        if self._parsed.get(name, ("",))[0] == version or self._refused.get(name) == version:
            return None
        try:
            return read_in_use(store, bucket, model, name, version, key)
        except (ObjectMissing, ManifestInvalid) as error:
            self._refuse(name, version, error)
            return None

    def _refuse(self, name: str, version: str, error: Exception) -> None:
        if self._refused.get(name) != version:
            detail = {"event": "lexicon_bad", "lexicon": name, "error": str(error)}
            log.warning("a lexicon is not usable", extra=detail)
        self._refused[name] = version

    def _take(self, kept: dict[str, tuple[str, Lexicon]], changed: Mapping[str, tuple[str, bytes]]) -> None:
        parsed = dict(kept)
        for name, (version, data) in changed.items():
            try:
                parsed[name] = version, _parsed(data, name, version)
            except LexiconInvalid as error:
                self._refuse(name, version, error)
        if {name: version for name, (version, _) in parsed.items()} == self._versions():
            return
        versions = {name: version for name, (version, _) in parsed.items()}
        scopes = (VOCABULARY, SPECIALTY, IDENTITY)
        shared = {name: version for name, version in versions.items() if not name.startswith(scopes)}
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


def _parsed(data: bytes, name: str, version: str) -> Lexicon:
    """Read a lexicon.

    A vocabulary may be older than the rules for entries: lines that break them are left out.

    Raises:
        LexiconInvalid: it cannot be used.
    """
    source = f"lexicon {name} {version}"
    if not name.startswith(VOCABULARY):
        return parse_lexicon(data, source=source)
    if len(data) > MAX_VOCABULARY_BYTES:
        raise LexiconInvalid(f"{source} has {len(data)} bytes, more than {MAX_VOCABULARY_BYTES}")
    lexicon = parse_lexicon(data, source=source, skip_refused=True)
    if lexicon.refused:
        detail = {"event": "vocabulary_lines_refused", "lines": len(lexicon.refused), "error": lexicon.refused[0]}
        log.warning("lines of a vocabulary are left out", extra=detail)
    return lexicon
