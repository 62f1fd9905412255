"""`carabin models` and the commands of it that only read: list, show, diff, log."""

import typer
from carabin.registry.artifacts.publish import read_manifest
from carabin.registry.errors import ManifestInvalid
from carabin.registry.layout import manifest_key
from carabin.registry.stages.log import read_stage_log
from carabin.registry.stages.promotions import read_log
from carabin.registry.stages.read import read_decision, read_tags
from carabin.registry.stages.regressions import compare

from . import change, upkeep
from .context import AsJson, Context, Name, Version, open_context
from .tables import (
    LOG_OF,
    LogRecord,
    VersionRow,
    describe_record,
    differing_facts,
    print_changes,
    print_json,
    print_version,
    print_versions,
)

app = typer.Typer(
    help="List, compare, promote and roll back model versions.",
    epilog="Example: carabin models list",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.command("list", epilog="Example: carabin models list --json")
def list_(name: Name = None, as_json: AsJson = False) -> None:
    """List a model's versions, newest first."""
    context = open_context(name)
    rows = _rows(context)
    if as_json:
        print_json([row.data() for row in rows])
    else:
        print_versions(context.name, rows, read_decision(context.store, context.bucket, context.name))


@app.command(epilog="Example: carabin models show latest")
def show(version: Version, name: Name = None, as_json: AsJson = False) -> None:
    """Show all that is known of one version: source, figures, files and promotions."""
    context = open_context(name)
    manifest = read_manifest(context.store, context.bucket, context.name, context.version(version))
    tags = context.store.get_tags(context.bucket, manifest_key(context.name, manifest.version))
    serving = read_decision(context.store, context.bucket, context.name).version
    row = VersionRow(manifest, tags, manifest.version == serving)
    if as_json:
        print_json({**row.manifest.model_dump(mode="json"), "tags": row.tags, "serves": row.serves})
    else:
        print_version(row, _records(context))


@app.command(epilog="Example: carabin models diff 3fa9 81bc")
def diff(old: Version, new: Version, name: Name = None, as_json: AsJson = False) -> None:
    """Compare the figures, the sources and the files of two versions."""
    context = open_context(name)
    before, after = (
        read_manifest(context.store, context.bucket, context.name, context.version(text)) for text in (old, new)
    )
    changes = compare(before.metrics, after.metrics)
    facts = differing_facts(before, after)
    hashes = [{entry.path: entry.sha256 for entry in manifest.files} for manifest in (before, after)]
    files = sorted(path for path in {**hashes[0], **hashes[1]} if hashes[0].get(path) != hashes[1].get(path))
    if as_json:
        figures = {change.metric: {"old": change.old, "new": change.new, "delta": change.delta} for change in changes}
        print_json({"old": before.version, "new": after.version, "metrics": figures, "facts": facts, "files": files})
        return
    print_changes(before.version, after.version, changes)
    for field, (was, now) in facts.items():
        typer.echo(f"{field}: {was} -> {now}")
    typer.echo(f"Files that differ: {', '.join(files) or 'none'}")


@app.command(epilog="Example: carabin models log")
def log(name: Name = None, as_json: AsJson = False) -> None:
    """Show who promoted or staged what, when and why, oldest first; each of the two logs has its own numbers."""
    context = open_context(name)
    records = _records(context)
    if as_json:
        print_json([{"log": LOG_OF[type(record)], **record.model_dump(mode="json")} for record in records])
        return
    for record in records:
        typer.echo(f"{LOG_OF[type(record)]:<9} {record.number:>4}  {describe_record(record)}")


change.register(app)
upkeep.register(app)


def _rows(context: Context) -> list[VersionRow]:
    """Return the versions that can be read, newest first; one that cannot must not hide the others."""
    tags_by_version = read_tags(context.store, context.bucket, context.name)
    serving = read_decision(context.store, context.bucket, context.name).version
    rows = []
    for version, tags in reversed(tags_by_version.items()):
        try:
            manifest = read_manifest(context.store, context.bucket, context.name, version)
        except ManifestInvalid as error:
            typer.echo(f"Look: {error}.", err=True)
        else:
            rows.append(VersionRow(manifest, tags, version == serving))
    return rows


def _records(context: Context) -> list[LogRecord]:
    promotions = read_log(context.store, context.bucket, context.name)
    stages = read_stage_log(context.store, context.bucket, context.name)
    return sorted([*promotions, *stages], key=lambda record: record.at)
