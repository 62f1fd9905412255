"""How a lexicon beside a model is named; the name says for whom it is.

- `<name>`: for every session of the model;
- `specialty.<specialty>`: for sessions that name the specialty among their vocabularies;
- `vocabulary.<vocabulary>`: for the same sessions, and expected from their first decode on: a list that a prompt holds;
- `identity.<16 hex of the SHA-256>`: for one person, as the authentication names them.
"""

import hashlib
import re
from datetime import datetime
from typing import Final

from ..errors import PromotionRefused
from ..layout import LEXICON_FILE, safe_name, versions_prefix

SPECIALTY: Final = "specialty."
VOCABULARY: Final = "vocabulary."
IDENTITY: Final = "identity."
PREFIXES: Final = (SPECIALTY, VOCABULARY, IDENTITY)
INFIX: Final = ".lexicon."
_DIGEST: Final = re.compile(r"[0-9a-f]{16}")
_VERSION: Final = re.compile(r"\d{8}T\d{6}-[0-9a-f]{8}")


def canonical_name(name: str) -> str:
    """Return a lexicon's name in the store; `identity.` may be followed by a person's name of the authentication."""
    if name.startswith(IDENTITY) and not _DIGEST.fullmatch(name.removeprefix(IDENTITY)):
        return identity_lexicon(name.removeprefix(IDENTITY))
    return name


def name_and_version(given: str) -> tuple[str, str | None]:
    """Return the name in the store, and the version, of NAME or NAME@VERSION; a person's name may have an @ itself."""
    name, at, version = given.rpartition("@")
    if not at or (given.startswith(IDENTITY) and not _VERSION.fullmatch(version)):
        return canonical_name(given), None
    return canonical_name(name), version or None


def promotable_name(given: str) -> str:
    """Return the name in the store of a lexicon that is to be promoted under the name `given`.

    A dot stands only behind `specialty.`, `vocabulary.` or `identity.`: with a mistyped prefix it would be a plain
    name, whose lexicon every session uses. Older names with other dots are still read and withdrawn.

    Raises:
        PromotionRefused: it is empty, has a dot behind something else, or nothing behind its prefix.
    """
    if not given.strip():
        raise PromotionRefused("a lexicon needs a name, and the one given is empty")
    before, dot, rest = given.partition(".")
    if dot and f"{before}." not in PREFIXES:
        raise PromotionRefused(
            f"{given!r} begins with none of {', '.join(PREFIXES)}, and as a plain name every session would use it:"
            " correct what stands before the dot, or give a name without a dot"
        )
    if dot and not rest.strip():
        raise PromotionRefused(f"{given!r} has nothing behind its dot: say for whom the lexicon is, as {before}.NAME")
    return canonical_name(given)


def identity_lexicon(identity: str) -> str:
    """Return the name of a person's own lexicon; the person stands in it as a digest, which may be any text."""
    return f"{IDENTITY}{hashlib.sha256(identity.encode()).hexdigest()[:16]}"


def lexicon_id(model: str, name: str) -> str:
    """Return the registry's name of a lexicon of a model."""
    return f"{safe_name(model)}{INFIX}{safe_name(name)}"


def lexicon_key(model: str, name: str, version: str) -> str:
    return f"{versions_prefix(lexicon_id(model, name))}{safe_name(version)}/{LEXICON_FILE}"


def version_name(data: bytes, at: datetime) -> str:
    """Return the name of a version: the time of its first publication, and the beginning of its bytes' SHA-256."""
    return f"{at:%Y%m%dT%H%M%S}-{hashlib.sha256(data).hexdigest()[:8]}"


def is_named_after(version: str, data: bytes) -> bool:
    """Say whether a version has the name that `version_name` gives these bytes, at some time."""
    return version.endswith(f"-{hashlib.sha256(data).hexdigest()[:8]}")
