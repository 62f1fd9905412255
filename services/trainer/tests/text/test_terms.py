"""Terms are found as whole words, the longest first."""

from pathlib import Path

import pytest
from carabin.trainer.errors import DatasetInvalid
from carabin.trainer.text.normalize import words
from carabin.trainer.text.terms import TermIndex, load_terms


def found(text: str, *terms: str) -> list[str]:
    return [term for term, _, _ in TermIndex(terms).find(words(text))]


def test_a_term_is_found_after_an_elision_and_in_any_writing() -> None:
    assert found("L'ŒDÈME pulmonaire", "œdème") == ["œdème"]
    assert found("des D dimères négatifs", "D-dimères") == ["D-dimères"]


def test_a_longer_term_hides_the_shorter_inside_it() -> None:
    assert found("insuline glargine et insuline", "insuline", "insuline glargine") == ["insuline glargine", "insuline"]


def test_a_part_of_a_word_is_not_a_term() -> None:
    assert found("des hémocultures", "culture", "hémoculture") == []


def test_a_hospital_brings_its_own_terms(tmp_path: Path) -> None:
    file = tmp_path / "terms.txt"
    file.write_text("# cardiologie\namiodarone\n\n bloc de branche \n", encoding="utf-8")
    assert load_terms(file) == ["amiodarone", "bloc de branche"]


def test_terms_that_windows_saved_are_read_or_refused_by_name(tmp_path: Path) -> None:
    file = tmp_path / "terms.txt"
    file.write_bytes("\ufeff# foie\nhépatite\n".encode())
    assert load_terms(file) == ["hépatite"]
    file.write_bytes("œdème\n".encode("cp1252"))
    with pytest.raises(DatasetInvalid, match="it is not UTF-8"):
        load_terms(file)
    with pytest.raises(DatasetInvalid, match="cannot be read: No such file"):
        load_terms(tmp_path / "missing.txt")
