"""Pieces joined into text: spaces, lines and capitals, and the length at each step."""

import pytest
from carabin.transcriber.formatting.output import OutputPiece
from carabin.transcriber.formatting.render import Renderer


def rendered(*pieces: OutputPiece, capital: bool = False) -> str:
    renderer = Renderer(capital)
    renderer.add(pieces)
    assert renderer.length == len(renderer.text())
    return renderer.text()


STOP = OutputPiece(".", gap="", starts=True, word=False)
LINE = OutputPiece("\n", breaks=True, starts=True, word=False)


def test_first_piece_has_no_space_before_it_and_later_ones_have_their_gap() -> None:
    assert rendered(OutputPiece("pas"), OutputPiece("fièvre"), OutputPiece("mg", gap="\u202f")) == "pas fièvre\u202fmg"


def test_nothing_stands_behind_a_sticky_piece() -> None:
    assert rendered(OutputPiece("(", sticky=True, word=False), OutputPiece("modéré")) == "(modéré"


def test_signs_in_a_row_stand_close() -> None:
    mark = OutputPiece("?", gap="\u202f", word=False)
    assert rendered(OutputPiece("quoi"), mark, mark) == "quoi\u202f??"


def test_new_line_has_no_spaces_around_it_and_a_third_in_a_row_is_none() -> None:
    assert rendered(OutputPiece("a"), LINE, LINE, LINE, OutputPiece("b")) == "a\n\nB"
    assert rendered(OutputPiece("a"), LINE, OutputPiece("b"), LINE, LINE, OutputPiece("c")) == "a\nB\n\nC"
    paragraph = OutputPiece("\n\n", breaks=True, word=False)
    assert rendered(OutputPiece("a"), LINE, paragraph, OutputPiece("b")) == "a\n\nb"


@pytest.mark.parametrize(
    ("word", "written"),
    [("élie", "Élie"), ("ECG", "ECG"), ("pH", "pH"), ("mmHg", "mmHg"), ("12", "12"), ("œdème", "Œdème"), ("ß", "ß")],
)
def test_word_after_a_sentence_end_gets_a_capital_unless_it_has_its_own(word: str, written: str) -> None:
    assert rendered(STOP, OutputPiece(word)) == f". {written}"
    assert rendered(OutputPiece(word), capital=True) == written


def test_only_the_next_word_gets_the_capital_and_an_opening_bracket_passes_it_on() -> None:
    assert rendered(STOP, OutputPiece("le"), OutputPiece("patient")) == ". Le patient"
    assert rendered(STOP, OutputPiece("(", sticky=True, word=False), OutputPiece("voir")) == ". (Voir"
    assert rendered(STOP, OutputPiece("-", word=False), OutputPiece("voir")) == ". - voir"


def test_text_that_ends_in_a_sentence_end_waits_for_a_capital() -> None:
    renderer = Renderer(capital=False)
    renderer.add((OutputPiece("fin"), STOP))
    assert renderer.capital
    renderer.add((OutputPiece("suite"),))
    assert not renderer.capital


@pytest.mark.parametrize(("word", "written"), [("Il", "il"), ("L’", "l’"), ("Martin", "Martin"), ("ECG", "ECG")])
def test_word_whose_full_stop_is_gone_loses_its_capital_where_it_is_no_name(word: str, written: str) -> None:
    comma = OutputPiece(",", gap="", word=False, lower=True)
    assert rendered(OutputPiece("souple"), comma, OutputPiece(word)) == f"souple, {written}"
