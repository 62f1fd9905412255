"""« littéral » and « majuscule »: only before what they change; elsewhere they are words."""

import pytest
from carabin.transcriber.formatting.escape import capitals, literal
from carabin.transcriber.formatting.output import Match
from carabin.transcriber.formatting.stream import Stream
from carabin.transcriber.formatting.style import Style

from .matching import applied


def _literal(stream: Stream, index: int, _: Style) -> Match | None:
    return literal(stream, index)


def _capitals(stream: Stream, index: int, _: Style) -> Match | None:
    return capitals(stream, index)


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("|littéral point à la ligne ensuite", "point à la ligne| ensuite"),
        ("|Littéral vingt-cinq milligrammes", "vingt-cinq| milligrammes"),
        ("|littéral annule ça", "annule ça|"),
        ("|littéral deux virgule cinq", "deux virgule cinq|"),
    ],
)
def test_what_would_be_interpreted_stays_words_after_litteral(said: str, written: str) -> None:
    assert applied(_literal, said) == written


@pytest.mark.parametrize("said", ["sens |littéral du terme", "|littéral", "|littérale virgule", "|virgule"])
def test_litteral_before_ordinary_words_is_a_word(said: str) -> None:
    assert applied(_literal, said) is None


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("docteur |majuscule élie", "Élie|"),
        ("|tout en majuscules irm cérébrale", "IRM| cérébrale"),
        ("lettre |majuscule l isolée", "L| isolée"),
        ("|majuscule mcBurney", "McBurney|"),
    ],
)
def test_next_word_gets_its_capitals(said: str, written: str) -> None:
    assert applied(_capitals, said) == written


@pytest.mark.parametrize(
    "said",
    [
        "une |majuscule martin",
        "la lettre en |majuscules martin",
        "|majuscule",
        "|majuscule, martin",
        "|majuscule virgule",
        "|majuscule douze",
        "|majuscule 12",
        "|majuscule efface ça",
        "|majuscule l quatre",  # A vertebra is written L4 whatever is said of its letter.
        "|majuscule majuscule martin",
        "|tout en couleur",
    ],
)
def test_majuscule_that_asks_for_nothing_is_a_word(said: str) -> None:
    assert applied(_capitals, said) is None
