"""The audit as a page that needs no other file: the worst pairs with both texts and their sound."""

import base64
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from .audit import MIN_EVIDENCE, AuditedPair, worst_first

SHOWN: Final = 50
"""Pairs with their sound: a page below 20 MB."""


def write_audit_page(
    file: Path,
    title: str,
    pairs: Sequence[AuditedPair],
    flac: Callable[[int], bytes],
    transcribe: Callable[[int], str],
) -> Path:
    """Write the page.

    Args:
        flac: gives the FLAC file of a pair's recording by its index.
        transcribe: gives what the stock model writes of it; asked for the pairs that are shown.
    """
    environment = Environment(
        loader=PackageLoader("carabin.trainer"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    worst = worst_first(pairs)[:SHOWN]
    sounds = {pair.index: base64.b64encode(flac(pair.index)).decode("ascii") for pair in worst}
    hypotheses = {pair.index: transcribe(pair.index) for pair in worst}
    text = environment.get_template("audit.html").render(
        title=title,
        count=len(pairs),
        refused=sum(not pair.belongs for pair in pairs),
        threshold=MIN_EVIDENCE,
        pairs=worst,
        sounds=sounds,
        hypotheses=hypotheses,
    )
    file.write_text(text, encoding="utf-8")
    return file
