"""The clinicians' tables: each line names what exists, and the longest phrase is found first."""

from collections import Counter
from importlib.resources import files

import pytest
from carabin.transcriber.formatting import signs as sign_rules
from carabin.transcriber.formatting import tables
from carabin.transcriber.formatting.stream import Stream
from carabin.transcriber.formatting.tokens import tokenize

DATA = files("carabin.transcriber.formatting").joinpath("data")
COLUMNS = {"words.tsv": 2, "signs.tsv": 6, "commands.tsv": 3, "units.tsv": 4}
CHOICES = {
    ("signs.tsv", 2): {"sign", "break", "open", "close", "glue", "dash"},
    ("signs.tsv", 3): {"free", "signal", "between", "paired"},
    ("commands.tsv", 2): {"alone", "end"},
    ("units.tsv", 2): {"yes", "no"},
    ("units.tsv", 3): {"any", "over", "only_over", "before_par", "after_weight"},
}


def rows(name: str) -> list[list[str]]:
    lines = DATA.joinpath(name).read_text("utf-8").splitlines()
    return [line.split("\t") for line in lines if line and not line.startswith("#")]


@pytest.mark.parametrize("name", COLUMNS)
def test_each_line_has_its_columns_and_known_choices(name: str) -> None:
    assert [row for row in rows(name) if len(row) != COLUMNS[name]] == []
    assert [
        row for row in rows(name) for place, cell in enumerate(row) if cell not in CHOICES.get((name, place), {cell})
    ] == []


@pytest.mark.parametrize("name", ["signs.tsv", "commands.tsv"])
def test_no_phrase_of_signs_and_commands_stands_twice(name: str) -> None:
    said = Counter(tables.keys(row[0]) for row in rows(name))
    assert [phrase for phrase, times in said.items() if times > 1] == []


def test_signs_name_only_lists_that_exist() -> None:
    named = {name for row in rows("signs.tsv") for cell in row[4:] if cell != "-" for name in cell.split()}
    assert named <= set(tables.words())


def test_same_unit_never_has_two_symbols() -> None:
    symbols: dict[tuple[str, ...], set[str]] = {}
    for say, write, *_ in rows("units.tsv"):
        symbols.setdefault(tables.keys(say), set()).add(write)
    assert [(said, found) for said, found in symbols.items() if len(found) > 1] == []


def test_every_opening_sign_has_its_closing_one() -> None:
    written = {(row[2], row[1]) for row in rows("signs.tsv")}
    opening = {sign for kind, sign in written if kind == "open"}
    assert opening == set(sign_rules.CLOSING)
    assert {("close", sign_rules.CLOSING[sign]) for sign in opening} <= written


def test_longest_phrase_is_found_first() -> None:
    found = list(tables.signs().find(Stream(tokenize("point à la ligne")), 0))
    assert [(end, sign.write) for end, sign in found] == [(4, ".\n"), (1, ".")]
    assert tables.signs().first(Stream(tokenize("ligne")), 0) is None


@pytest.mark.parametrize(
    ("said", "symbol", "tokens"),
    [
        ("milligrammes", "mg", 1),
        ("centimètres cubes", "cm³", 2),
        ("millimètres de mercure", "mmHg", 3),
        ("hertz", "Hz", 1),
        ("grays", "Gy", 1),
    ],
)
def test_units_are_known_in_the_plural(said: str, symbol: str, tokens: int) -> None:
    found = tables.units().first(Stream(tokenize(said)), 0)
    assert found is not None
    assert (found[0], found[1].write) == (tokens, symbol)


def test_symbols_name_their_unit() -> None:
    assert tables.unit_symbols()["mg"].say == ("milligramme",)
    assert tables.unit_symbols()["min"].place == "only_over"


def test_keys_are_lower_case_with_straight_apostrophes() -> None:
    assert tables.keys("Point d’Interrogation") == ("point", "d'", "interrogation")


def test_lists_for_the_page_are_the_tables_in_their_order() -> None:
    assert tables.spoken_signs()[0] == ("virgule", ",")
    assert ("à la ligne", "\n") in tables.spoken_signs()
    assert tables.spoken_commands()[0] == ("efface ça", "delete")
    assert len(tables.spoken_signs()) == len(rows("signs.tsv"))
