"""Versions of a lexicon in the store: listed, shown, compared, put into use, taken back and withdrawn."""

import getpass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from carabin.cli.output import write_json
from carabin.lexicon.common import is_common
from carabin.lexicon.entries import MAX_VOCABULARY_BYTES, Entry, Lexicon, fold, format_lexicon, parse_lexicon
from carabin.lexicon.errors import LexiconInvalid
from carabin.registry.stages.lexicon_keys import VOCABULARY, canonical_name
from carabin.registry.stages.lexicons import (
    is_withdrawal,
    lexicon_log,
    lexicon_names,
    lexicon_versions,
    production_lexicons,
    promote_lexicon,
    publish_lexicon,
    read_lexicon,
    rollback_lexicon,
    unversioned_vocabularies,
    withdraw_lexicon,
)

from ..models.context import By, Reason, open_context
from .files import AsJson, File, read

Model = Annotated[str, typer.Option("--model", "-m", help="The registry's name of the model that is served.")]
Either = Annotated[str, typer.Argument(help="A file, or a lexicon of the store: NAME, or NAME@VERSION.")]
Lex = Annotated[str, typer.Argument(help="Its name: cardiologie, specialty.cardiologie, or identity.dr.martin.")]


def list_(model: Model = "whisper", as_json: AsJson = False) -> None:
    """List the lexicons beside a model, their versions and which is in use."""
    at = open_context(model)
    used = production_lexicons(at.store, at.bucket, model)
    rows = [
        {
            "name": name,
            "version": version,
            "in_use": used.get(name, ("",))[0] == version,
            "withdrawal": is_withdrawal(version),
        }
        for name in lexicon_names(at.store, at.bucket, model)
        for version in lexicon_versions(at.store, at.bucket, model, name)
    ]
    old = unversioned_vocabularies(at.store, at.bucket, model)
    rows += [{"name": name, "version": "unversioned", "in_use": True, "withdrawal": False} for name in sorted(old)]
    if as_json:
        write_json(rows)
        return
    width = max((len(str(row["name"])) for row in rows), default=0)
    for row in rows:
        state = "in use" if row["in_use"] else "none: withdrawn" if row["withdrawal"] else ""
        typer.echo(f"{row['name']:<{width}}  {row['version']}  {state}".rstrip())


def show(
    name: Lex,
    model: Model = "whisper",
    version: Annotated[str | None, typer.Option(help="Another than the one in use.")] = None,
) -> None:
    """Print a lexicon as it is in the store, and who promoted it when."""
    at, name = open_context(model), canonical_name(name)
    old = unversioned_vocabularies(at.store, at.bucket, model).get(name)
    if old is not None and version is None:
        typer.echo(at.store.get(at.bucket, old[1]).decode("utf-8", "replace"), nl=False)
        return
    used = version or production_lexicons(at.store, at.bucket, model).get(name, ("", ""))[0]
    if not used:
        raise LexiconInvalid(f"no version of the lexicon {name} of {model} is in use; see `carabin lexicon list`")
    for record in lexicon_log(at.store, at.bucket, model, name):
        typer.echo(f"# {record.at:%Y-%m-%d %H:%M} {record.kind} {record.version} by {record.by}: {record.reason}")
    typer.echo(read_lexicon(at.store, at.bucket, model, name, used).decode(), nl=False)


def diff(old: Either, new: Either, model: Model = "whisper") -> None:
    """Show which entries come, go and change between two files, or between what is in use and a file."""
    before, after = ({fold(entry.text): entry for entry in _either(one, model)} for one in (old, new))
    for sign, left, right in (("-", before, after), ("+", after, before)):
        for key in sorted(left.keys() - right.keys()):
            typer.echo(f"{sign} {left[key].text}")
    changed = [key for key in sorted(before.keys() & after.keys()) if _known(before[key]) != _known(after[key])]
    for key in changed:
        typer.echo(f"~ {after[key].text}: {_known(before[key])} becomes {_known(after[key])}")
    more, fewer = len(after.keys() - before.keys()), len(before.keys() - after.keys())
    typer.echo(f"{more} entries more, {fewer} fewer, {len(changed)} changed")


