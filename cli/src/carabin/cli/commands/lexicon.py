"""`carabin lexicon`: the hospital's own words, from its reports into use, without training.

Over 200 lines: eleven short commands of one noun, which share their options.
"""

import getpass
import json
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from carabin.cli.output import write_json
from carabin.lexicon.common import is_common
from carabin.lexicon.entries import Entry, Lexicon, fold, format_lexicon, is_phrase, joined, parse_lexicon
from carabin.lexicon.errors import LexiconInvalid
from carabin.lexicon.phonetics import phonetic_key
from carabin.registry.connect import connect
from carabin.registry.stages.lexicons import (
    canonical_name,
    lexicon_log,
    lexicon_names,
    lexicon_versions,
    production_lexicons,
    promote_lexicon,
    publish_lexicon,
    read_lexicon,
    rollback_lexicon,
)

from .models.context import By, Reason, open_context

app = typer.Typer(
    help="Words that the transcriber recognises without training: made from reports, checked, promoted, rolled back.",
    epilog="Example: carabin lexicon build reports/ --out cardiologie.tsv",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

File = Annotated[Path, typer.Argument(help="A lexicon: one entry a line, text, kind, count and spoken forms by tabs.")]
Model = Annotated[str, typer.Option("--model", "-m", help="The registry's name of the model that is served.")]
Lex = Annotated[str, typer.Argument(help="Its name: cardiologie, specialty.cardiologie, or identity.dr.martin.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


@app.command(epilog="Example: carabin lexicon build reports/ --min-count 5 --names staff.txt --out cardiologie.tsv")
def build(
    reports: Annotated[Path, typer.Argument(help="A folder of .txt, .csv and .jsonl files, or one of them.")],
    out: Annotated[Path, typer.Option(help="The lexicon to write, to be read over.")],
    min_count: Annotated[int, typer.Option(min=1, help="Reports that must hold a word.")] = 3,
    names: Annotated[Path | None, typer.Option(help="Names to keep out, one a line.")] = None,
    column: Annotated[str, typer.Option(help="The column of texts in tables.")] = "text",
) -> None:
    """Take the words that everyday French lacks from reports; names after a title are kept out, others are not."""
    from carabin.lexicon.build import build as build_lexicon
    from carabin.lexicon.build import read_reports

    listed = [line.strip() for line in names.read_text("utf-8").splitlines()] if names else []
    built = build_lexicon(read_reports(reports, column), min_count=min_count, names=listed)
    out.write_bytes(format_lexicon(built.lexicon))
    for entry in built.lexicon.entries[:20]:
        typer.echo(f"{entry.count:>7}  {entry.text}")
    typer.echo(
        f"{out}: {len(built.lexicon)} entries from {built.reports} reports; kept out: {len(built.names)} names, "
        f"{len(built.misspellings)} misspellings. Names that stand after no title may be left: read it over."
    )


@app.command("import", epilog="Example: carabin lexicon import words.txt more.tsv --out cardiologie.tsv")
def import_(
    files: Annotated[list[Path], typer.Argument(help="Lists of words, or lexicons.")],
    out: Annotated[Path, typer.Option(help="The lexicon to write.")],
) -> None:
    """Join lists and lexicons into one; what stands twice is one entry."""
    found = joined(entry for file in files for entry in _read(file))
    out.write_bytes(format_lexicon(found))
    typer.echo(f"{out}: {len(found)} entries, {found.duplicates} given more than once")


@app.command(epilog="Example: carabin lexicon default --out default.tsv")
def default(out: Annotated[Path, typer.Option(help="The lexicon to write.")]) -> None:
    """Write the open French lexicon of drugs and diseases, out of the package edsnlp (BSD-3)."""
    from carabin.lexicon.default import PACKAGE, VERSION, default_lexicon

    found = default_lexicon()
    out.write_bytes(format_lexicon(found))
    typer.echo(f"{out}: {len(found)} entries from {PACKAGE} {VERSION}, BSD-3, Assistance Publique - Hôpitaux de Paris")


@app.command(epilog="Example: carabin lexicon suggest --min-persons 2 --out corrected.tsv")
def suggest(
    bucket: Annotated[str, typer.Option("--bucket", help="The bucket of corrections.")] = "corrections",
    min_corrections: Annotated[int, typer.Option(min=1, help="Corrections that a term needs.")] = 2,
    min_persons: Annotated[
        int, typer.Option(min=1, help="Clinicians that must have written it; 2 keeps most patients' names out.")
    ] = 2,
    out: Annotated[Path | None, typer.Option(help="The lexicon to write, to be read over.")] = None,
    as_json: AsJson = False,
) -> None:
    """Propose terms that clinicians had to correct, with what was written instead as their spoken forms."""
    from carabin.trainer.datasets.corrections import read_corrections, suggest_terms

    records = read_corrections(connect(), bucket, datetime.now(UTC))
    terms = suggest_terms(records, min_corrections=min_corrections, min_persons=min_persons)
    if out is not None:
        entries = (Entry(term.text, "word", term.corrections, _spoken(term.recognized)) for term in terms)
        out.write_bytes(format_lexicon(joined(entries)))
    if as_json:
        write_json(
            [
                {
                    "text": term.text,
                    "corrections": term.corrections,
                    "persons": term.persons,
                    "heard": list(term.recognized),
                }
                for term in terms
            ]
        )
        return
    for term in terms:
        typer.echo(f"{term.corrections:>4} × {term.text}  (recognised as: {', '.join(term.recognized)})")
    typer.echo(
        f"{len(terms)} terms from {len(records)} corrections. Names of patients may be among them: read them over."
    )


@app.command(epilog="Example: carabin lexicon check cardiologie.tsv")
def check(file: File, as_json: AsJson = False) -> None:
    """Say what is in a lexicon and what of it will be of no use; refuse what is no lexicon."""
    lexicon = _read(file)
    common = [entry.text for entry in lexicon if all(is_common(word) for word in entry.text.split())]
    silent = [entry.text for entry in lexicon if not phonetic_key(entry.text)]
    if as_json:
        typer.echo(json.dumps({"entries": len(lexicon), "common": common, "silent": silent}, ensure_ascii=False))
    else:
        typer.echo(f"{file}: {len(lexicon)} entries, {lexicon.duplicates} given more than once")
        for text in common[:20]:
            typer.echo(f"  everyday French: {text}")
        if len(common) > 20:
            typer.echo(f"  and {len(common) - 20} more that everyday French has")
    if len(common) == len(lexicon):
        raise LexiconInvalid(f"{file} holds words of everyday French only: Whisper knows them already")


@app.command(epilog="Example: carabin lexicon diff old.tsv new.tsv")
def diff(old: File, new: File) -> None:
    """Show which entries come and go between two files."""
    before, after = ({fold(entry.text): entry for entry in _read(file)} for file in (old, new))
    for sign, left, right in (("-", before, after), ("+", after, before)):
        for key in sorted(left.keys() - right.keys()):
            typer.echo(f"{sign} {left[key].text}")
    typer.echo(f"{len(after.keys() - before.keys())} entries more, {len(before.keys() - after.keys())} fewer")


@app.command("list", epilog="Example: carabin lexicon list --model whisper")
def list_(model: Model = "whisper", as_json: AsJson = False) -> None:
    """List the lexicons beside a model, their versions and which is in use."""
    at = open_context(model)
    used = production_lexicons(at.store, at.bucket, model)
    rows = [
        {"name": name, "version": version, "in_use": used.get(name, ("",))[0] == version}
        for name in lexicon_names(at.store, at.bucket, model)
        for version in lexicon_versions(at.store, at.bucket, model, name)
    ]
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False))
        return
    for row in rows:
        typer.echo(f"{row['name']:<24}{row['version']}  {'in use' if row['in_use'] else ''}".rstrip())


@app.command(epilog="Example: carabin lexicon show cardiologie --model whisper")
def show(
    name: Lex,
    model: Model = "whisper",
    version: Annotated[str | None, typer.Option(help="Another than the one in use.")] = None,
) -> None:
    """Print a lexicon as it is in the store, and who promoted it when."""
    at, name = open_context(model), canonical_name(name)
    used = version or production_lexicons(at.store, at.bucket, model).get(name, ("", ""))[0]
    if not used:
        raise LexiconInvalid(f"no version of the lexicon {name} of {model} is in use; see `carabin lexicon list`")
    for record in lexicon_log(at.store, at.bucket, model, name):
        typer.echo(f"# {record.at:%Y-%m-%d %H:%M} {record.kind} {record.version} by {record.by}: {record.reason}")
    typer.echo(read_lexicon(at.store, at.bucket, model, name, used).decode(), nl=False)


@app.command(epilog='Example: carabin lexicon promote cardiologie.tsv --reason "new drugs of the formulary"')
def promote(
    file: File,
    reason: Reason,
    model: Model = "whisper",
    name: Annotated[
        str | None, typer.Option(help="Another name than the file's: specialty.cardiologie, identity.dr.martin.")
    ] = None,
    by: By = None,
) -> None:
    """Put a lexicon into use: open sessions use it from their next sentence on."""
    lexicon = _read(file)
    if all(is_common(word) for entry in lexicon for word in entry.text.split()):
        raise LexiconInvalid(f"{file} holds words of everyday French only: Whisper knows them already")
    at, now = open_context(model), datetime.now(UTC)
    used = canonical_name(name or file.stem)
    version = publish_lexicon(at.store, at.bucket, model, used, format_lexicon(lexicon), now)
    promote_lexicon(at.store, at.bucket, model, used, version, by=by or getpass.getuser(), reason=reason, at=now)
    typer.echo(f"lexicon {used} of {model}: {version} in use, {len(lexicon)} entries")


@app.command(epilog='Example: carabin lexicon rollback cardiologie --reason "names of patients in it"')
def rollback(name: Lex, reason: Reason, model: Model = "whisper", by: By = None) -> None:
    """Put the version before into use again."""
    at, name = open_context(model), canonical_name(name)
    record = rollback_lexicon(
        at.store, at.bucket, model, name, by=by or getpass.getuser(), reason=reason, at=datetime.now(UTC)
    )
    typer.echo(f"lexicon {name} of {model}: {record.version} in use again")


def _spoken(recognized: Iterable[str]) -> tuple[str, ...]:
    """Return what was written instead, where it can be a spoken form and is no everyday French alone."""
    return tuple(form for form in recognized if is_phrase(form) and not all(map(is_common, form.split())))


def _read(file: Path) -> Lexicon:
    try:
        data = file.read_bytes()
    except OSError as error:
        raise LexiconInvalid(f"{file} cannot be read: {error.strerror}") from error
    return parse_lexicon(data, source=str(file))
