"""What changes which version of a lexicon is used: put into use, taken back, withdrawn."""

from datetime import UTC, datetime
from typing import Annotated

import typer
from carabin.cli.output import write_json
from carabin.lexicon.common import is_common
from carabin.lexicon.entries import MAX_VOCABULARY_BYTES, Lexicon, format_lexicon
from carabin.lexicon.errors import LexiconInvalid
from carabin.registry.artifacts.publish import list_models
from carabin.registry.layout import versions_prefix
from carabin.registry.stages.lexicon_keys import VOCABULARY, canonical_name, promotable_name
from carabin.registry.stages.lexicons import (
    is_withdrawal,
    promote_lexicon,
    publish_lexicon,
    rollback_lexicon,
    withdraw_lexicon,
)

from ..models.context import By, Context, Reason, open_context, who_changes
from .files import AsJson, File, read
from .versions import Lex, Model


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
    used = promotable_name(file.stem if name is None else name)
    version, warning = put_into_use(lexicon, used, model, reason, by)
    if as_json:
        write_json({"name": used, "version": version, "entries": len(lexicon), "warning": warning})
    else:
        typer.echo(f"lexicon {used} of {model}: {version} in use, {len(lexicon)} entries")


def rollback(name: Lex, reason: Reason, model: Model = "whisper", by: By = None, as_json: AsJson = False) -> None:
    """Put the version before into use again."""
    at, name = open_context(model), canonical_name(name)
    record = rollback_lexicon(at.store, at.bucket, model, name, by=who_changes(by), reason=reason, at=datetime.now(UTC))
    withdrawn = is_withdrawal(record.version)
    if as_json:
        write_json({"name": name, "version": None if withdrawn else record.version})
    else:
        typer.echo(f"lexicon {name} of {model}: {'withdrawn' if withdrawn else f'{record.version} in use'} again")


def withdraw(name: Lex, reason: Reason, model: Model = "whisper", by: By = None, as_json: AsJson = False) -> None:
    """Take a lexicon out of use, its first version too; a rollback puts it into use again."""
    at, name = open_context(model), canonical_name(name)
    withdraw_lexicon(at.store, at.bucket, model, name, by=who_changes(by), reason=reason, at=datetime.now(UTC))
    if as_json:
        write_json({"name": name, "version": None})
    else:
        typer.echo(f"lexicon {name} of {model}: withdrawn")


def put_into_use(lexicon: Lexicon, name: str, model: str, reason: str, by: str | None) -> tuple[str, str | None]:
    """Store a lexicon under its name in the store and promote it; a warning goes to standard error too.

    Returns:
        Its version, and a warning where the store has no version of the model yet, else None.

    Raises:
        LexiconInvalid: all of it is everyday French, or it is a vocabulary, and larger than the transcriber takes.
    """
    if all(is_common(word) for entry in lexicon for word in entry.text.split()):
        raise LexiconInvalid(f"{name} would hold words of everyday French only: Whisper knows them already")
    data = format_lexicon(lexicon)
    if name.startswith(VOCABULARY) and len(data) > MAX_VOCABULARY_BYTES:
        short = name.removeprefix(VOCABULARY)
        raise LexiconInvalid(
            f"the vocabulary {short} would have {len(data):,} bytes, more than {MAX_VOCABULARY_BYTES:,}: a prompt "
            f"holds about a hundred words; promote it as the lexicon specialty.{short}, which sessions name likewise"
        )
    at, now, who = open_context(model), datetime.now(UTC), who_changes(by)
    version = publish_lexicon(at.store, at.bucket, model, name, data, now)
    promote_lexicon(at.store, at.bucket, model, name, version, by=who, reason=reason, at=now)
    warning = _missing_model(at)
    if warning:
        typer.echo(f"Look: {warning}.", err=True)
    return version, warning


def _missing_model(at: Context) -> str | None:
    """Return a sentence where the store has no version of the model: a lexicon may come before it, or be mistyped."""
    if at.store.folders(at.bucket, versions_prefix(at.name)):
        return None
    models = list_models(at.store, at.bucket)
    held = f"it has {', '.join(models)}" if models else "it has no model"
    return f"no version of the model {at.name} is in the store yet, and no session uses this lexicon before; {held}"
