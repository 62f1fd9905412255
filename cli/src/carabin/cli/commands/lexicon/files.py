"""Lexicons as files: made from lists and corrections, joined and checked; no version is touched."""

from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Annotated

import typer
from carabin.cli.output import write_json
from carabin.lexicon.common import is_common
from carabin.lexicon.entries import MAX_ENTRIES, Entry, Lexicon, format_lexicon, is_phrase, joined, parse_lexicon
from carabin.lexicon.errors import LexiconInvalid
from carabin.lexicon.phonetics import phonetic_key
from carabin.registry.connect import connect

File = Annotated[Path, typer.Argument(help="A lexicon: one entry a line, text, kind, count and spoken forms by tabs.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


def import_(
    files: Annotated[list[Path], typer.Argument(help="Lists of words, or lexicons.")],
    out: Annotated[Path, typer.Option(help="The lexicon to write.")],
) -> None:
    """Join lists and lexicons into one; what stands twice is one entry."""
    found = joined(entry for file in files for entry in read(file))
    write(out, found)
    typer.echo(f"{out}: {len(found)} entries, {found.duplicates} given more than once")


def default(out: Annotated[Path, typer.Option(help="The lexicon to write.")]) -> None:
    """Write the open French lexicon of drugs and diseases, out of the package edsnlp (BSD-3)."""
    from carabin.lexicon.default import PACKAGE, VERSION, default_lexicon

    found = default_lexicon()
    write(out, found)
    typer.echo(f"{out}: {len(found)} entries from {PACKAGE} {VERSION}, BSD-3, Assistance Publique - Hôpitaux de Paris")


def suggest(
    bucket: Annotated[str, typer.Option("--bucket", help="The bucket of corrections.")] = "corrections",
    min_corrections: Annotated[int, typer.Option(min=1, help="Corrections that a term needs.")] = 2,
    min_persons: Annotated[
        int, typer.Option(min=1, help="Clinicians that must have written it; 2 keeps most patients' names out.")
    ] = 2,
    out: Annotated[Path | None, typer.Option(help="The lexicon to write, to be read over.")] = None,
    as_json: AsJson = False,
) -> None:
    """Propose terms that clinicians had to correct, with what was written instead as their spoken forms.

    With nothing to propose, no file is written.
    """
    from carabin.trainer.datasets.corrections import read_corrections, suggest_terms

    records = read_corrections(connect(), bucket, datetime.now(UTC))
    terms = suggest_terms(records, min_corrections=min_corrections, min_persons=min_persons)
    if out is not None and terms:
        entries = (Entry(term.text, "word", term.corrections, _spoken(term.recognized)) for term in terms)
        write(out, joined(entries))
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
    if not terms:
        unwritten = f"; {out} is not written" if out is not None else ""
        typer.echo(
            f"nothing to suggest: in {len(records)} corrections no term was written at least {min_corrections} times,"
            f" and by at least {min_persons} clinicians{unwritten}",
            err=as_json,
        )
    if as_json or not terms:
        return
    for term in terms:
        typer.echo(f"{term.corrections:>4} × {term.text}  (recognised as: {', '.join(term.recognized)})")
    typer.echo(
        f"{len(terms)} terms from {len(records)} corrections. Names of patients may be among them: read them over."
    )


def check(file: File, as_json: AsJson = False) -> None:
    """Say what is in a lexicon and what of it will be of no use; refuse what is no lexicon."""
    lexicon = read(file)
    common = [entry.text for entry in lexicon if all(is_common(word) for word in entry.text.split())]
    silent = [entry.text for entry in lexicon if not phonetic_key(entry.text)]
    if as_json:
        write_json({"entries": len(lexicon), "common": common, "silent": silent})
    else:
        typer.echo(f"{file}: {len(lexicon)} entries, {lexicon.duplicates} given more than once")
        for text in common[:20]:
            typer.echo(f"  everyday French: {text}")
        if len(common) > 20:
            typer.echo(f"  and {len(common) - 20} more that everyday French has")
        for text in silent[:20]:
            typer.echo(f"  never looked up by sound: {text}")
        if len(silent) > 20:
            typer.echo(f"  and {len(silent) - 20} more that are never looked up by sound")
    if len(common) == len(lexicon):
        raise LexiconInvalid(f"{file} holds words of everyday French only: Whisper knows them already")


def read(file: Path) -> Lexicon:
    """Read a lexicon file.

    Raises:
        LexiconInvalid: it cannot be read, or is none; the error names the file and the line.
    """
    return parse_lexicon(bytes_of(file), source=str(file))


def write(file: Path, lexicon: Lexicon) -> None:
    """Write a lexicon that can be read again; what the file held before stays, see `write_beside`.

    Raises:
        LexiconInvalid: it has too many entries; nothing is written.
    """
    if len(lexicon) > MAX_ENTRIES:
        raise LexiconInvalid(f"{file} would have more than {MAX_ENTRIES:,} entries: keep the words that matter")
    write_beside(file, format_lexicon(lexicon))


def write_beside(file: Path, data: bytes) -> None:
    """Write a file; what it held before, such as edits, stays beside it as .bak, .bak.1 ...: none is overwritten."""
    if file.is_file() and (before := file.read_bytes()) not in (b"", data):
        names = (f"{file.name}.bak{f'.{number}' if number else ''}" for number in count())
        kept = next(path for path in map(file.with_name, names) if not path.exists() or path.read_bytes() == before)
        kept.write_bytes(before)
        typer.echo(f"{file} was there: what it held is in {kept}", err=True)
    file.write_bytes(data)


def bytes_of(file: Path) -> bytes:
    """Read a file.

    Raises:
        LexiconInvalid: it cannot be read; the error names it.
    """
    try:
        return file.read_bytes()
    except OSError as error:
        raise LexiconInvalid(f"{file} cannot be read: {error.strerror}") from error


def _spoken(recognized: Iterable[str]) -> tuple[str, ...]:
    """Return what was written instead, where it can be a spoken form and is no everyday French alone."""
    return tuple(form for form in recognized if is_phrase(form) and not all(map(is_common, form.split())))
