"""A model's whole registry and its lexicons as a folder, and back, every byte of a version of the model verified.

    DIR/objects/<key>         each object of the model, under its own key
    DIR/tags/<model>.json     the tags of every manifest, written last; in older backups DIR/tags.json

A folder may hold several models. A backup into the same folder brings what is new: versions and records of the logs
never change. Nothing is deleted from the folder, so that a version that was pruned by mistake is still there.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from ..artifacts.publish import list_models, read_manifest, require_files
from ..artifacts.verify import require_whole
from ..disk import replaced_file
from ..errors import BackupMissing, ManifestInvalid, ObjectMissing, PreconditionFailed, UnsafePath, VersionMissing
from ..layout import (
    LEXICON_FILE,
    is_safe_name,
    manifest_key,
    record_number,
    safe_file,
    safe_name,
    version_prefix,
    versions_prefix,
)
from ..stages.apply import repair
from ..stages.lexicon_keys import INFIX, is_named_after
from ..stages.read import read_tags
from ..stages.resolve import STAGE
from ..store import ObjectStore
from .tags import LogEnds, read_backed_up_tags, tags_file, tags_to_set

OBJECTS: Final = "objects"

Report = Callable[[str], None]


def backup(store: ObjectStore, bucket: str, name: str, folder: Path, report: Report = lambda _: None) -> int:
    """Bring everything of model `name` into `folder`, and return how many objects were fetched.

    Whatever fails, what an earlier backup brought stays.

    Raises:
        VersionMissing: the bucket holds nothing of this model; nothing is written.
        ManifestInvalid: a file is not what its manifest names, in the store or in the folder; the sentence names it.
        DiskFailed: the disk is full or may not be written.
    """
    tags = read_tags(store, bucket, name)
    keys = [key for prefix in _prefixes(safe_name(name)) for key in store.list(bucket, prefix)]
    if not keys:
        there = f"; it holds {', '.join(others)}" if (others := list_models(store, bucket)) else ""
        raise VersionMissing(f"the bucket {bucket} holds nothing of the model {name}{there}")
    fetched = 0
    # Manifests sort after their files: a backup that was cut off holds no version by halves.
    for key in keys:
        target = _path(folder, key)
        if target is None or (_never_changes(key) and target.is_file()):
            continue
        try:
            with replaced_file(target) as part:
                store.download(bucket, key, part)
        except ObjectMissing:
            continue  # pruned since the listing
        fetched += 1
        report(key)
    for version in _versions(folder, name):
        require_whole(folder / OBJECTS / version_prefix(name, version))
    _verify_lexicons(folder, keys)
    with replaced_file(tags_file(folder, name)) as part:
        part.write_text(json.dumps(tags, indent=1, sort_keys=True), encoding="utf-8")
    return fetched


def restore(store: ObjectStore, bucket: str, name: str, folder: Path, report: Report = lambda _: None) -> int:
    """Put a backup of model `name` into the store, then repair what is in use; return how many objects were written.

    What is there already and of the same size stays; a version's file of another size is damaged, and written again.
    Tags are set where a manifest has no stage: what serves in the store goes on.

    Raises:
        BackupMissing: the folder holds nothing of this model; nothing is changed in the store.
        ManifestInvalid: a file of the backup is not what its manifest names, the store holds another registry, or it
            did not keep what was written.
    """
    versions = list(_versions(folder, name))
    for version in versions:
        require_whole(folder / OBJECTS / version_prefix(name, version))
    tags = read_backed_up_tags(folder, name)
    keys = _keys(folder / OBJECTS, name)
    if not keys:
        there = f"; it has {', '.join(others)}" if (others := _models(folder / OBJECTS)) else ""
        raise BackupMissing(
            f"{folder} holds no backup of {name}{there}: give the folder that `carabin models backup` wrote,"
            " and the model that it is of"
        )
    _verify_lexicons(folder, keys)
    manifests = {manifest_key(name, version): version for version in versions}
    sizes = {key: size for prefix in _prefixes(name) for key, size in store.sizes(bucket, prefix).items()}
    written = 0
    # Files first, then records, each manifest after all of them: what was cut off is seen by nobody.
    for key in sorted((key for key in keys if key not in manifests), key=record_number):
        written += _put_back(store, bucket, key, folder, sizes)
        report(key)
    tags = tags_to_set(store, bucket, name, tags, LogEnds.of(name, keys))
    for key, version in manifests.items():
        written += _put_back_manifest(store, bucket, key, folder, tags.get(version, {}))
        report(key)
    for version in versions:
        require_files(store, bucket, read_manifest(store, bucket, name, version))
    repair(store, bucket, name)
    return written


def _prefixes(name: str) -> tuple[str, str]:
    """Return where a model's own objects lie, and those of its lexicons."""
    return f"{name}/", f"{name}{INFIX}"


def _keys(base: Path, name: str) -> list[str]:
    paths = (path.relative_to(base).as_posix() for path in base.rglob("*") if path.is_file())
    return sorted(path for path in paths if path.startswith(_prefixes(name)))


def _models(base: Path) -> list[str]:
    """Return the models that a backup holds something of."""
    return sorted({path.name.partition(INFIX)[0] for path in base.glob("*") if path.is_dir()})


def _put_back(store: ObjectStore, bucket: str, key: str, folder: Path, sizes: Mapping[str, int]) -> int:
    """Write a record or a file that is not there, or a version's file that is there with another size."""
    path = _path(folder, key)
    if path is None:
        return 0
    if record_number(key) > 0:
        return _create(store, bucket, key, path.read_bytes(), {})
    if key in sizes and (not _never_changes(key) or sizes[key] == path.stat().st_size):
        return 0
    store.upload(bucket, key, path)
    return 1


def _put_back_manifest(store: ObjectStore, bucket: str, key: str, folder: Path, tags: Mapping[str, str]) -> int:
    created = _create(store, bucket, key, (folder / OBJECTS / key).read_bytes(), tags)
    if not created and STAGE in tags and STAGE not in (there := store.get_tags(bucket, key)):
        store.set_tags(bucket, key, {**tags, **there})
    return created


def _create(store: ObjectStore, bucket: str, key: str, data: bytes, tags: Mapping[str, str]) -> int:
    try:
        store.create(bucket, key, data, tags)
    except PreconditionFailed as error:
        if store.get(bucket, key) != data:
            raise ManifestInvalid(
                f"{store.where(bucket, key)} is there already with another content: restore into a bucket that holds"
                " no other registry of this model"
            ) from error
        return 0
    return 1


def _versions(folder: Path, name: str) -> Iterator[str]:
    root = folder / OBJECTS / versions_prefix(name)
    for path in sorted(root.glob("*/manifest.json")):
        if is_safe_name(path.parent.name):
            yield path.parent.name


def _verify_lexicons(folder: Path, keys: Iterable[str]) -> None:
    """Hold every byte of the lexicons in the folder against the names of their versions."""
    for key in keys:
        if not key.endswith(f"/{LEXICON_FILE}") or (path := _path(folder, key)) is None or not path.is_file():
            continue
        if not is_named_after(path.parent.name, path.read_bytes()):
            raise ManifestInvalid(
                f"{path}: its SHA-256 does not begin as its version's name says; delete it and back up again"
            )


def _never_changes(key: str) -> bool:
    """Return whether a key is a version's, of the model or of a lexicon, or a numbered record's."""
    return key.split("/")[1] == "versions" or record_number(key) > 0


def _path(folder: Path, key: str) -> Path | None:
    """Return where an object lies in a backup, or None for one that is none of ours."""
    try:
        return folder / OBJECTS / safe_file(key)
    except UnsafePath:
        return None
