"""`carabin vocabulary`: a short way to the lexicons that sessions name and expect from their first decode on."""

from pathlib import Path
from typing import Annotated

import typer
from carabin.cli.output import write_json
from carabin.lexicon.entries import parse_lexicon
from carabin.registry.errors import CarabinError
from carabin.registry.stages.lexicon_keys import VOCABULARY, promotable_name
from carabin.registry.stages.lexicons import lexicon_names, lexicons_in_use

from .lexicon.change import put_into_use
from .models.context import By, Reason, open_context, require_known

app = typer.Typer(
    help="Short lists of terms that sessions name: lexicons named vocabulary.NAME, see `carabin lexicon`.",
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
    reason: Reason = "carabin vocabulary publish",
    by: By = None,
) -> None:
    """Promote the lexicon vocabulary.NAME: sessions that name the vocabulary expect its terms from now on."""
    try:
        data = file.read_bytes()
    except OSError as error:
        raise VocabularyInvalid(f"{file} cannot be read: {error.strerror}") from error
    lexicon = parse_lexicon(data, source=str(file), skip_refused=True)
    if lexicon.refused:
        raise VocabularyInvalid(lexicon.refused[0])
    if not len(lexicon):
        raise VocabularyInvalid(f"{file} holds no term: write one a line")
    vocabulary = file.stem if name is None else name
    put_into_use(lexicon, promotable_name(f"{VOCABULARY}{vocabulary}"), model, reason, by)
    typer.echo(f"vocabulary {vocabulary} of {model}: {len(lexicon)} terms")


@app.command("list", epilog="Example: carabin vocabulary list --model whisper")
def list_(model: Model = "whisper", as_json: AsJson = False) -> None:
    """List the vocabularies of a model that are in use."""
    at = open_context(model)
    counts = {
        name.removeprefix(VOCABULARY): len(parse_lexicon(at.store.get(at.bucket, key), source=name, skip_refused=True))
        for name, (_, key) in sorted(lexicons_in_use(at.store, at.bucket, model).items())
        if name.startswith(VOCABULARY)
    }
    if not counts and not lexicon_names(at.store, at.bucket, model):  # one may be withdrawn
        require_known(at)
    if as_json:
        write_json(counts)
        return
    for name, count in counts.items():
        typer.echo(f"{name}: {count} terms")
