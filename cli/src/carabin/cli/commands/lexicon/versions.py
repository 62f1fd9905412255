"""Versions of a lexicon in the store: listed, shown and compared."""

from pathlib import Path
from typing import Annotated

import typer
from carabin.cli.output import write_json
from carabin.lexicon.entries import Entry, Lexicon, fold, parse_lexicon
from carabin.lexicon.errors import LexiconInvalid
from carabin.registry.stages.lexicon_keys import name_and_version
from carabin.registry.stages.lexicons import (
    is_withdrawal,
    lexicon_log,
    lexicon_names,
    lexicon_versions,
    production_lexicons,
    read_lexicon,
    unversioned_vocabularies,
)

from ..models.context import Context, one_line, open_context, require_known
from .files import AsJson, read

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
    if not rows:
        require_known(at)
    if as_json:
        write_json(rows)
        return
    if not rows:
        typer.echo(f"{model} has no lexicon in the store: `carabin lexicon promote` puts one into use", err=True)
    width = max((len(str(row["name"])) for row in rows), default=0)
    for row in rows:
        state = "in use" if row["in_use"] else "none: withdrawn" if row["withdrawal"] else ""
        typer.echo(f"{row['name']:<{width}}  {row['version']}  {state}".rstrip())


def show(
    name: Annotated[str, typer.Argument(help="NAME, for the version in use, or NAME@VERSION.")],
    model: Model = "whisper",
    version: Annotated[str | None, typer.Option(help="Another than the one in use.")] = None,
) -> None:
    """Print a lexicon as it is in the store, and who promoted it when."""
    name, behind = name_and_version(name)
    if version and behind and version != behind:
        raise typer.BadParameter(f"{behind} stands behind the name, and --version is {version}: give one of them")
    at, version = open_context(model), version or behind
    old = unversioned_vocabularies(at.store, at.bucket, model).get(name)
    if old is not None and version is None:
        typer.echo(at.store.get(at.bucket, old[1]).decode("utf-8", "replace"), nl=False)
        return
    used = version or production_lexicons(at.store, at.bucket, model).get(name, ("", ""))[0]
    data = read_lexicon(at.store, at.bucket, model, name, used) if used else None
    if used or name in lexicon_names(at.store, at.bucket, model):
        _print_log(at, name)
    if data is None:
        raise LexiconInvalid(f"no version of the lexicon {name} of {model} is in use; see `carabin lexicon list`")
    typer.echo(data.decode(), nl=False)


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


def _print_log(at: Context, name: str) -> None:
    """Print who put which version into use, or withdrew the lexicon, when and why: each on a line of comment."""
    for record in lexicon_log(at.store, at.bucket, at.name, name):
        kind = "withdraw" if is_withdrawal(record.version) else record.kind
        line = f"{record.at:%Y-%m-%d %H:%M} {kind} {record.version} by {record.by}: {record.reason}"
        typer.echo(f"# {one_line(line)}")


def _either(given: str, model: str) -> Lexicon:
    """Read a file, or a lexicon of the store: the version in use, or the one behind `@`.

    Raises:
        LexiconInvalid: it is neither, or no lexicon.
        VersionMissing: there is no such version.
    """
    if Path(given).is_file() or Path(given).suffix in (".tsv", ".txt"):
        return read(Path(given))
    name, version = name_and_version(given)
    at = open_context(model)
    used = version or production_lexicons(at.store, at.bucket, model).get(name, ("", ""))[0]
    if not used:
        raise LexiconInvalid(f"{given} is neither a file nor a lexicon of {model} that is in use")
    return parse_lexicon(read_lexicon(at.store, at.bucket, model, name, used), source=given)


def _known(entry: Entry) -> str:
    """Return what the lexicon knows of an entry beside its text; counts change with every build."""
    return ", ".join((entry.kind, *(f"« {form} »" for form in entry.spoken)))
