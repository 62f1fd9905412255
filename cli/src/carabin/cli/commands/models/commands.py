"""`carabin models`: list, compare, promote and roll back model versions."""

import getpass
from datetime import UTC, datetime
from typing import Annotated

import typer
from carabin.registry.artifacts.publish import read_manifest
from carabin.registry.errors import ManifestInvalid
from carabin.registry.layout import manifest_key
from carabin.registry.stages.assign import set_stage
from carabin.registry.stages.log import Stage, read_stage_log
from carabin.registry.stages.promote import promote as promote_version
from carabin.registry.stages.promote import read_decision, read_tags
from carabin.registry.stages.promote import rollback as roll_back
from carabin.registry.stages.promotions import read_log
from carabin.registry.stages.regressions import compare

from . import upkeep as models_upkeep
from .context import AsJson, By, Context, Name, Reason, Version, open_context
from .tables import (
    LOG_OF,
    LogRecord,
    VersionRow,
    describe_promotion,
    describe_record,
    differing_facts,
    print_changes,
    print_json,
    print_version,
    print_versions,
)

app = typer.Typer(
    help="List, compare, promote and roll back model versions.",
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


@app.command(epilog="Example: carabin models promote latest --reason 'fewer drug errors on the March dictations'")
def promote(
    version: Version,
    reason: Reason,
    name: Name = None,
    expect: Annotated[str | None, typer.Option(help="Refuse unless this version is in production now.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Accept worse figures; the reason must say why.")] = False,
    by: By = None,
    as_json: AsJson = False,
) -> None:
    """Put a version into production: its figures are shown, and worse ones refuse it."""
    context = open_context(name)
    chosen = context.version(version)
    expected = context.version(expect) if expect else None
    if not as_json:
        _print_comparison(context, chosen)
    record = promote_version(
        context.store,
        context.bucket,
        context.name,
        chosen,
        by=by or getpass.getuser(),
        reason=reason,
        at=datetime.now(UTC),
        expect=expected,
        force=force,
    )
    print_json(record.model_dump(mode="json")) if as_json else typer.echo(describe_promotion(record))


@app.command(epilog="Example: carabin models rollback --reason 'laterality errors reported by radiology'")
def rollback(
    reason: Reason,
    to: Annotated[str | None, typer.Option(help="The version to go back to; by default the one before.")] = None,
    name: Name = None,
    by: By = None,
    as_json: AsJson = False,
) -> None:
    """Put the version before this one back into production, under a new number."""
    context = open_context(name)
    record = roll_back(
        context.store,
        context.bucket,
        context.name,
        by=by or getpass.getuser(),
        reason=reason,
        at=datetime.now(UTC),
        to=context.version(to) if to else None,
    )
    print_json(record.model_dump(mode="json")) if as_json else typer.echo(describe_promotion(record))


@app.command(epilog="Example: carabin models stage latest canary --share 0.1 --reason 'two wards try it'")
def stage(
    version: Version,
    stage: Annotated[Stage, typer.Argument(help="canary, shadow, candidate or archived.")],
    reason: Reason,
    share: Annotated[float | None, typer.Option(help="Of new sessions, for a canary: above 0, at most 1.")] = None,
    name: Name = None,
    by: By = None,
    as_json: AsJson = False,
) -> None:
    """Try a version beside production: as canary for a share of new sessions, or as shadow whose text nobody sees."""
    context = open_context(name)
    chosen = context.version(version)
    record = set_stage(
        context.store,
        context.bucket,
        context.name,
        chosen,
        stage,
        share=share,
        by=by or getpass.getuser(),
        reason=reason,
        at=datetime.now(UTC),
    )
    if as_json:
        print_json(record.model_dump(mode="json"))
    else:
        typer.echo(f"{chosen} is {stage}{f' for {share:.0%} of new sessions' if share else ''}.")


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


models_upkeep.register(app)


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


def _print_comparison(context: Context, version: str) -> None:
    current = read_decision(context.store, context.bucket, context.name).version
    if current is None or current == version:
        return
    new = read_manifest(context.store, context.bucket, context.name, version)
    try:
        old = read_manifest(context.store, context.bucket, context.name, current)
    except ManifestInvalid as error:
        typer.echo(f"Look: {error}.", err=True)
        return
    print_changes(current, version, compare(old.metrics, new.metrics))
