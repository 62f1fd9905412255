"""`carabin lexicon build`: a lexicon from a hospital's own reports, as a file to be read over and promoted."""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Final

import typer
from carabin.cli.output import write_json
from carabin.lexicon.build import LexiconProposal
from carabin.lexicon.build import build as build_lexicon
from carabin.lexicon.entries import Lexicon
from carabin.lexicon.errors import LexiconInvalid
from carabin.registry.artifacts.datasets import fetch_dataset, find_dataset
from carabin.registry.connect import connect, store_settings

from .files import AsJson, bytes_of, write, write_beside
from .reports import KINDS, read_reports

SHOWN: Final = 20
"""Rows of a table on the screen, and files that are left out; the file, and --json, have all."""


def build(
    out: Annotated[Path, typer.Option(help="The lexicon to write, to be read over.")],
    reports: Annotated[
        Path | None, typer.Argument(help=f"A folder of {KINDS}, or one of them.", show_default=False)
    ] = None,
    dataset: Annotated[
        str | None, typer.Option(help="In place of files, the transcripts of dataset NAME or NAME@VERSION.")
    ] = None,
    min_count: Annotated[int, typer.Option(min=1, help="Reports that must hold a word.")] = 3,
    names: Annotated[Path | None, typer.Option(help="Names to keep out, one a line.")] = None,
    column: Annotated[str, typer.Option(help="The column of texts in tables.")] = "text",
    kept_out: Annotated[
        Path | None, typer.Option(help="Where to write what was kept out, each with its reason; names are in it.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Take the words that everyday French lacks from reports; names after a title are kept out, others are not.

    Of a dataset, the test split is left out, so that `carabin evaluate --lexicon` on it says what to expect of new
    dictations. Reports that cannot be read are named, and end the command with 1; the lexicon of the others is written.
    """
    if (reports is None) == (dataset is None):
        raise LexiconInvalid("give either files of reports or --dataset")
    if kept_out is not None:
        _require_own_file(kept_out, [each for each in (out, reports, names) if each])
    left_out: list[dict[str, str]] = []

    def leave_out(where: str, reason: str) -> None:
        left_out.append({"file": where, "reason": reason})

    texts = read_reports(reports, column, leave_out) if reports is not None else _transcripts(dataset or "")
    try:
        built = build_lexicon(texts, min_count=min_count, names=_names(names) if names else ())
    except LexiconInvalid:
        _name_left_out(left_out)
        raise
    write(out, built.lexicon)
    if kept_out is not None:
        write_beside(kept_out, "".join(f"{word}\t{reason}\n" for word, reason in _kept_out(built)).encode())
    counts = {"names": len(built.names), "misspellings": len(built.misspellings)}
    if as_json:
        found = {"file": str(out), "entries": len(built.lexicon), "reports": built.reports, "kept_out": counts}
        write_json(found | {"left_out": left_out})
    else:
        _tell(built, out, kept_out)
    if left_out:
        _name_left_out(left_out)
        raise typer.Exit(1)


def _require_own_file(kept_out: Path, others: Sequence[Path]) -> None:
    mine = kept_out.resolve()
    # Of a folder of reports, any file that is there may be one.
    taken = mine.is_file() and any(other.is_dir() and other.resolve() in mine.parents for other in others)
    if taken or mine in {other.resolve() for other in others} or not mine.parent.is_dir():
        raise LexiconInvalid(
            f"--kept-out {kept_out} is the lexicon's own file or one that is read, or in no folder: name another"
        )


def _name_left_out(left_out: Sequence[Mapping[str, str]]) -> None:
    for each in left_out[:SHOWN]:
        typer.echo(f"left out: {each['file']} {each['reason']}", err=True)
    if len(left_out) > SHOWN:
        typer.echo(f"and {len(left_out) - SHOWN} more are left out; --json names all", err=True)


def _tell(built: LexiconProposal, out: Path, kept_out: Path | None) -> None:
    _show(built.lexicon)
    for wrong, right in built.misspellings[:SHOWN]:
        typer.echo(f"  kept out: {wrong}, taken for a slip of {right}")
    typer.echo(
        f"{out}: {len(built.lexicon)} entries from {built.reports} reports; kept out: {len(built.names)} names, "
        f"{len(built.misspellings)} misspellings{'' if kept_out else ' (--kept-out FILE lists them)'}. Names that "
        "stand after no title may be left: read it over, then `carabin lexicon promote` it."
    )


def _show(lexicon: Lexicon) -> None:
    """Print the first entries, those of most reports, as a table."""
    typer.echo(f"{'reports':>7}  {'kind':<12}  text")
    for entry in lexicon.entries[:SHOWN]:
        typer.echo(f"{entry.count:>7}  {entry.kind:<12}  {entry.text}")
    if len(lexicon) > SHOWN:
        typer.echo(f"{'':>7}  and {len(lexicon) - SHOWN} more in the file")


def _kept_out(built: LexiconProposal) -> Iterator[tuple[str, str]]:
    """Yield what was kept out of a lexicon, and why."""
    yield from ((name, "a name") for name in built.names)
    yield from ((wrong, f"a slip of {right}") for wrong, right in built.misspellings)


def _names(file: Path) -> list[str]:
    """Read a list of names, one a line.

    Raises:
        LexiconInvalid: it is no UTF-8 text, of which accented names would be left in the lexicon.
    """
    try:
        return bytes_of(file).decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise LexiconInvalid(f"{file} is not UTF-8 text; save it as UTF-8") from error


def _transcripts(dataset: str) -> list[str]:
    """Return what is said in a dataset's training and validation dictations, each sentence once."""
    from carabin.trainer.data.dictations import load_split

    store, bucket = connect(), store_settings().datasets_bucket
    manifest = find_dataset(store, bucket, dataset)
    with tempfile.TemporaryDirectory(prefix="carabin-lexicon-") as scratch:
        folder = fetch_dataset(store, bucket, manifest, Path(scratch) / manifest.name)
        splits = [split for split in ("train", "validation") if manifest.counts.get(split)]
        return list(dict.fromkeys(text for split in splits for text in load_split(folder, split).sentences))
