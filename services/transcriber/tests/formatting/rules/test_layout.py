"""How numbers, what joins them and their unit are set, in French typography and in plain text."""

import pytest
from carabin.transcriber.formatting.numbers import Number
from carabin.transcriber.formatting.render import Renderer
from carabin.transcriber.formatting.rules.layout import quantity_pieces, unit_piece
from carabin.transcriber.formatting.style import FRENCH, PLAIN, Style


def laid_out(texts: list[str], connectors: list[str], symbol: str, style: Style = PLAIN, *, spoken: bool = True) -> str:
    numbers = [Number(text, 0, int(text) if text.isdigit() else None, spoken) for text in texts]
    renderer = Renderer(capital=False)
    renderer.add(quantity_pieces(numbers, connectors, symbol, style, gap=" "))
    return renderer.text()


@pytest.mark.parametrize(
    ("numbers", "connectors", "symbol", "written"),
    [
        (["5"], [], "", "5"),
        (["5"], [], "mg", "5 mg"),
        (["38,5"], [], "°", "38,5°"),
        (["38,5"], [], "°C", "38,5 °C"),
        (["12", "8"], ["sur"], "", "12/8"),
        (["120", "80"], ["sur"], "mmHg", "120/80 mmHg"),
        (["12", "8"], ["sur"], "mm", "12 × 8 mm"),
        (["12", "8", "3"], ["par", "par"], "mm", "12 × 8 × 3 mm"),
        (["3", "5"], ["sur"], "mg", "3 sur 5 mg"),  # A dose has neither a slash nor a times sign.
        (["3", "5"], ["à"], "mg", "3 à 5 mg"),
    ],
)
def test_numbers_are_joined_as_what_they_measure_asks(
    numbers: list[str], connectors: list[str], symbol: str, written: str
) -> None:
    assert laid_out(numbers, connectors, symbol) == written


def test_french_typography_keeps_number_and_unit_on_one_line() -> None:
    assert laid_out(["12", "8"], ["par"], "mm", FRENCH) == "12\u202f×\u202f8\u202fmm"
    assert unit_piece("mg", FRENCH).gap == "\u202f"
    assert unit_piece("°", FRENCH).gap == ""


@pytest.mark.parametrize(
    ("text", "symbol", "written"),
    [
        ("2.5", "mg", "2,5 mg"),
        ("2.25", "mg", "2,25 mg"),
        ("1.500", "mg", "1.500 mg"),  # Fifteen hundred, or one and a half.
        ("2.5", "", "2.5"),  # Without a unit it may be a paragraph or a date.
        ("40000", "mg", "40000 mg"),
    ],
)
def test_what_whisper_wrote_in_digits_gets_a_decimal_comma_only_where_it_is_sure(
    text: str, symbol: str, written: str
) -> None:
    assert laid_out([text], [], symbol, FRENCH, spoken=False).replace("\u202f", " ") == written


@pytest.mark.parametrize(
    ("text", "style", "written"),
    [("9999", FRENCH, "9999"), ("10000", FRENCH, "10\u202f000"), ("10000", PLAIN, "10000")],
)
def test_thousands_are_grouped_from_five_digits_on_in_french_typography(text: str, style: Style, written: str) -> None:
    assert laid_out([text], [], "", style) == written
