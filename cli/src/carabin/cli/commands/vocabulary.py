"""`carabin vocabulary`: short lists of terms that a session names and expects from its first decode on."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from carabin.cli.output import write_json
from carabin.registry.connect import connect, store_settings
from carabin.registry.errors import CarabinError
from carabin.registry.layout import vocabularies_prefix, vocabulary_key

app = typer.Typer(
    help="Short lists of terms that sessions name; `carabin lexicon suggest` proposes some, from corrections.",
    epilog="Example: carabin vocabulary publish cardiologie.txt --model whisper",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

Model = Annotated[str, typer.Option("--model", help="The registry's name of the model that is served.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


class VocabularyInvalid(CarabinError):
    """A file cannot be a vocabulary."""


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
