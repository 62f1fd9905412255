"""The audit as a page that needs no other file: the worst pairs with both texts and their sound."""

import base64
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from .audit import MIN_SIMILARITY, AuditedPair, worst_first

SHOWN: Final = 50
"""Pairs with their sound: a page below 20 MB."""


def write_audit_page(file: Path, title: str, pairs: Sequence[AuditedPair], flac: Callable[[int], bytes]) -> Path:
    """Write the page.

    Args:
        flac: gives the FLAC file of a pair's recording by its index.
    """
    environment = Environment(
        loader=PackageLoader("carabin.trainer"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    worst = worst_first(pairs)[:SHOWN]
    sounds = {pair.index: base64.b64encode(flac(pair.index)).decode("ascii") for pair in worst}
    text = environment.get_template("audit.html").render(
        title=title,
        count=len(pairs),
        refused=sum(not pair.belongs for pair in pairs),
        threshold=MIN_SIMILARITY,
        pairs=worst,
        sounds=sounds,
    )
    file.write_text(text, encoding="utf-8")
    return file