def promote(
    file: File,
    reason: Reason,
    model: Model = "whisper",
    name: Annotated[
        str | None,
        typer.Option(help="Another name than the file's: specialty., vocabulary. or identity. and a name after it."),
    ] = None,
    by: By = None,
    as_json: AsJson = False,
) -> None:
    """Put a lexicon into use: within half a minute open sessions use it for their next sentence."""
    lexicon = read(file)
    if all(is_common(word) for entry in lexicon for word in entry.text.split()):
        raise LexiconInvalid(f"{file} holds words of everyday French only: Whisper knows them already")
    used = canonical_name(name or file.stem)
    version = put_into_use(lexicon, used, model, reason, by)
    if as_json:
        write_json({"name": used, "version": version, "entries": len(lexicon)})
    else:
        typer.echo(f"lexicon {used} of {model}: {version} in use, {len(lexicon)} entries")


def rollback(name: Lex, reason: Reason, model: Model = "whisper", by: By = None, as_json: AsJson = False) -> None:
    """Put the version before into use again."""
    at, name = open_context(model), canonical_name(name)
    record = rollback_lexicon(
        at.store, at.bucket, model, name, by=by or getpass.getuser(), reason=reason, at=datetime.now(UTC)
    )
    if as_json:
        write_json({"name": name, "version": record.version})
    else:
        typer.echo(f"lexicon {name} of {model}: {record.version} in use again")


def withdraw(name: Lex, reason: Reason, model: Model = "whisper", by: By = None, as_json: AsJson = False) -> None:
    """Take a lexicon out of use, its first version too; a rollback puts it into use again."""
    at, name = open_context(model), canonical_name(name)
    withdraw_lexicon(at.store, at.bucket, model, name, by=by or getpass.getuser(), reason=reason, at=datetime.now(UTC))
    if as_json:
        write_json({"name": name, "version": None})
    else:
        typer.echo(f"lexicon {name} of {model}: withdrawn")


def _either(given: str, model: str) -> Lexicon:
    """Read a file, or a lexicon of the store: the version in use, or the one behind `@`.

    Raises:
        LexiconInvalid: it is neither, or no lexicon.
        VersionMissing: there is no such version.
    """
    if Path(given).is_file() or Path(given).suffix in (".tsv", ".txt"):
        return read(Path(given))
    name, _, version = given.partition("@")
    at, name = open_context(model), canonical_name(name)
    used = version or production_lexicons(at.store, at.bucket, model).get(name, ("", ""))[0]
    if not used:
        raise LexiconInvalid(f"{given} is neither a file nor a lexicon of {model} that is in use")
    return parse_lexicon(read_lexicon(at.store, at.bucket, model, name, used), source=given)


def _known(entry: Entry) -> str:
    """Return what the lexicon knows of an entry beside its text; counts change with every build."""
    return ", ".join((entry.kind, *(f"« {form} »" for form in entry.spoken)))


def put_into_use(lexicon: Lexicon, name: str, model: str, reason: str, by: str | None) -> str:
    """Store a lexicon under its name in the store, promote it, and return its version.

    Raises:
        LexiconInvalid: it is a vocabulary, and larger than the transcriber takes.
    """
    data = format_lexicon(lexicon)
    if name.startswith(VOCABULARY) and len(data) > MAX_VOCABULARY_BYTES:
        short = name.removeprefix(VOCABULARY)
        raise LexiconInvalid(
            f"the vocabulary {short} would have {len(data):,} bytes, more than {MAX_VOCABULARY_BYTES:,}: a prompt "
            f"holds about a hundred words; promote it as the lexicon specialty.{short}, which sessions name likewise"
        )
    at, now = open_context(model), datetime.now(UTC)
    version = publish_lexicon(at.store, at.bucket, model, name, data, now)
    promote_lexicon(at.store, at.bucket, model, name, version, by=by or getpass.getuser(), reason=reason, at=now)
    return version
