"""Versions and log records as lists show them: by default the newest, whose cost does not grow with the registry."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Annotated, Final, TypeVar

import typer
from carabin.registry.artifacts.publish import read_manifest
from carabin.registry.errors import ManifestInvalid, ObjectMissing, VersionMissing
from carabin.registry.layout import is_safe_name, manifest_key, versions_prefix
from carabin.registry.stages.log import newest_stages_first, read_stage_log
from carabin.registry.stages.promotions import newest_first, read_head, read_log
from carabin.registry.stages.read import SCAN_THREADS, read_decision, read_tags
from carabin.registry.stages.resolve import Decision, LogHead, resolve
from carabin.registry.stages.trials import logged_trials

from .context import Context
from .tables import LogRecord, VersionRow

Found = TypeVar("Found")

SHOWN: Final = 20
"""Fits on a screen; with a year of weekly training it is the last five months."""
Everything = Annotated[bool, typer.Option("--all", help="Show every one, however many there are.")]


def newest_rows(context: Context, count: int | None) -> tuple[list[VersionRow], Decision, int]:
    """Return the newest `count` versions and those in use, what is decided, and how many versions there are.

    What a person tagged by hand on an older version is seen with `count` None, which reads every version.
    """
    if count is None:
        rows, decision = every_row(context)
        return rows, decision, len(rows)
    store, bucket, name = context.store, context.bucket, context.name
    versions = [version for version in store.folders(bucket, versions_prefix(name)) if is_safe_name(version)]
    try:
        head, readable = read_head(store, bucket, name), True
    except ManifestInvalid:
        head, readable = None, False
    in_use = [head.version] if head else []
    in_use += [record.version for record in logged_trials(newest_stages_first(store, bucket, name))]
    shown = sorted({*versions[-count:], *(version for version in in_use if version in versions)})

    def tags_of(version: str) -> dict[str, str] | None:
        try:
            return store.get_tags(bucket, manifest_key(name, version))
        except ObjectMissing:
            return None

    tags = {
        version: found for version, found in zip(shown, _parallel(tags_of, shown), strict=True) if found is not None
    }
    decision = resolve(tags, LogHead(head.number, head.version) if head else None)
    if decision.version is None or not readable:  # set by hand on an older version, or cut off: only the whole says
        decision = read_decision(store, bucket, name)
    return _rows(context, tags, decision), decision, len(versions)


def every_row(context: Context) -> tuple[list[VersionRow], Decision]:
    """Return every version, and what is decided."""
    tags = read_tags(context.store, context.bucket, context.name)
    decision = read_decision(context.store, context.bucket, context.name, tags)
    return _rows(context, tags, decision), decision


def read_records(context: Context, count: int | None) -> Sequence[LogRecord]:
    """Return the newest `count` records of both logs together, or all with None; the oldest first."""
    store, bucket, name = context.store, context.bucket, context.name
    logs: tuple[Iterable[LogRecord], Iterable[LogRecord]]
    if count is None:
        logs = read_log(store, bucket, name), read_stage_log(store, bucket, name)
    else:
        logs = (
            islice(newest_first(store, bucket, name), count),
            islice(newest_stages_first(store, bucket, name), count),
        )
    records = sorted([*logs[0], *logs[1]], key=lambda record: record.at)
    return records if count is None else records[-count:]


def _rows(context: Context, tags: dict[str, dict[str, str]], decision: Decision) -> list[VersionRow]:
    """Return the versions that can be read, newest first; one that cannot must not hide the others."""

    def row(version: str) -> VersionRow | ManifestInvalid | None:
        try:
            manifest = read_manifest(context.store, context.bucket, context.name, version)
        except ManifestInvalid as error:
            return error
        except VersionMissing:
            return None
        return VersionRow(manifest, tags[version], version == decision.version)

    rows = []
    for found in _parallel(row, sorted(tags, reverse=True)):
        if isinstance(found, ManifestInvalid):
            typer.echo(f"Look: {found}.", err=True)
        elif found:
            rows.append(found)
    return rows


def _parallel(call: Callable[[str], Found], versions: Sequence[str]) -> list[Found]:
    with ThreadPoolExecutor(SCAN_THREADS, thread_name_prefix="models") as pool:
        return list(pool.map(call, versions))
