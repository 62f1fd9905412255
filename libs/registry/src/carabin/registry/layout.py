"""Where things lie in the `models` bucket; the only place that spells a key."""

import re
from pathlib import PurePosixPath

from .errors import UnsafePath

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def safe_name(name: str) -> str:
    """Return `name` if it can be one step of a key; raise UnsafePath otherwise."""
    if not _NAME.fullmatch(name):
        raise UnsafePath(f"{name!r} is not a plain name of letters, digits, '.', '_' and '-'")
    return name


def safe_file(path: str) -> str:
    """Return a relative file path whose every step is a plain name; raise UnsafePath otherwise."""
    parts = PurePosixPath(path).parts
    if not parts or "/".join(parts) != path:
        raise UnsafePath(f"{path!r} is not a relative file path")
    for part in parts:
        safe_name(part)
    return path


def versions_prefix(model: str) -> str:
    return f"{safe_name(model)}/versions/"


def file_key(model: str, version: str, path: str) -> str:
    return f"{versions_prefix(model)}{safe_name(version)}/files/{safe_file(path)}"


def manifest_key(model: str, version: str) -> str:
    return f"{versions_prefix(model)}{safe_name(version)}/manifest.json"


def promotions_prefix(model: str) -> str:
    return f"{safe_name(model)}/promotions/"


def promotion_key(model: str, number: int) -> str:
    # Ten digits sort as text for longer than anyone will promote.
    return f"{promotions_prefix(model)}{number:010d}.json"
