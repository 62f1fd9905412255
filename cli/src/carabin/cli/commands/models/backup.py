"""`carabin models backup | restore`: a model's registry as a folder, and back."""

from pathlib import Path
from typing import Annotated

import typer
from carabin.registry.connect import connect, store_settings
from carabin.registry.layout import safe_name
from carabin.registry.stages.backup import backup as back_up
from carabin.registry.stages.backup import restore as restore_from
from carabin.registry.stages.read import read_production

from .context import Name, open_context

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="The backup's folder.")]


def register(app: typer.Typer) -> None:
    """Add these commands to `app`."""
    app.command(epilog="Example: carabin models backup /backup/cardio --model cardio")(backup)
    app.command(epilog="Example: carabin models restore /backup/cardio --model cardio")(restore)


def backup(folder: Folder, name: Name = None) -> None:
    """Bring files, manifests, logs and tags of a model into a folder, or what is new there, and verify every byte."""
    context = open_context(name)
    fetched = back_up(context.store, context.bucket, context.name, folder, _report)
    typer.echo(f"{folder}: {fetched} objects of {context.name} fetched; every byte of every version is as published.")


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
