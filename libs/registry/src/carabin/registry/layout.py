"""Where things lie in the three buckets: the only place that spells their keys, but for lexicons (`lexicon_keys`)."""

import re
from pathlib import PurePosixPath
from typing import Final

from .errors import UnsafePath

LEXICON_FILE: Final = "lexicon.tsv"
"""The one file of a lexicon's version."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def is_safe_name(name: str) -> bool:
    """Say whether `name` can be one step of a key of ours; what others put beside ours is passed over."""
    return _NAME.fullmatch(name) is not None


def safe_name(name: str) -> str:
    """Return `name` if it can be one step of a key; raise UnsafePath otherwise."""
    if not is_safe_name(name):
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


def version_prefix(model: str, version: str) -> str:
    return f"{versions_prefix(model)}{safe_name(version)}/"


def file_key(model: str, version: str, path: str) -> str:
    return f"{version_prefix(model, version)}files/{safe_file(path)}"


def manifest_key(model: str, version: str) -> str:
    return f"{version_prefix(model, version)}manifest.json"


def promotions_prefix(model: str) -> str:
    return f"{safe_name(model)}/promotions/"


def promotion_key(model: str, number: int) -> str:
    # Ten digits sort as text for longer than anyone will promote.
    return f"{promotions_prefix(model)}{number:010d}.json"


def stages_prefix(model: str) -> str:
    return f"{safe_name(model)}/stages/"


def stage_key(model: str, number: int) -> str:
    return f"{stages_prefix(model)}{number:010d}.json"


def promotions_hint_key(model: str) -> str:
    """Return the key of the note that says near which number the log of promotions ends."""
    return f"{promotions_prefix(model)}head.json"


def stages_hint_key(model: str) -> str:
    """Return the key of the note that says near which number the log of stages ends."""
    return f"{stages_prefix(model)}head.json"


def rollout_key(model: str) -> str:
    """Return the key of the state of a model's newest rollout."""
    return f"{safe_name(model)}/rollouts/state.json"


def record_number(key: str) -> int:
    """Return the number in the key of a log's record, or -1 where the key is not one."""
    stem = key.rsplit("/", 1)[-1].removesuffix(".json")
    return int(stem) if len(stem) == 10 and stem.isascii() and stem.isdigit() else -1


def exports_prefix(model: str) -> str:
    return f"{safe_name(model)}/exports/"


def export_key(model: str, export: str) -> str:
    """Return the key of the record of exporting one checkpoint under this name."""
    return f"{exports_prefix(model)}{safe_name(export)}.json"


def vocabularies_prefix(model: str) -> str:
    return f"{safe_name(model)}/vocabularies/"


def vocabulary_key(model: str, vocabulary: str) -> str:
    """Return the key of a list of terms that sessions may name, one a line."""
    return f"{vocabularies_prefix(model)}{safe_name(vocabulary)}.txt"


def dataset_prefix(dataset: str, version: str) -> str:
    return f"{safe_name(dataset)}/{safe_name(version)}/"


def dataset_file_key(dataset: str, version: str, path: str) -> str:
    return f"{dataset_prefix(dataset, version)}{safe_file(path)}"


def dataset_manifest_key(dataset: str, version: str) -> str:
    return f"{dataset_prefix(dataset, version)}manifest.json"


def run_prefix(run: str) -> str:
    return f"{safe_name(run)}/"


def run_key(run: str) -> str:
    return f"{run_prefix(run)}run.json"


def is_step(text: str) -> bool:
    """Say whether a key's step reads as `checkpoint_prefix` writes it."""
    return re.fullmatch(r"[0-9]{8,}", text) is not None


def checkpoint_prefix(run: str, step: int) -> str:
    # Eight digits sort as text for longer than anyone will train.
    return f"{run_prefix(run)}{step:08d}/"


def checkpoint_file_key(run: str, step: int, path: str) -> str:
    return f"{checkpoint_prefix(run, step)}files/{safe_file(path)}"


def checkpoint_manifest_key(run: str, step: int) -> str:
    return f"{checkpoint_prefix(run, step)}manifest.json"
