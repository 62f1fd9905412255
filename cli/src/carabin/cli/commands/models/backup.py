"""`carabin models backup | restore`: a model's registry as a folder, and back."""

from pathlib import Path
from typing import Annotated

import typer
from carabin.registry.backup.all_models import backup_all
from carabin.registry.backup.model import backup as back_up
from carabin.registry.backup.model import restore as restore_from
from carabin.registry.connect import connect, store_settings
from carabin.registry.errors import RegistryError, VersionMissing
from carabin.registry.layout import safe_name
from carabin.registry.stages.read import read_production

from .context import Name, open_context

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="The backup's folder.")]
Every = Annotated[bool, typer.Option("--all", help="Every model of the store, each into DIR/MODEL.")]


class BackupIncomplete(RegistryError):
    """A model of several could not be backed up."""


def register(app: typer.Typer) -> None:
    """Add these commands to `app`."""
    app.command(epilog="Example: carabin models backup /backup --all")(backup)
    app.command(epilog="Example: carabin models restore /backup/cardio --model cardio")(restore)


def backup(folder: Folder, name: Name = None, every: Every = False) -> None:
    """Bring files, manifests, logs and tags of a model into a folder, or what is new there, and verify every byte."""
    if every:
        if name:
            raise typer.BadParameter("--all takes every model: leave --model, or CARABIN_MODEL, out")
        _backup_every(folder)
        return
    context = open_context(name)
    fetched = back_up(context.store, context.bucket, context.name, folder, _report)
    _report_done(folder, context.name, fetched)


def _backup_every(folder: Path) -> None:
    settings = store_settings()
    bucket = settings.models_bucket
    done: list[str] = []

    def report_done(name: str, fetched: int) -> None:
        done.append(name)
        _report_done(folder / name, name, fetched)

    failures = backup_all(connect(settings), bucket, folder, _report, report_done)
    if failures:
        reasons = "; ".join(f"{name}: {reason}" for name, reason in failures.items())
        raise BackupIncomplete(
            f"{len(failures)} of {len(failures) + len(done)} models could not be backed up: {reasons}"
        )
    if not done:
        raise VersionMissing(f"the bucket {bucket} holds no model yet: there is nothing to back up")


def restore(
    folder: Folder, name: Annotated[str, typer.Option("--model", "-m", envvar="CARABIN_MODEL", help="Model name.")]
) -> None:
    """Put back what is missing or damaged in the store, then production, canary and shadow; the rest stays."""
    settings = store_settings()
    store = connect(settings)
    store.ensure_bucket(settings.models_bucket)
    written = restore_from(store, settings.models_bucket, safe_name(name), folder, _report)
    serving = read_production(store, settings.models_bucket, name) or "no version"
    typer.echo(f"{written} objects of {name} written; {serving} is in production.")


def _report(key: str) -> None:
    typer.echo(f"  {key}", err=True)


def _report_done(folder: Path, name: str, fetched: int) -> None:
    typer.echo(f"{folder}: {fetched} objects of {name} fetched; every byte of every version is as published.")
