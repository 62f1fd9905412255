"""`carabin vocabulary`: terms to expect, from what clinicians corrected, at once and without training."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from carabin.cli.output import write_json
from carabin.registry.connect import connect, store_settings
from carabin.registry.errors import CarabinError
from carabin.registry.layout import vocabularies_prefix, vocabulary_key

app = typer.Typer(
    help="Terms to expect: suggested by corrections, used from the next session on, without training.",
    epilog="Example: carabin vocabulary suggest --min-persons 2 --out cardiologie.txt",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

Model = Annotated[str, typer.Option("--model", help="The registry's name of the model that is served.")]
Bucket = Annotated[str, typer.Option("--bucket", help="The bucket of corrections.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


class VocabularyInvalid(CarabinError):
    """A file cannot be a vocabulary."""


@app.command(epilog="Example: carabin vocabulary suggest --min-persons 2 --out cardiologie.txt")
def suggest(
    bucket: Bucket = "corrections",
    min_corrections: Annotated[int, typer.Option(min=1, help="Corrections that a term needs.")] = 2,
    min_persons: Annotated[
        int, typer.Option(min=1, help="Clinicians that must have written it; 2 keeps most patients' names out.")
    ] = 2,
    out: Annotated[Path | None, typer.Option(help="Write the terms to this file, one a line, to be read over.")] = None,
    as_json: AsJson = False,
) -> None:
    """Propose terms that clinicians had to correct; read them over, then `carabin vocabulary publish`."""
    from carabin.trainer.datasets.corrections import read_corrections, suggest_terms

    records = read_corrections(connect(), bucket, datetime.now(UTC))
    terms = suggest_terms(records, min_corrections=min_corrections, min_persons=min_persons)
    if out is not None:
        out.write_text("".join(f"{term.text}\n" for term in terms), "utf-8")
    if as_json:
        write_json([_row(term) for term in terms])
        return
    for term in terms:
        typer.echo(f"{term.corrections:>4} × {term.text}  (recognised as: {', '.join(term.recognized)})")
    typer.echo(
        f"{len(terms)} terms from {len(records)} corrections. Names of patients may be among them: read them over."
    )


@app.command(epilog="Example: carabin vocabulary publish cardiologie.txt --model whisper")
def publish(
    file: Annotated[Path, typer.Argument(help="Terms, one a line; its name is the vocabulary's.")],
    model: Model = "whisper",
    name: Annotated[str | None, typer.Option(help="Another name.")] = None,
) -> None:
    """Put a vocabulary beside a model: sessions that name it expect its terms from now on."""
    try:
        lines = file.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise VocabularyInvalid(f"{file} cannot be read as UTF-8 text: {error}") from error
    terms = _terms(lines)
    if not terms:
        raise VocabularyInvalid(f"{file} holds no term: write one a line")
    vocabulary = name or file.stem
    store, settings = connect(), store_settings()
    store.put(settings.models_bucket, vocabulary_key(model, vocabulary), "\n".join([*terms, ""]).encode())
    typer.echo(f"vocabulary {vocabulary} of {model}: {len(terms)} terms")


@app.command("list", epilog="Example: carabin vocabulary list --model whisper")
def list_(model: Model = "whisper", as_json: AsJson = False) -> None:
    """List the vocabularies of a model."""
    store, settings = connect(), store_settings()
    prefix = vocabularies_prefix(model)
    names = {key.removeprefix(prefix).removesuffix(".txt"): key for key in store.list(settings.models_bucket, prefix)}
    counts = {
        name: len(_terms(store.get(settings.models_bucket, key).decode("utf-8", "replace").splitlines()))
        for name, key in names.items()
    }
    if as_json:
        write_json(counts)
        return
    for name, count in counts.items():
        typer.echo(f"{name}: {count} terms")


def _terms(lines: Sequence[str]) -> list[str]:
    """Return the terms without comments, each once."""
    return list(dict.fromkeys(term for line in lines if (term := line.partition("#")[0].strip())))


def _row(term: Any) -> dict[str, Any]:
    return {"text": term.text, "corrections": term.corrections, "persons": term.persons, "heard": list(term.recognized)}
