"""`carabin corrections`: what is kept of clinicians' corrections, and its end."""

from datetime import UTC, datetime
from typing import Annotated

import typer
from carabin.cli.output import write_json
from carabin.registry.artifacts.datasets import list_datasets, read_dataset
from carabin.registry.connect import connect, store_settings
from carabin.registry.corrections import delete_expired, delete_person
from carabin.registry.errors import CarabinError, ManifestInvalid, VersionMissing
from carabin.registry.layout import dataset_prefix, safe_name
from carabin.registry.store import ObjectStore

app = typer.Typer(
    help="What is kept of clinicians' corrections, and its end.",
    epilog="Example: carabin corrections list --json",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

Bucket = Annotated[str, typer.Option("--bucket", help="The bucket of corrections.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


class PersonUnknown(CarabinError):
    """Nobody was named, or the name cannot be led to a pseudonym."""


@app.command("list", epilog="Example: carabin corrections list --json")
def list_(bucket: Bucket = "corrections", as_json: AsJson = False) -> None:
    """Count the corrections that are kept, by pseudonym; their text is never printed."""
    from carabin.trainer.datasets.corrections import judge, read_corrections

    records = read_corrections(connect(), bucket, datetime.now(UTC))
    judged = judge(records)
    persons = {record.person: 0 for record in records}
    for record in records:
        persons[record.person] += 1
    if as_json:
        quarantined = {each.id: each.reason for each in judged.quarantined}
        write_json({"persons": persons, "quarantined": quarantined})
        return
    for person, count in sorted(persons.items()):
        typer.echo(f"{person}: {count} corrections")
    for each in judged.quarantined:
        typer.echo(f"quarantine {each.id}: {each.reason}")


@app.command(epilog="Example: carabin corrections delete --identity dr.martin")
def delete(
    identity: Annotated[
        str | None, typer.Option(help="The person's name in the audit log; needs the site's salt in the environment.")
    ] = None,
    person: Annotated[str | None, typer.Option(help="The person's pseudonym instead.")] = None,
    bucket: Bucket = "corrections",
    keep_datasets: Annotated[
        bool, typer.Option("--keep-datasets", help="Leave dataset versions made of them; they are named all the same.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Delete all that is kept of one person: corrections, recordings, and dataset versions made of them."""
    pseudonym = safe_name(person) if person else _pseudonym(identity)
    store, settings = connect(), store_settings()
    deleted = delete_person(store, bucket, pseudonym)
    datasets = _datasets_of(store, settings.datasets_bucket, pseudonym)
    if not keep_datasets:
        for name, version in datasets:
            _delete_dataset(store, settings.datasets_bucket, name, version)
    named = [f"{name}@{version}" for name, version in datasets]
    if as_json:
        write_json({"person": pseudonym, "corrections": deleted, "datasets": named})
        return
    fate = "kept" if keep_datasets else "deleted"
    typer.echo(f"{pseudonym}: {deleted} corrections deleted; dataset versions {fate}: {', '.join(named) or 'none'}")


@app.command(epilog="Example: carabin corrections expire")
def expire(bucket: Bucket = "corrections") -> None:
    """Delete the corrections whose time is over; the transcriber does so by itself while corrections come in."""
    swept = delete_expired(connect(), bucket)
    typer.echo(f"{swept.expired} corrections had expired and are deleted")
    for key in swept.unreadable:
        typer.echo(f"{bucket}/{key} cannot be read and is left: look at it", err=True)


def _pseudonym(identity: str | None) -> str:
    from carabin.transcriber.corrections.policy import correction_policy
    from carabin.transcriber.settings.web import WebSettings

    if not identity:
        raise PersonUnknown("name the person by --identity NAME or --person PSEUDONYM")
    settings = WebSettings.load()
    if not settings.corrections_salt.get_secret_value():
        raise PersonUnknown("CARABIN_TRANSCRIBER_CORRECTIONS_SALT is not set: without it no name leads to a pseudonym")
    return correction_policy(settings).pseudonym(identity)


def _datasets_of(store: ObjectStore, bucket: str, person: str) -> list[tuple[str, str]]:
    """Return the dataset versions whose provenance names the pseudonym; one that cannot be read is named instead."""
    store.ensure_bucket(bucket)
    found = []
    for name, version in list_datasets(store, bucket):
        try:
            manifest = read_dataset(store, bucket, name, version)
        except (ManifestInvalid, VersionMissing) as error:
            typer.echo(f"Look: whether it was made of them cannot be said: {error}.", err=True)
            continue
        if person in manifest.source.get("persons", "").split(","):
            found.append((name, version))
    return found


def _delete_dataset(store: ObjectStore, bucket: str, name: str, version: str) -> None:
    """Delete the manifest first: a version half-deleted is invisible."""
    keys = store.list(bucket, dataset_prefix(name, version))
    for key in sorted(keys, key=lambda key: not key.endswith("manifest.json")):
        store.delete(bucket, key)
