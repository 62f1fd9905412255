"""Lexicons as files: made from reports, lists and corrections, checked and compared; no version is touched."""

import tempfile
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
from carabin.registry.artifacts.datasets import fetch_dataset
from carabin.registry.connect import connect, store_settings

File = Annotated[Path, typer.Argument(help="A lexicon: one entry a line, text, kind, count and spoken forms by tabs.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


def build(
    out: Annotated[Path, typer.Option(help="The lexicon to write, to be read over.")],
    reports: Annotated[
        Path | None, typer.Argument(help="A folder of .txt, .csv and .jsonl files, or one of them.", show_default=False)
    ] = None,
    dataset: Annotated[
        str | None, typer.Option(help="In place of files, the transcripts of dataset NAME or NAME@VERSION.")
    ] = None,
    min_count: Annotated[int, typer.Option(min=1, help="Reports that must hold a word.")] = 3,
    names: Annotated[Path | None, typer.Option(help="Names to keep out, one a line.")] = None,
    column: Annotated[str, typer.Option(help="The column of texts in tables.")] = "text",
    as_json: AsJson = False,
) -> None:
    """Take the words that everyday French lacks from reports; names after a title are kept out, others are not.

    Of a dataset, the test split is left out, so that `carabin evaluate --lexicon` on it says what to expect of new
    dictations.
    """
    from carabin.lexicon.build import build as build_lexicon
    from carabin.lexicon.build import read_reports

    if (reports is None) == (dataset is None):
        raise LexiconInvalid("give either files of reports or --dataset")
    texts = read_reports(reports, column) if reports is not None else _transcripts(dataset or "")
    listed = [line.strip() for line in _bytes_of(names).decode("utf-8", "replace").splitlines()] if names else []
    built = build_lexicon(texts, min_count=min_count, names=listed)
    out.write_bytes(format_lexicon(built.lexicon))
    kept_out = {"names": len(built.names), "misspellings": len(built.misspellings)}
    if as_json:
        write_json({"file": str(out), "entries": len(built.lexicon), "reports": built.reports, "kept_out": kept_out})
        return
    for entry in built.lexicon.entries[:20]:
        typer.echo(f"{entry.count:>7}  {entry.text}")
    typer.echo(
        f"{out}: {len(built.lexicon)} entries from {built.reports} reports; kept out: {kept_out['names']} names, "
        f"{kept_out['misspellings']} misspellings. Names that stand after no title may be left: read it over."
    )


def import_(
    files: Annotated[list[Path], typer.Argument(help="Lists of words, or lexicons.")],
    out: Annotated[Path, typer.Option(help="The lexicon to write.")],
) -> None:
    """Join lists and lexicons into one; what stands twice is one entry."""
    found = joined(entry for file in files for entry in read(file))
    out.write_bytes(format_lexicon(found))
    typer.echo(f"{out}: {len(found)} entries, {found.duplicates} given more than once")


def default(out: Annotated[Path, typer.Option(help="The lexicon to write.")]) -> None:
    """Write the open French lexicon of drugs and diseases, out of the package edsnlp (BSD-3)."""
    from carabin.lexicon.default import PACKAGE, VERSION, default_lexicon

    found = default_lexicon()
    out.write_bytes(format_lexicon(found))
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
    if len(common) == len(lexicon):
        raise LexiconInvalid(f"{file} holds words of everyday French only: Whisper knows them already")


def diff(old: File, new: File) -> None:
    """Show which entries come and go between two files."""
    before, after = ({fold(entry.text): entry for entry in read(file)} for file in (old, new))
    for sign, left, right in (("-", before, after), ("+", after, before)):
        for key in sorted(left.keys() - right.keys()):
            typer.echo(f"{sign} {left[key].text}")
    typer.echo(f"{len(after.keys() - before.keys())} entries more, {len(before.keys() - after.keys())} fewer")


def read(file: Path) -> Lexicon:
    """Read a lexicon file.

    Raises:
        LexiconInvalid: it cannot be read, or is none; the error names the file and the line.
    """
    return parse_lexicon(_bytes_of(file), source=str(file))


def _bytes_of(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise LexiconInvalid(f"{file} cannot be read: {error.strerror}") from error


def _transcripts(dataset: str) -> list[str]:
    """Return what is said in a dataset's training and validation dictations, each sentence once."""
    from carabin.trainer.data.dictations import load_split
    from carabin.trainer.datasets.local import named

    store, bucket = connect(), store_settings().datasets_bucket
    manifest = named(store, bucket, dataset)
    with tempfile.TemporaryDirectory(prefix="carabin-lexicon-") as scratch:
        folder = fetch_dataset(store, bucket, manifest, Path(scratch) / manifest.name)
        splits = [split for split in ("train", "validation") if manifest.counts.get(split)]
        return list(dict.fromkeys(text for split in splits for text in load_split(folder, split).sentences))


def _spoken(recognized: Iterable[str]) -> tuple[str, ...]:
    """Return what was written instead, where it can be a spoken form and is no everyday French alone."""
    return tuple(form for form in recognized if is_phrase(form) and not all(map(is_common, form.split())))
