"""`carabin models promote | rollback | stage`: what changes which version serves."""

from datetime import UTC, datetime
from typing import Annotated

import typer
from carabin.registry.artifacts.publish import read_manifest
from carabin.registry.errors import ManifestInvalid
from carabin.registry.stages.assign import set_stage
from carabin.registry.stages.log import Stage
from carabin.registry.stages.promote import promote as promote_version
from carabin.registry.stages.promote import rollback as roll_back
from carabin.registry.stages.read import read_decision
from carabin.registry.stages.regressions import compare

from .context import AsJson, By, Context, Name, Reason, Version, open_context, who_changes
from .tables import describe_promotion, print_changes, print_json


def register(app: typer.Typer) -> None:
    """Add these commands to `app`."""
    example = "Example: carabin models"
    app.command(epilog=f"{example} promote latest --reason 'fewer drug errors'")(promote)
    app.command(epilog=f"{example} rollback --reason 'laterality errors'")(rollback)
    app.command(epilog=f"{example} stage latest canary --share 0.1 --reason trial")(stage)


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
    expected = None if expect is None else context.version(expect)
    if not as_json:
        _print_comparison(context, chosen)
    record = promote_version(
        context.store,
        context.bucket,
        context.name,
        chosen,
        by=who_changes(by),
        reason=reason,
        at=datetime.now(UTC),
        expect=expected,
        force=force,
    )
    print_json(record.model_dump(mode="json")) if as_json else typer.echo(describe_promotion(record))


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
        by=who_changes(by),
        reason=reason,
        at=datetime.now(UTC),
        to=None if to is None else context.version(to),
    )
    print_json(record.model_dump(mode="json")) if as_json else typer.echo(describe_promotion(record))


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
        by=who_changes(by),
        reason=reason,
        at=datetime.now(UTC),
    )
    if as_json:
        print_json(record.model_dump(mode="json"))
    else:
        typer.echo(f"{chosen} is {stage}{f' for {share:.0%} of new sessions' if share else ''}.")


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
