"""Commands: only as the whole utterance or after a pause, never within a sentence that uses their words."""

import pytest
from carabin.transcriber.formatting import FormatOptions, Formatter
from carabin.transcriber.formatting.commands import spoken_command
from carabin.transcriber.formatting.output import CommandPiece

from .matching import place

AUTOTEXTS = {("signature",): "signature", ("examen", "normal"): "examen normal"}


def command(said: str, *, after_sign: bool = False) -> CommandPiece | None:
    stream, index = place(said)
    match = spoken_command(stream, index, AUTOTEXTS, after_sign=after_sign)
    assert match is None or match.pieces == (), "a command writes nothing"
    return match and match.command


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("|efface", "delete"),
        ("|Efface ça.", "delete"),
        ("pas de fièvre, |efface ça !", "delete"),
        ("pas de fièvre\n|annule ça", "undo"),
        ("|efface ça annule ça", "delete"),  # What follows is a command that may come last.
    ],
)
def test_command_is_recognised_alone_and_where_it_may_come_last_after_a_pause(said: str, name: str) -> None:
    found = command(said)
    assert found is not None
    assert found.name == name


@pytest.mark.parametrize(
    "said",
    [
        "|efface le dossier",
        "on lui dit : |efface ça du dossier",
        "pas de fièvre |efface ça",  # No pause: the sentence may go on about it.
        "pas de fièvre, |annule",  # « annule » alone is a command only as the whole utterance.
        "|efface ça annule",
        "|nodule",
    ],
)
def test_words_of_a_command_inside_a_sentence_are_dictated(said: str) -> None:
    assert command(said) is None


def test_spoken_sign_before_is_a_pause() -> None:
    assert command("pas de fièvre point |efface ça") is None
    assert command("pas de fièvre point |efface ça", after_sign=True) is not None


def test_command_swallows_the_signs_that_whisper_put_behind_it() -> None:
    stream, index = place("|efface ça !.")
    match = spoken_command(stream, index, {})
    assert match is not None
    assert match.end == len(stream)


@pytest.mark.parametrize("verb", ["insérer", "insère", "Insérez"])
def test_insertion_names_the_text_and_what_was_said(verb: str) -> None:
    assert command(f"|{verb} examen normal.") == CommandPiece("insert", "examen normal", said=f"{verb} examen normal")


@pytest.mark.parametrize(
    "said", ["|insérer une sonde", "|insérer examen", "|insérer signature ici", "il faut |insérer signature"]
)
def test_insertion_of_what_is_no_known_text_is_dictated(said: str) -> None:
    assert command(said) is None


def test_insertion_knows_only_the_names_it_was_given() -> None:
    formatter = Formatter(FormatOptions(autotexts=("signature",)))
    assert formatter.final("Insérer signature.").events[0].argument == "signature"
    assert formatter.final("insérer une sonde").text == "insérer une sonde"
