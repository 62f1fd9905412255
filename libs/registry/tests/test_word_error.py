"""The smoke measure counts words, not typography."""

import pytest
from carabin.registry.word_error import smoke_error


@pytest.mark.parametrize(
    ("expected", "got", "error"),
    [
        ("L'examen est normal.", " l’examen est normal", 0.0),
        ("Cœur régulier, sans souffle.", "Cœur régulier sans souffle !", 0.0),
        ("e\u0301chographie", "échographie", 0.0),
        ("pas de fracture visible", "fracture visible", 0.5),
        ("un deux", "trois quatre cinq six", 2.0),
        ("un deux", "", 1.0),
        ("", "", 0.0),
        ("", "merci", 1.0),
    ],
)
def test_words_count_and_typography_does_not(expected: str, got: str, error: float) -> None:
    assert smoke_error(expected, got) == error
