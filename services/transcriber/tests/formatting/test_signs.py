"""Spoken signs: what is a command and what is a word, by what stands before and after."""

import pytest
from carabin.transcriber.formatting.signs import ALL, Before, bracket_pieces, sign_piece, spoken_sign
from carabin.transcriber.formatting.style import FRENCH, PLAIN, Style

from .matching import place, shown

ALONE = Before()


def written(said: str, before: Before = ALONE, style: Style = PLAIN) -> str | None:
    stream, index = place(said)
    match = spoken_sign(stream, index, style, before)
    return None if match is None else shown(match, stream)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("souple |virgule sans", ",| sans"),
        ("souple |point", ".|"),
        ("souple |point. Suite", ".|. Suite"),
        ("souple, |point important", None),  # « point important » is a phrase of its own.
        ("souple |point Examen", ".| Examen"),
        ("souple |point il rentre", ".| il rentre"),
        ("souple |point virgule", ";|"),
        ("souple |point à la ligne", ".\n|"),
        ("souple |point de vue", None),
        ("tel |point", None),
        ("ne marche |point", None),
        ("souple |point élevé", None),
        ("une |virgule", None),
    ],
)
def test_free_signs_are_always_signs_and_others_only_at_a_pause(said: str, expected: str | None) -> None:
    assert written(said) == expected


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("indication de |nouvelle ligne par docétaxel", None),
        ("indication |nouvelle ligne par docétaxel", None),
        ("indication |nouvelle ligne avec docétaxel", None),
        ("en attente de |nouvelle ligne", None),
        ("progression après |nouvelle ligne", None),
        ("souple |nouvelle ligne par ailleurs apyrétique", "\n| par ailleurs apyrétique"),
        ("souple |nouvelle ligne pas de défense", "\n| pas de défense"),
    ],
)
def test_new_line_of_a_chemotherapy_is_no_command(said: str, expected: str | None) -> None:
    assert written(said) == expected


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("elle a reçu |deux points", None),
        ("plaie nécessitant |deux points", None),
        ("plaie suturée |deux points", None),
        ("arcade suturé |deux points", None),
        ("|deux points au niveau du front", None),
        ("conclusion |deux points au total pas de fracture", ":| au total pas de fracture"),
        ("plaie suturée |point", ".|"),
    ],
)
def test_stitches_that_are_counted_are_no_colon(said: str, expected: str | None) -> None:
    assert written(said) == expected


def test_un_that_ended_a_number_is_no_article_before_a_sign() -> None:
    assert written("vingt et un |point") is None
    assert written("vingt et un |point", Before(number=True)) == ".|"


def test_spoken_sign_before_is_a_pause() -> None:
    assert written("souple virgule |à la ligne paracétamol") is None
    assert written("souple virgule |à la ligne paracétamol", Before(sign=True)) == "\n| paracétamol"


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("marche |slash course", "/| course"),
        ("3 |slash 5", "/| 5"),
        ("marche |slash", None),
        ("|slash course", None),
        ("marche, |slash course", None),
    ],
)
def test_sign_that_joins_needs_a_word_on_both_sides(said: str, expected: str | None) -> None:
    assert written(said) == expected


def test_bracket_is_closed_only_where_that_one_is_open() -> None:
    assert written("modéré |fermez la parenthèse") is None
    assert written("modéré |fermez la parenthèse", Before(open_brackets=("»",))) is None
    assert written("modéré |fermez la parenthèse", Before(open_brackets=("»", ")"))) == ")|"
    assert written("modéré |fermez la parenthèse", Before(open_brackets=(")?",))) == ")|", "Whisper opened it"


def test_entre_opens_a_bracket_only_where_its_own_closing_follows() -> None:
    assert written("|entre parenthèses modéré fermez la parenthèse") == "(| modéré fermez la parenthèse"
    assert written("|entre parenthèses modéré fermez les guillemets") is None
    stream, index = place("|entre parenthèses modéré")
    assert spoken_sign(stream, index, PLAIN, Before()) is None
    assert stream.reach >= len(stream), "what comes later may close it, so nothing is settled"


@pytest.mark.parametrize(
    ("said", "before", "after"),
    [
        ("|virgule", ALL, ALL),
        ("|nouveau paragraphe", ",", ALL),  # A full stop of Whisper's before a new line stays.
        ("|point à la ligne", ALL, ALL),
        ("|ouvrez la parenthèse", ",", ALL),
        ("|tiret", ",", ALL),
    ],
)
def test_whispers_own_signs_go_where_the_spoken_one_stands_for_them(said: str, before: str, after: str) -> None:
    stream, index = place(said)
    match = spoken_sign(stream, index, PLAIN, Before())
    assert match is not None
    assert (match.absorb_before, match.absorb_after) == (before, after)


def test_match_says_which_bracket_it_opens_or_closes() -> None:
    opening, index = place("|ouvrez les guillemets")
    match = spoken_sign(opening, index, PLAIN, Before())
    assert match is not None
    assert (match.opened, match.closed) == ("»", False)
    closing, index = place("|fermez les guillemets")
    match = spoken_sign(closing, index, PLAIN, Before(open_brackets=("»",)))
    assert match is not None
    assert (match.opened, match.closed) == ("", True)


@pytest.mark.parametrize(("sign", "starts"), [(".", True), ("?", True), ("…", True), (",", False), (":", False)])
def test_sign_that_ends_a_sentence_asks_for_a_capital(sign: str, starts: bool) -> None:
    assert sign_piece(sign, FRENCH).starts is starts


@pytest.mark.parametrize(
    ("bracket", "french", "plain"), [("(", "(", "("), (")", ")", ")"), ("«", "«\u202f", '"'), ("»", "\u202f»", '"')]
)
def test_quotes_have_their_space_inside(bracket: str, french: str, plain: str) -> None:
    assert bracket_pieces(bracket, FRENCH)[0].text == french
    assert bracket_pieces(bracket, PLAIN)[0].text == plain
