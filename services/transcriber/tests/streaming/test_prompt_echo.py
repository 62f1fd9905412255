"""The prompt written again is distinguished from its words being spoken."""

import pytest
from carabin.transcriber.streaming.prompt_echo import is_echo

PROMPT = "Le patient a de la fièvre. Le patient a de la fièvre."


@pytest.mark.parametrize(
    "text",
    [
        " Le patient a de la fièvre.",
        " le patient a de la fièvre, le patient a de la fièvre",
        " Bonjour. Le patient a de la fièvre. Merci beaucoup à tous et à demain.",
        " de la fièvre",
    ],
)
def test_a_run_of_the_prompt_is_an_echo(text: str) -> None:
    assert is_echo(text, (), PROMPT, 5.0)


@pytest.mark.parametrize(
    "text", ["", " Fièvre.", " La fièvre", " Le patient n'a pas de fièvre depuis trois jours.", " Bonjour docteur."]
)
def test_other_words_are_not(text: str) -> None:
    assert not is_echo(text, (), PROMPT, 5.0)


def test_an_expected_phrase_that_was_spoken_is_not_an_echo() -> None:
    expected = ("syndrome de l'intestin irritable", "amoxicilline", "paracétamol", "bisoprolol")
    assert not is_echo(" Syndrome de l'intestin irritable.", expected, "", 5.0)
    assert is_echo(" amoxicilline, paracétamol, bisoprolol", expected, "", 5.0)


@pytest.mark.parametrize("text", [" Pas fièvre.", " pas fièvre"])
def test_a_prompt_of_two_words_that_is_all_of_the_text_is_an_echo(text: str) -> None:
    assert is_echo(text, (), "Pas fièvre", 0.9)
    assert not is_echo(text + " depuis hier", (), "Pas fièvre", 1.5)


@pytest.mark.parametrize(
    ("text", "too_short_s", "spoken_s"),
    [
        # Seen on 0.3 s at the level of breath, with a Whisper base.
        (" gauche gauche gauche gauche gauche", 0.3, 3.0),
        (" Ventricule gauche.", 0.3, 0.9),
        (" bisoprolol", 0.2, 0.6),
    ],
)
def test_expected_words_are_an_echo_where_there_was_no_time_to_say_them(
    text: str, too_short_s: float, spoken_s: float
) -> None:
    expected = ("ventricule gauche", "bisoprolol")
    assert is_echo(text, expected, "", too_short_s)
    assert not is_echo(text, expected, "", spoken_s)


def test_short_words_that_stand_in_the_prompt_may_be_short() -> None:
    assert not is_echo(" Oui.", ("oui", "non"), "", 0.1)
    assert not is_echo("", ("oui",), "", 0.0)
