"""`carabin models repair | prune | sweep | verify`: keeping the registry whole and small."""

from typing import Annotated

import typer
from carabin.registry.artifacts.signing import verify_version
from carabin.registry.artifacts.sweep import find_orphans
from carabin.registry.artifacts.sweep import sweep as sweep_orphans
from carabin.registry.connect import connect, store_settings
from carabin.registry.errors import RegistryError
from carabin.registry.stages.apply import repair as repair_promotion
from carabin.registry.stages.apply import repair_trials
from carabin.registry.stages.prune import KEEP_BEFORE, KEEP_FOR, plan_prune
from carabin.registry.stages.prune import prune as prune_versions

from .context import AsJson, Name, Version, open_context, open_known
from .tables import describe_promotion, print_json, size

Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


class NotAsPublished(RegistryError):
    """A stored version is not what its manifest says."""


def register(app: typer.Typer) -> None:
    """Add these commands to `app`."""
    app.command(epilog="Example: carabin models repair")(repair)
    app.command(epilog="Example: carabin models prune --yes")(prune)
    app.command(epilog="Example: carabin models sweep --yes")(sweep)
    app.command(epilog="Example: carabin models verify latest")(verify)


def repair(name: Name = None) -> None:
    """Finish a promotion that was cut off between its record and its tags; put back canary and shadow without tags."""
    context = open_known(name)
    trials = repair_trials(context.store, context.bucket, context.name)
    for trial in trials:
        share = f" for {trial.share:.0%} of new sessions" if trial.share else ""
        typer.echo(f"{trial.version} is {trial.stage}{share} again, as the log says.")
    record = repair_promotion(context.store, context.bucket, context.name)
    if record:
        typer.echo(f"Finished: {describe_promotion(record)}")
    elif not trials:
        typer.echo("Nothing was cut off.")


def prune(name: Name = None, yes: Yes = False) -> None:
    """Delete old versions, after showing which; those in use, the two before production and recent ones stay."""
    context = open_known(name)
    planned = plan_prune(context.store, context.bucket, context.name)
    if not planned:
        typer.echo(
            f"Nothing to delete: production, the {KEEP_BEFORE} before it, trials and all of the last"
            f" {KEEP_FOR.days} days stay."
        )
        return
    for item in planned:
        typer.echo(f"  {item.version}  {item.stage:<10} {size(item.total_bytes):>8}  of {item.created_at:%Y-%m-%d}")
    if not yes and not typer.confirm(f"Delete these {len(planned)} versions of {context.name} for good?"):
        raise typer.Exit(1)
    gone = prune_versions(context.store, context.bucket, context.name, planned)
    typer.echo(f"Deleted {len(gone)} versions." + _kept_note(len(planned) - len(gone)))


def sweep(yes: Yes = False) -> None:
    """Delete files that a publisher left behind over a day ago without a manifest, in all three buckets."""
    settings = store_settings()
    store = connect(settings)
    buckets = (settings.datasets_bucket, settings.checkpoints_bucket, settings.models_bucket)
    orphans = [(bucket, orphan) for bucket in buckets for orphan in find_orphans(store, bucket)]
    if not orphans:
        typer.echo("Nothing to sweep.")
        return
    for bucket, orphan in orphans:
        typer.echo(f"  {bucket}/{orphan.prefix}  {orphan.objects} files, {size(orphan.total_bytes)}")
    if not yes and not typer.confirm(f"Delete these {len(orphans)} unfinished uploads for good?"):
        raise typer.Exit(1)
    swept = sum(len(sweep_orphans(store, bucket)) for bucket in dict.fromkeys(bucket for bucket, _ in orphans))
    typer.echo(f"Swept {swept} unfinished uploads.")


def verify(version: Version, name: Name = None, as_json: AsJson = False) -> None:
    """Read every byte of a stored version and hold it against the manifest, and the manifest against its signature."""
    context = open_context(name)

    def report(path: str, total_bytes: int) -> None:
        typer.echo(f"  {path}  {size(total_bytes)}", err=True)

    stored = context.version(version)
    found = verify_version(context.store, context.bucket, context.name, stored, progress=None if as_json else report)
    manifest, problems = found.manifest, found.problems
    if as_json:
        print_json({"version": manifest.version, "problems": problems, "signature": str(found.signature)})
        raise typer.Exit(1 if problems else 0)
    if problems:
        raise NotAsPublished(f"{manifest.version} is not as it was published: {'; '.join(problems)}")
    total = f"{len(manifest.files)} files with {size(manifest.total_bytes)}"
    typer.echo(f"{manifest.version}: every byte of {total} is as published; {found.signature}.")


def _kept_note(count: int) -> str:
    return f" {count} were put to use meanwhile and stay." if count else ""
