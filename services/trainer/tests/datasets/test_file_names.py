"""Tests of names as people and systems write them: which two are one, and where a file of another machine is here."""

import unicodedata
from pathlib import Path

import pytest
from carabin.trainer.datasets.file_names import FileFinder, PathMapping, is_absolute, is_ignored, look_alike, name_key

COMPOSED, DECOMPOSED = (unicodedata.normalize(form, "Médecin") for form in ("NFC", "NFD"))


@pytest.mark.parametrize(
    ("name", "ignored"),
    [
        ("a.wav", False),
        ("a/._b.wav", True),
        (".DS_Store", True),
        ("a/Thumbs.db", True),
        ("__MACOSX/a/b.wav", True),
        ("a._b.wav", False),
        (".hidden/a.wav", False),
    ],
)
def test_only_what_a_system_leaves_behind_is_ignored(name: str, ignored: bool) -> None:
    assert is_ignored(Path(name)) is ignored


def test_a_name_is_the_same_in_another_encoding_case_or_systems_separator() -> None:
    assert COMPOSED != DECOMPOSED
    assert name_key(f"Sons\\{DECOMPOSED}.WAV") == name_key(f"sons/{COMPOSED.upper()}.wav")
    assert name_key("medecin") != name_key("médecin")


def test_the_most_similar_name_is_shown_with_the_code_points_that_look_alike() -> None:
    others = ["dictee 13", "dictee-120", "ordonnance"]
    assert look_alike("dictee 12", others) == "dictee 13 differs in '2' / '3'"
    assert look_alike("dictee\xa012", ["dictee 12"]) == "dictee 12 differs in '\\xa0' (U+00A0) / ' ' (U+0020)"
    assert look_alike("dictee 12", ["dictee 123"]) == "dictee 123 differs in nothing / '3'"
    assert look_alike("dictee 12", ["radio"]) is None
    assert look_alike("dictee 12", []) is None


def test_at_most_three_differences_are_shown() -> None:
    found = look_alike("a1bbbb2cccc3dddd4eeee", ["a5bbbb6cccc7dddd8eeee"])
    assert found == "a5bbbb6cccc7dddd8eeee differs in '1' / '5', '2' / '6', '3' / '7'"


@pytest.mark.parametrize(
    ("there", "name", "inside"),
    [
        ("D:\\Dictees", "d:\\dictees\\2026\\A.wav", "2026/A.wav"),
        ("D:\\Dictees\\", "D:/Dictees/A.wav", "A.wav"),
        ("\\\\serveur\\sons", "\\\\SERVEUR\\sons\\a.wav", "a.wav"),
        ("/mnt/sons", "/mnt/sons//a.wav", "a.wav"),
        ("/", "/mnt/a.wav", "mnt/a.wav"),
        (f"D:\\{COMPOSED}", f"D:\\{DECOMPOSED}\\a.wav", "a.wav"),
        (f"D:\\{DECOMPOSED}", f"D:\\{COMPOSED}\\a.wav", "a.wav"),
        ("D:\\Straße", "D:\\STRASSE\\a.wav", "a.wav"),
    ],
)
def test_a_path_of_another_machine_is_found_under_its_mapping(
    tmp_path: Path, there: str, name: str, inside: str
) -> None:
    assert PathMapping(there, tmp_path).apply(name) == tmp_path / inside


@pytest.mark.parametrize("name", ["D:\\Dictees2\\a.wav", "E:\\Dictees\\a.wav", "D:\\Dictees", "Dictees\\a.wav"])
def test_a_path_that_does_not_start_as_the_mapping_is_left_alone(tmp_path: Path, name: str) -> None:
    assert PathMapping("D:\\Dictees", tmp_path).apply(name) is None


@pytest.mark.parametrize(
    ("name", "absolute"),
    [("/a.wav", True), ("C:\\a.wav", True), ("\\\\serveur\\sons\\a.wav", True), ("a/b.wav", False), ("a\\b", False)],
)
def test_roots_of_unix_of_drives_and_of_shares_are_absolute(name: str, absolute: bool) -> None:
    assert is_absolute(name) is absolute


def test_the_exact_name_is_taken_before_one_that_is_written_otherwise(tmp_path: Path) -> None:
    for name in ("a.wav", "A.wav"):
        (tmp_path / name).write_bytes(b"")
    finder = FileFinder(tmp_path)
    assert finder.find("A.wav") == tmp_path / "A.wav"
    assert finder.find("a.wav") == tmp_path / "a.wav"
    assert finder.find("a.WAV") is None, "either may be meant"


def test_folders_and_files_are_found_in_another_writing_also_above_the_folder(tmp_path: Path) -> None:
    (tmp_path / "Sons" / DECOMPOSED).mkdir(parents=True)
    (tmp_path / "lists").mkdir()
    file = tmp_path / "Sons" / DECOMPOSED / "a.WAV"
    file.write_bytes(b"")
    assert FileFinder(tmp_path).find(f"sons\\{COMPOSED}\\A.wav") == file
    assert FileFinder(tmp_path / "lists").find(f"..\\SONS\\.\\{COMPOSED}\\a.wav") == (
        tmp_path / "lists" / ".." / "Sons" / "." / DECOMPOSED / "a.WAV"
    )


def test_two_folders_of_one_name_are_both_looked_into(tmp_path: Path) -> None:
    for folder, name in (("Sons", "a.wav"), ("sons", "b.wav")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / name).write_bytes(b"")
    finder = FileFinder(tmp_path)
    assert finder.find("SONS/a.wav") == tmp_path / "Sons" / "a.wav"
    assert finder.find("SONS/b.wav") == tmp_path / "sons" / "b.wav"


@pytest.mark.parametrize("name", ["missing.wav", "folder", "a.wav/b.wav", "Le patient tousse depuis lundi. " * 20])
def test_what_is_no_file_here_is_not_found(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "a.wav").write_bytes(b"")
    assert FileFinder(tmp_path).find(name) is None
