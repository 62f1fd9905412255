"""`carabin dataset show | diff`: what is in a dataset, and how two of them differ."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from carabin.cli.output import write_json
from carabin.registry.artifacts.datasets import DatasetManifest
from rich.console import Console
from rich.table import Table

from .output import AsJson
from .reference import Reference, find_manifest, texts_folder

if TYPE_CHECKING:
    from carabin.trainer.datasets.contents import DatasetContents

TERMS_NAMED = 20
DIFFERENCES_NAMED = 20
"""Recordings of each kind that `diff` names before it only counts; --json has all."""


def show(
    reference: Reference,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="PAGE.html", help="Write the figures with plots to this page.")
    ] = None,
    terms: Annotated[Path | None, typer.Option(help="Terms to count, one a line, instead of our list.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show what is in a dataset: hours, speakers, words, terms, durations, splits, and where it came from."""
    from carabin.trainer.datasets.contents import read_contents
    from carabin.trainer.datasets.contents_page import write_contents_page

    manifest = find_manifest(reference)
    with texts_folder(reference, manifest) as folder:
        contents = read_contents(folder, terms)
    title = f"{manifest.name} {manifest.version}" if manifest else reference
    if html:
        write_contents_page(html, title, contents)
    if as_json:
        known = manifest.model_dump(mode="json") if manifest else {"folder": reference}
        write_json(known | {"contents": contents.as_dict()}, indent=2)
        return
    typer.echo(f"{title}, made {manifest.created_at:%Y-%m-%d %H:%M} UTC" if manifest else title)
    _print_contents(contents)
    if manifest:
        _print_origin(manifest)


def diff(first: Reference, second: Reference, as_json: AsJson = False) -> None:
    """Show how the second dataset differs from the first: recordings added, removed, reworded, in another split."""
    from carabin.trainer.datasets.contents import difference

    with texts_folder(first) as before, texts_folder(second) as after:
        found = difference(before, after)
    if as_json:
        write_json(asdict(found), indent=2)
        return
    kinds = (
        ("added", found.added),
        ("removed", found.removed),
        ("reworded", [f"{source}: {old!r} -> {new!r}" for source, old, new in found.reworded]),
        ("moved", [f"{source}: {old} -> {new}" for source, old, new in found.moved]),
    )
    typer.echo(f"{first} -> {second}: {found.same} recordings the same")
    for kind, lines in kinds:
        typer.echo(f"{kind}: {len(lines)}")
        for line in lines[:DIFFERENCES_NAMED]:
            typer.echo(f"  {line}")
        if len(lines) > DIFFERENCES_NAMED:
            typer.echo(f"  and {len(lines) - DIFFERENCES_NAMED} more (--json names all)")


def _print_contents(contents: "DatasetContents") -> None:
    from carabin.trainer.datasets.contents import bin_names

    table = Table("split")
    for column in ("dictations", "share", "hours", "speakers", "words", "terms"):
        table.add_column(column, justify="right")
    for name, split in contents.splits.items():
        figures = (split.dictations, f"{split.share:.0%}", f"{split.duration_s / 3600:.2f}")
        table.add_row(name, *map(str, (*figures, split.speakers, split.words, split.terms)))
    figures = (contents.dictations, "100%", f"{contents.duration_s / 3600:.2f}")
    found = sum(contents.terms.values())
    table.add_row("all", *map(str, (*figures, contents.speakers, contents.words, found)))
    Console().print(table)
    typer.echo(f"{contents.distinct_words} different words, {len(contents.terms)} different terms")
    most = max(1, *contents.histogram)
    for name, count in zip(bin_names(), contents.histogram, strict=True):
        typer.echo(f"  {name:>8} {count:>6} {'#' * round(40 * count / most)}".rstrip())
    named = ", ".join(f"{term} {count}" for term, count in list(contents.terms.items())[:TERMS_NAMED])
    if named:
        typer.echo(f"most frequent terms: {named}")


def _print_origin(manifest: DatasetManifest) -> None:
    for key, value in sorted(manifest.source.items()):
        typer.echo(f"  {key}: {value}")
    for entry in manifest.files:
        typer.echo(f"  {entry.sha256}  {entry.path} ({entry.size} bytes)")
