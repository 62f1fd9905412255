"""How a quantity is set: its numbers, what joins them, and its unit."""

import re
from collections.abc import Sequence
from typing import Final

from ..numbers import Number, grouped
from ..output import OutputPiece
from ..style import Style
from .measures import LENGTHS

_DIRECT: Final = frozenset({"°"})
"""Symbols that touch their number."""

_PRESSURES: Final = frozenset({"", "mmHg", "cmHg"})
"""Units of what is written with a slash, « 12/8 »; a score out of ten has none."""

_POINT_DECIMAL: Final = re.compile(r"([0-9]+)\.([0-9]{1,2})")
"""Whisper's « 2.5 mg »; « 1.500 » may be fifteen hundred and is left as it is."""


def unit_piece(symbol: str, style: Style) -> OutputPiece:
    """Return the symbol of a unit as it stands behind its number."""
    return OutputPiece(symbol, gap="" if symbol in _DIRECT else style.thin)


def quantity_pieces(
    numbers: Sequence[Number], connectors: Sequence[str], symbol: str, style: Style, *, gap: str
) -> tuple[OutputPiece, ...]:
    """Return numbers, the connectors between them and their unit, which has no symbol where there is none.

    Args:
        gap: what stands before the first number.
    """
    pieces = [OutputPiece(_digits(numbers[0], symbol, style), gap=gap)]
    slash = list(connectors) == ["sur"] and symbol in _PRESSURES
    for number, connector in zip(numbers[1:], connectors, strict=True):
        text = _digits(number, symbol, style)
        if slash:
            pieces += [OutputPiece("/", gap="", sticky=True), OutputPiece(text, gap="")]
        elif connector == "par" or (connector == "sur" and symbol in LENGTHS):
            pieces += [OutputPiece("×", gap=style.thin), OutputPiece(text, gap=style.thin)]
        else:
            pieces += [OutputPiece(connector), OutputPiece(text)]
    if symbol:
        pieces.append(unit_piece(symbol, style))
    return tuple(pieces)


def _digits(number: Number, symbol: str, style: Style) -> str:
    if symbol and not number.spoken:
        point = _POINT_DECIMAL.fullmatch(number.text)
        return f"{point[1]},{point[2]}" if point else number.text
    return grouped(number, style.grouping)
