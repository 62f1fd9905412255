"""A model's whole registry and its lexicons as a folder, and back, every byte of a version of the model verified.

    DIR/objects/<key>         each object of the model, under its own key
    DIR/tags/<model>.json     the tags of every manifest, written last; in older backups DIR/tags.json

A folder may hold several models. A backup into the same folder brings what is new: versions and records of the logs
never change. Nothing is deleted from the folder, so that a version that was pruned by mistake is still there.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from ..artifacts.bundle import sha256_of
from ..artifacts.manifest import ModelManifest
from ..artifacts.publish import list_models
from ..disk import local_file
from ..errors import BackupMissing, ManifestInvalid, ObjectMissing, PreconditionFailed, UnsafePath, VersionMissing
from ..layout import is_safe_name, manifest_key, record_number, safe_file, safe_name, version_prefix, versions_prefix
from ..store import ObjectStore
from .apply import repair
from .lexicon_keys import INFIX
from .read import read_tags

OBJECTS: Final = "objects"
OLD_TAGS: Final = "tags.json"

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
            with _replaced(target) as part:
                store.download(bucket, key, part)
        except ObjectMissing:
            continue  # pruned since the listing
        fetched += 1
        report(key)
    for version in _versions(folder, name):
        _verify(folder, name, version)
    with _replaced(tags_file(folder, name)) as part:
        part.write_text(json.dumps(tags, indent=1, sort_keys=True), encoding="utf-8")
    return fetched


def restore(store: ObjectStore, bucket: str, name: str, folder: Path, report: Report = lambda _: None) -> int:
    """Put a backup of model `name` into the store, then repair what is in use; return how many objects were written.

    What is there already and the same stays; nothing is overwritten.

    Raises:
        BackupMissing: the folder holds nothing of this model; nothing is changed in the store.
        ManifestInvalid: a file of the backup is not what its manifest names, or the store holds another registry.
    """
    versions = list(_versions(folder, name))
    for version in versions:
        _verify(folder, name, version)
    tags = _read_tags(folder, name)
    written = 0
    base = folder / OBJECTS
    keys = _keys(base, name)
    if not keys:
        there = f"; it has {', '.join(others)}" if (others := _models(base)) else ""
        raise BackupMissing(
            f"{folder} holds no backup of {name}{there}: give the folder that `carabin models backup` wrote,"
            " and the model that it is of"
        )
    manifests = {manifest_key(name, version): version for version in versions}
    # Files first, then records, each manifest after all of them: what was cut off is seen by nobody.
    for key in (*sorted((key for key in keys if key not in manifests), key=record_number), *manifests):
        path = _path(folder, key)
        if path is None:
            continue
        if key in manifests or record_number(key) > 0:
            written += _create(store, bucket, key, path.read_bytes(), tags.get(manifests.get(key, ""), {}))
        elif not store.exists(bucket, key):
            store.upload(bucket, key, path)
            written += 1
        report(key)
    for version, found in tags.items():
        if version in versions:
            store.set_tags(bucket, manifest_key(name, version), found)
    repair(store, bucket, name)
    return written


def tags_file(folder: Path, name: str) -> Path:
    """Return where a backup in `folder` keeps the tags of a model's manifests."""
    return folder / "tags" / f"{safe_name(name)}.json"


@contextmanager
def _replaced(path: Path) -> Iterator[Path]:
    """Give a path to write a file at, which then takes the place of `path`; where that fails, `path` is as it was."""
    part = path.with_name(f".{path.name}.part")
    with local_file(part):
        path.parent.mkdir(parents=True, exist_ok=True)
        yield part
        part.replace(path)


def _prefixes(name: str) -> tuple[str, str]:
    """Return where a model's own objects lie, and those of its lexicons."""
    return f"{name}/", f"{name}{INFIX}"


def _keys(base: Path, name: str) -> list[str]:
    paths = (path.relative_to(base).as_posix() for path in base.rglob("*") if path.is_file())
    return sorted(path for path in paths if path.startswith(_prefixes(name)))


def _models(base: Path) -> list[str]:
    """Return the models that a backup holds something of."""
    return sorted({path.name.partition(INFIX)[0] for path in base.glob("*") if path.is_dir()})


def _create(store: ObjectStore, bucket: str, key: str, data: bytes, tags: dict[str, str]) -> int:
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


def _verify(folder: Path, name: str, version: str) -> None:
    """Hold every byte of a version in the folder against its manifest."""
    place = folder / OBJECTS / version_prefix(name, version)
    manifest = ModelManifest.from_bytes((place / "manifest.json").read_bytes(), str(place / "manifest.json"))
    for entry in manifest.files:
        path = place / "files" / entry.path
        if not path.is_file():
            raise ManifestInvalid(f"{path}: the manifest names it, and it is not there")
        if sha256_of(path) != entry.sha256:
            raise ManifestInvalid(f"{path}: its SHA-256 is not the manifest's; delete it and back up again")


def _never_changes(key: str) -> bool:
    """Return whether a key is a version's, of the model or of a lexicon, or a numbered record's."""
    return key.split("/")[1] == "versions" or record_number(key) > 0


def _path(folder: Path, key: str) -> Path | None:
    """Return where an object lies in a backup, or None for one that is none of ours."""
    try:
        return folder / OBJECTS / safe_file(key)
    except UnsafePath:
        return None


def _read_tags(folder: Path, name: str) -> dict[str, dict[str, str]]:
    """Return the tags by version; none where the file was lost: the logs still say what is in use."""
    path = next((path for path in (tags_file(folder, name), folder / OLD_TAGS) if path.is_file()), None)
    if path is None:
        return {}
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ManifestInvalid(f"{path} is not JSON: {error}") from error
    if not isinstance(found, dict) or not all(isinstance(tags, dict) for tags in found.values()):
        raise ManifestInvalid(f"{path} holds no tags by version: without it the logs say what is in use")
    return {str(version): {str(tag): str(value) for tag, value in tags.items()} for version, tags in found.items()}
