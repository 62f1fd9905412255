"""The files of a CTranslate2 Whisper folder."""

from pathlib import Path
from typing import Final

from ..errors import ConversionRefused

LOADED_FILES: Final = ("model.bin", "config.json", "tokenizer.json", "preprocessor_config.json")
VOCABULARIES: Final = ("vocabulary.json", "vocabulary.txt")
"""CTranslate2 reads either; its converter wrote text until 2023 and writes JSON since."""


def require_files(folder: Path) -> None:
    """Check that `folder` holds all that faster-whisper would otherwise look for on a hub or guess.

    Raises:
        ConversionRefused: naming the missing file.
    """
    for name in LOADED_FILES:
        if not (folder / name).is_file():
            raise ConversionRefused(folder, f"{name} is missing")
    if not any((folder / name).is_file() for name in VOCABULARIES):
        raise ConversionRefused(folder, f"{VOCABULARIES[0]} is missing")
