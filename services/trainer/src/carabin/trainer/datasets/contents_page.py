"""A dataset's figures as a page that needs no other file and no network."""

from pathlib import Path
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from .contents import DatasetContents, bin_names

TERMS_SHOWN: Final = 60


def write_contents_page(file: Path, title: str, contents: DatasetContents) -> Path:
    """Write the page: figures of each split, its share, the durations as a histogram, the most frequent terms."""
    environment = Environment(
        loader=PackageLoader("carabin.trainer"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    text = environment.get_template("contents.html").render(
        title=title,
        contents=contents,
        shares=[(name, split.dictations) for name, split in contents.splits.items()],
        durations=list(zip(bin_names(), contents.histogram, strict=True)),
        terms=list(contents.terms.items())[:TERMS_SHOWN],
    )
    file.write_text(text, encoding="utf-8")
    return file
