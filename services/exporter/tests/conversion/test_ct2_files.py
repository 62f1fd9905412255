"""The files of a CTranslate2 folder: either form of the vocabulary will do, and what is missing is named."""

from pathlib import Path

import pytest
from carabin.exporter.conversion.ct2_files import LOADED_FILES, VOCABULARIES, require_files
from carabin.exporter.errors import ConversionRefused


def write(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).touch()
    return folder


@pytest.mark.parametrize("vocabulary", VOCABULARIES)
def test_a_vocabulary_as_json_or_as_text_completes_the_folder(tmp_path: Path, vocabulary: str) -> None:
    require_files(write(tmp_path, *LOADED_FILES, vocabulary))


@pytest.mark.parametrize("missing", LOADED_FILES)
def test_a_missing_file_is_named(tmp_path: Path, missing: str) -> None:
    write(tmp_path, *(name for name in LOADED_FILES if name != missing), *VOCABULARIES)
    with pytest.raises(ConversionRefused, match=f"{missing} is missing"):
        require_files(tmp_path)


def test_a_folder_of_that_name_is_no_file(tmp_path: Path) -> None:
    write(tmp_path, *LOADED_FILES).joinpath("vocabulary.json").mkdir()
    with pytest.raises(ConversionRefused, match=r"vocabulary\.json is missing"):
        require_files(tmp_path)
