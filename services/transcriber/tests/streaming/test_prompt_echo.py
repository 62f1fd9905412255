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
    assert is_echo(text, (), PROMPT)


@pytest.mark.parametrize(
    "text", ["", " Fièvre.", " La fièvre", " Le patient n'a pas de fièvre depuis trois jours.", " Bonjour docteur."]
)
def test_other_words_are_not(text: str) -> None:
    assert not is_echo(text, (), PROMPT)


def test_an_expected_phrase_that_was_spoken_is_not_an_echo() -> None:
    expected = ("syndrome de l'intestin irritable", "amoxicilline", "paracétamol", "bisoprolol")
    assert not is_echo(" Syndrome de l'intestin irritable.", expected, "")
    assert is_echo(" amoxicilline, paracétamol, bisoprolol", expected, "")
