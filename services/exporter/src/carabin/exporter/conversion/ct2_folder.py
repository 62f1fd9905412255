"""A CTranslate2 folder that somebody else converted, taken in as a model version."""

import re
import shutil
from pathlib import Path
from typing import Any, Final

from carabin.ct2whisper.binary import Ct2Binary, read_binary
from carabin.ct2whisper.errors import BinaryInvalid
from carabin.ct2whisper.layout import CT2_CONVOLUTION, CT2_EMBEDDING, CT2_NORM
from carabin.ct2whisper.quantize import EXPONENTS, all_finite
from carabin.ct2whisper.rebuild import whisper_sizes
from carabin.ct2whisper.tensors import Tensor

from ..errors import ConversionRefused
from .checkpoint_gate import N_LANGUAGES, CheckpointFacts, check_alignment
from .ct2_files import LOADED_FILES, VOCABULARIES, require_files
from .json_files import added_tokens, read_json, read_json_object
from .token_gate import N_TIMESTAMPS, check_ids, check_known

LANGUAGE: Final = re.compile(r"<\|[a-z]{2,3}\|>")
"""The token of a language, such as <|fr|> or <|haw|>."""


def inspect_ct2(folder: Path) -> CheckpointFacts:
    """Check a CTranslate2 Whisper folder's files against each other, read every value once and say what it holds.

    Raises:
        ConversionRefused: with the first reason found.
    """
    require_files(folder)
    binary = _read_binary(folder)
    sizes = _sizes(folder, binary)
    rows = sizes["vocab_size"]
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
    config = read_json_object(folder, "config.json", ConversionRefused)
    n_languages = _check_languages(folder, config, vocabulary)
    if not config.get("alignment_heads"):
        raise ConversionRefused(folder, "config.json has no alignment_heads: word times would be wrong")
    layers, heads = sizes["decoder_layers"], sizes["decoder_attention_heads"]
    check_alignment(folder, "config.json", config["alignment_heads"], layers, heads, ConversionRefused)
    for name in ("suppress_ids", "suppress_ids_begin"):
        check_known(folder, f"config.json, {name}", config.get(name) or [], rows, ConversionRefused)
    _check_tokenizer(folder, vocabulary)
    check_ids(folder, no_timestamps, rows, ConversionRefused)
    n_mels = _mel_bins(folder, sizes["num_mel_bins"])
    _check_finite(folder, binary)
    return CheckpointFacts(n_mels=n_mels, vocabulary_size=rows, n_languages=n_languages)


def stored_quantization(folder: Path) -> str:
    """Return CTranslate2's name for the type that the weights are stored in."""
    variables = _read_binary(folder).variables
    weight, rest = variables[CT2_EMBEDDING].dtype, variables[CT2_NORM].dtype
    return f"int8_{rest}" if weight == "int8" and rest != "float32" else weight


def copy_ct2(folder: Path, target: Path) -> Path:
    """Copy what faster-whisper reads, and nothing else, into the new folder `target`."""
    target.mkdir()
    for name in (*LOADED_FILES, *VOCABULARIES):
        if (folder / name).is_file():
            shutil.copyfile(folder / name, target / name)
            (target / name).chmod(0o644)
    return target


def _read_binary(folder: Path) -> Ct2Binary:
    try:
        binary = read_binary(folder / "model.bin")
    except BinaryInvalid as error:
        raise ConversionRefused(folder, f"model.bin cannot be read: {error.reason}") from error
    missing = [name for name in (CT2_EMBEDDING, CT2_NORM, CT2_CONVOLUTION) if name not in binary.variables]
    if missing:
        raise ConversionRefused(folder, f"model.bin has no {missing[0]}: it is no Whisper model")
    return binary


def _sizes(folder: Path, binary: Ct2Binary) -> dict[str, Any]:
    try:
        return whisper_sizes(binary)
    except BinaryInvalid as error:
        raise ConversionRefused(folder, f"model.bin: {error.reason}") from error


def _check_finite(folder: Path, binary: Ct2Binary) -> None:
    for name, stored in binary.variables.items():
        if stored.dtype not in EXPONENTS or name in binary.aliases or 0 in stored.shape:
            continue
        blocks = Tensor(name, binary.file, stored.offset, stored.shape, stored.dtype).blocks()
        if not all(all_finite(block, stored.dtype) for block in blocks):
            raise ConversionRefused(folder, f"model.bin: {name} holds NaN or infinity")


def _vocabulary(folder: Path) -> list[str]:
    if (folder / "vocabulary.json").is_file():
        tokens = read_json(folder, "vocabulary.json", ConversionRefused)
        if not isinstance(tokens, list):
            raise ConversionRefused(folder, "vocabulary.json holds no list of tokens")
        return [str(token) for token in tokens]
    # Whisper's tokens hold no line feed of their own: its byte-level alphabet writes one as another letter.
    try:
        text = (folder / "vocabulary.txt").read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ConversionRefused(folder, "vocabulary.txt is not UTF-8") from error
    return text.removesuffix("\n").split("\n")


def _check_languages(folder: Path, config: dict[str, Any], vocabulary: list[str]) -> int:
    languages = config.get("lang_ids") or []
    check_known(folder, "config.json, lang_ids", languages, len(vocabulary), ConversionRefused)
    if len(languages) not in N_LANGUAGES:
        raise ConversionRefused(folder, f"config.json names {len(languages)} languages in lang_ids, not 99 or 100")
    others = [place for place in languages if not LANGUAGE.fullmatch(vocabulary[place])]
    if others or len(set(languages)) != len(languages):
        raise ConversionRefused(folder, "config.json has in lang_ids what is no language's id, or one of them twice")
    return len(languages)


def _check_tokenizer(folder: Path, vocabulary: list[str]) -> None:
    tokenizer = read_json_object(folder, "tokenizer.json", ConversionRefused)
    for place, content in added_tokens(folder, tokenizer, ConversionRefused):
        if place >= len(vocabulary) or vocabulary[place] != content:
            raise ConversionRefused(folder, f"tokenizer.json puts {content!r} at {place}, where the vocabulary differs")


def _mel_bins(folder: Path, expected: int) -> int:
    found = read_json_object(folder, "preprocessor_config.json", ConversionRefused).get("feature_size")
    if found != expected:
        raise ConversionRefused(
            folder, f"preprocessor_config.json makes {found} mel bins, the encoder reads {expected}"
        )
    return expected
