"""`carabin models` and the commands of it that only read: list, show, diff, log."""

import typer
from carabin.registry.artifacts.publish import read_manifest
from carabin.registry.layout import manifest_key
from carabin.registry.stages.read import read_production
from carabin.registry.stages.regressions import compare

from . import backup, change, upkeep
from .context import AsJson, Name, Version, open_context, open_known
from .rollout import command as rollout
from .rows import SHOWN, Everything, every_row, newest_rows, read_records
from .tables import (
    LOG_OF,
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
def list_(name: Name = None, everything: Everything = False, as_json: AsJson = False) -> None:
    """List a model's newest versions and those in use, newest first; with --json or --all every one."""
    context = open_known(name)
    if as_json:
        print_json([row.data() for row in every_row(context)[0]])
        return
    rows, decision, total = newest_rows(context, None if everything else SHOWN)
    print_versions(context.name, rows, decision, total)


@app.command(epilog="Example: carabin models show latest")
def show(version: Version, name: Name = None, as_json: AsJson = False) -> None:
    """Show all that is known of one version: source, figures, files and promotions."""
    context = open_context(name)
    manifest = read_manifest(context.store, context.bucket, context.name, context.version(version))
    tags = context.store.get_tags(context.bucket, manifest_key(context.name, manifest.version))
    serving = read_production(context.store, context.bucket, context.name)
    row = VersionRow(manifest, tags, manifest.version == serving)
    if as_json:
        print_json({**row.manifest.model_dump(mode="json"), "tags": row.tags, "serves": row.serves})
    else:
        print_version(row, read_records(context, None))


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
def log(name: Name = None, everything: Everything = False, as_json: AsJson = False) -> None:
    """Show who promoted or staged what, when and why: the newest changes, or with --json or --all every one.

    The oldest of them comes first; each of the two logs has its own numbers.
    """
    context = open_known(name)
    records = read_records(context, None if everything or as_json else SHOWN)
    if as_json:
        print_json([{"log": LOG_OF[type(record)], **record.model_dump(mode="json")} for record in records])
        return
    for record in records:
        typer.echo(f"{LOG_OF[type(record)]:<9} {record.number:>4}  {describe_record(record)}")


change.register(app)
upkeep.register(app)
backup.register(app)
rollout.register(app)
