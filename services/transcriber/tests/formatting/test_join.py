"""Utterances joined into a document: what a sign spoken first replaces, and the spaces between."""

import pytest
from carabin.transcriber.formatting import join


def test_sign_spoken_first_replaces_the_full_stop_that_whisper_put_before() -> None:
    assert join("Le patient va bien.", ", sans fièvre") == "Le patient va bien, sans fièvre"
    assert join("Une fracture.", "?") == "Une fracture\u202f?"
    assert join("Une fracture.", "?", french=False) == "Une fracture ?"


def test_new_line_keeps_the_sentence_before_it() -> None:
    assert join("Pas de fièvre.", "\nConclusion") == "Pas de fièvre.\nConclusion"
    assert join("Pas de fièvre\n", "Conclusion") == "Pas de fièvre\nConclusion"


def test_new_line_replaces_a_comma_but_no_colon_that_announces_what_follows() -> None:
    assert join("Pas de fièvre,", "\nPas de toux") == "Pas de fièvre\nPas de toux"
    assert join("Traitement\u00a0:", "\nBisoprolol") == "Traitement\u00a0:\nBisoprolol"
    assert join("Pas de fièvre\u202f;", "\nPas de toux") == "Pas de fièvre\u202f;\nPas de toux"


@pytest.mark.parametrize(
    ("document", "french", "joined"), [("Une fracture\u202f?", True, "Une fracture."), ("Douteux :", False, "Douteux.")]
)
def test_replaced_sign_takes_the_space_before_it_along(document: str, french: bool, joined: str) -> None:
    assert join(document, ".", french) == joined


@pytest.mark.parametrize(
    ("document", "text"), [("", "Examen normal"), ("Examen normal", ""), ("", ", suite"), ("", "")]
)
def test_nothing_joins_without_a_space(document: str, text: str) -> None:
    assert join(document, text) == document + text


@pytest.mark.parametrize(
    ("document", "text", "joined"),
    [
        ("Œdème (modéré", ") des chevilles", "Œdème (modéré) des chevilles"),
        ("Œdème (", "modéré", "Œdème (modéré"),
        ("Poids 3 kg", "/jour", "Poids 3 kg/jour"),
        ("Il dit « oui", "» puis sort", "Il dit « oui\u202f» puis sort"),
        ("Conclusion", ": fracture", "Conclusion\u00a0: fracture"),
        ("Abdomen souple", "Pas de défense", "Abdomen souple Pas de défense"),
        ("Suite\n", ", encore", "Suite\n, encore"),
    ],
)
def test_space_between_utterances_follows_french_typography(document: str, text: str, joined: str) -> None:
    assert join(document, text) == joined


def test_document_of_signs_alone_is_kept() -> None:
    assert join("...", ", suite") == "..., suite"
