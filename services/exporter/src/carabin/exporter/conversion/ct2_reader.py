"""A CTranslate2 folder that somebody else converted, taken in as a model version."""

import json
import shutil
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from ..errors import ConversionRefused
from .checkpoint_gate import N_LANGUAGES, N_TIMESTAMPS, CheckpointFacts
from .ct2_files import LOADED_FILES, VOCABULARIES, require_files
from .ct2_writer import DTYPES
from .whisper_layout import BINARY_VERSION, SPEC

EMBEDDING: Final = "decoder/embeddings/weight"
NORM: Final = "decoder/layer_norm/gamma"
"""A variable that is never quantised: its type is the other half of names such as int8_float16."""


def inspect_ct2(folder: Path) -> CheckpointFacts:
    """Check a CTranslate2 Whisper folder's files against each other and say what it holds.

    Raises:
        ModelRefused: with the first reason found.
    """
    require_files(folder)
    variables = read_variables(folder)
    rows = variables[EMBEDDING][0][0] if EMBEDDING in variables else 0
    vocabulary = _vocabulary(folder)
    if len(vocabulary) != rows:
        raise ConversionRefused(folder, f"the vocabulary has {len(vocabulary)} tokens, the token embedding {rows} rows")
    if "<|notimestamps|>" not in vocabulary:
        raise ConversionRefused(
            folder, "its vocabulary has no <|notimestamps|>: was it converted without its tokenizer?"
        )
    no_timestamps = vocabulary.index("<|notimestamps|>")
    if rows != no_timestamps + 1 + N_TIMESTAMPS:
        raise ConversionRefused(
            folder, f"{rows - no_timestamps - 1} timestamp tokens, not {N_TIMESTAMPS}: were tokens added to it?"
        )
    config = _read_json(folder, "config.json")
    languages = config.get("lang_ids") or []
    if len(languages) not in N_LANGUAGES:
        raise ConversionRefused(folder, f"config.json names {len(languages)} languages in lang_ids, not 99 or 100")
    if not config.get("alignment_heads"):
        raise ConversionRefused(folder, "config.json has no alignment_heads: word times would be wrong")
    _check_tokenizer(folder, vocabulary)
    n_mels = _mel_bins(folder, variables["encoder/conv1/weight"][0])
    return CheckpointFacts(n_mels=n_mels, vocabulary_size=rows, n_languages=len(languages))


def stored_quantization(folder: Path) -> str:
    """Return CTranslate2's name for the type that the weights are stored in."""
    variables = read_variables(folder)
    weight, rest = variables[EMBEDDING][1], variables[NORM][1]
    return f"int8_{rest}" if weight == "int8" and rest != "float32" else weight


def copy_ct2(folder: Path, target: Path) -> Path:
    """Copy what faster-whisper reads, and nothing else, into the new folder `target`."""
    target.mkdir()
    for name in (*LOADED_FILES, *VOCABULARIES):
        if (folder / name).is_file():
            shutil.copyfile(folder / name, target / name)
            (target / name).chmod(0o644)
    return target


def read_variables(folder: Path) -> Mapping[str, tuple[tuple[int, ...], str]]:
    """Return shape and type of every variable in model.bin, without reading the weights.

    Raises:
        ModelRefused: it is not a Whisper model of the binary version that CTranslate2 writes.
    """
    path = folder / "model.bin"
    found: dict[str, tuple[tuple[int, ...], str]] = {}
    try:
        with path.open("rb") as file:

            def number(form: str) -> int:
                return int(struct.unpack(form, file.read(struct.calcsize(form)))[0])

            def text() -> str:
                return file.read(number("<H"))[:-1].decode()

            version, spec = number("<I"), text()
            if version != BINARY_VERSION or spec != SPEC:
                raise ConversionRefused(
                    folder, f"model.bin is {spec!r} of version {version}, not {SPEC} of version {BINARY_VERSION}"
                )
            number("<I")
            for _ in range(number("<I")):
                name = text()
                shape = tuple(number("<I") for _ in range(number("<B")))
                dtype = DTYPES[number("<B")]
                file.seek(number("<I"), 1)
                found[name] = shape, dtype
            for _ in range(number("<I")):
                alias, name = text(), text()
                found[alias] = found[name]
            if file.tell() > path.stat().st_size:
                raise ConversionRefused(folder, "model.bin is shorter than its variables: it was cut off")
    except (struct.error, UnicodeDecodeError, LookupError) as error:
        raise ConversionRefused(folder, "model.bin is cut off or is no CTranslate2 model") from error
    missing = [name for name in (EMBEDDING, NORM, "encoder/conv1/weight") if name not in found]
    if missing:
        raise ConversionRefused(folder, f"model.bin has no {missing[0]}: it is no Whisper model")
    return found


def _vocabulary(folder: Path) -> list[str]:
    if (folder / "vocabulary.json").is_file():
        tokens = json.loads((folder / "vocabulary.json").read_text(encoding="utf-8"))
        return [str(token) for token in tokens]
    # Whisper's tokens hold no line feed of their own: its byte-level alphabet writes one as another letter.
    return (folder / "vocabulary.txt").read_text(encoding="utf-8").removesuffix("\n").split("\n")


def _check_tokenizer(folder: Path, vocabulary: list[str]) -> None:
    tokenizer = _read_json(folder, "tokenizer.json")
    for token in tokenizer.get("added_tokens", []):
        place, content = token["id"], token["content"]
        if place >= len(vocabulary) or vocabulary[place] != content:
            raise ConversionRefused(folder, f"tokenizer.json puts {content!r} at {place}, where the vocabulary differs")


def _mel_bins(folder: Path, conv1: tuple[int, ...]) -> int:
    found = _read_json(folder, "preprocessor_config.json").get("feature_size")
    if found != conv1[1]:
        raise ConversionRefused(
            folder, f"preprocessor_config.json makes {found} mel bins, the encoder reads {conv1[1]}"
        )
    return conv1[1]


def _read_json(folder: Path, name: str) -> dict[str, Any]:
    try:
        value = json.loads((folder / name).read_text(encoding="utf-8"))
    except ValueError as error:
        raise ConversionRefused(folder, f"{name} is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise ConversionRefused(folder, f"{name} holds no JSON object")
    return value
