"""A CTranslate2 folder that somebody else converted: it is read whole, or refused by the file at fault."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from carabin.ct2whisper.binary import read_binary
from carabin.exporter.conversion.convert import convert_all
from carabin.exporter.conversion.ct2_folder import copy_ct2, inspect_ct2, stored_quantization
from carabin.exporter.errors import ConversionRefused
from carabin.exporter.jobs.pipeline import Exporter
from carabin.exporter.jobs.request import ExportRequest
from carabin.exporter.sources import Ct2Folder
from carabin.registry.artifacts.publish import list_versions
from carabin.registry.testing.memory import MemoryStore


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda folder: (folder / "preprocessor_config.json").unlink(), "preprocessor_config.json is missing"),
        (lambda folder: (folder / "tokenizer.json").unlink(), "tokenizer.json is missing"),
        (lambda folder: os.truncate(folder / "model.bin", 5_000_000), "cut off"),
        (lambda folder: (folder / "model.bin").write_bytes(b"\0" * 64), "model.bin"),
        (lambda folder: (folder / "config.json").write_text("{"), "config.json is not JSON"),
        (lambda folder: edit(folder / "config.json", "lang_ids", []), "names 0 languages"),
        (lambda folder: edit(folder / "config.json", "lang_ids", [0] * 99), "what is no language's id"),
        (lambda folder: edit(folder / "config.json", "lang_ids", [50259] * 99), "or one of them twice"),
        (lambda folder: edit(folder / "config.json", "lang_ids", [10**9] * 99), "lang_ids has 1000000000"),
        (lambda folder: edit(folder / "config.json", "lang_ids", 99), "lang_ids is no list"),
        (lambda folder: edit(folder / "config.json", "alignment_heads", []), "no alignment_heads"),
        (lambda folder: edit(folder / "config.json", "alignment_heads", [[0, 1]]), r"\[0, 1\], the decoder 1 layers"),
        (lambda folder: edit(folder / "config.json", "alignment_heads", [[1, 0]]), "alignment head"),
        (lambda folder: edit(folder / "config.json", "alignment_heads", [[0, 0], [3000, -7]]), "alignment head"),
        (lambda folder: edit(folder / "config.json", "alignment_heads", [[0.0, 0]]), "alignment head"),
        (lambda folder: edit(folder / "config.json", "alignment_heads", 7), "no list as alignment_heads"),
        (lambda folder: edit(folder / "config.json", "suppress_ids", [10**9]), "suppress_ids has 1000000000"),
        (lambda folder: edit(folder / "config.json", "suppress_ids_begin", [-5]), "suppress_ids_begin has -5"),
        (lambda folder: (folder / "tokenizer.json").write_text("{}"), "tokenizer.json cannot be read"),
        (lambda folder: shorten_tokenizer(folder / "tokenizer.json"), "50363 tokens, not 50364 or 51865"),
        (lambda folder: spoil_value(folder / "model.bin", "decoder/layer_norm/gamma"), "gamma holds NaN"),
        (lambda folder: spoil_value(folder / "model.bin", "decoder/embeddings/weight"), "weight holds NaN"),
        (lambda folder: edit(folder / "preprocessor_config.json", "feature_size", 128), "128 mel bins"),
        (lambda folder: drop_last_token(folder / "vocabulary.json"), "51864 tokens, the token embedding 51865 rows"),
        (lambda folder: (folder / "vocabulary.json").write_text('["<|endof'), "vocabulary.json is not JSON"),
        (lambda folder: (folder / "vocabulary.json").write_text("51865"), "vocabulary.json holds no list of tokens"),
        (lambda folder: edit(folder / "tokenizer.json", "added_tokens", [{"id": 1}]), "without `id` and `content`"),
    ],
)
def test_a_spoilt_ct2_folder_is_refused_by_name(
    store: MemoryStore, exporter: Exporter, model: Path, tmp_path: Path, spoil: Callable[[Path], object], reason: str
) -> None:
    folder = tmp_path / "spoilt"
    folder.mkdir()
    for file in model.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    spoil(folder)
    with pytest.raises(ConversionRefused, match=reason):
        exporter.export(ExportRequest(Ct2Folder(folder), "imported"))
    assert list_versions(store, "models", "imported") == []


def edit(path: Path, key: str, value: object) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), key: value}))


def shorten_tokenizer(path: Path) -> None:
    edit(path, "added_tokens", json.loads(path.read_text())["added_tokens"][:-1])


def spoil_value(path: Path, name: str) -> None:
    """Turn the first value of a float16 variable into NaN."""
    with path.open("r+b") as file:
        file.seek(read_binary(path).variables[name].offset)
        file.write(b"\xff\x7f")


def drop_last_token(path: Path) -> None:
    path.write_text(json.dumps(json.loads(path.read_text())[:-1]))


def test_the_quantization_is_read_from_the_weights_themselves(pristine_checkpoint: Path, tmp_path: Path) -> None:
    forms = ("float32", "float16", "int8", "int8_float16")
    convert_all(pristine_checkpoint, {form: tmp_path / form for form in forms})
    assert [stored_quantization(tmp_path / form) for form in forms] == list(forms)


def test_a_vocabulary_written_as_text_by_an_older_converter_is_read(model: Path, tmp_path: Path) -> None:
    folder = copy_ct2(model, tmp_path / "older")
    tokens = json.loads((folder / "vocabulary.json").read_text(encoding="utf-8"))
    (folder / "vocabulary.json").unlink()
    (folder / "vocabulary.txt").write_text("\n".join(tokens) + "\n", encoding="utf-8")
    assert inspect_ct2(folder) == inspect_ct2(model)
    (folder / "vocabulary.txt").write_text("\n".join(tokens[:-1]) + "\n", encoding="utf-8")
    with pytest.raises(ConversionRefused, match="51864 tokens"):
        inspect_ct2(folder)
    (folder / "vocabulary.txt").write_text("\n".join(tokens) + "\n", encoding="utf-16")
    with pytest.raises(ConversionRefused, match=r"vocabulary\.txt is not UTF-8"):
        inspect_ct2(folder)


def test_a_tokenizer_of_another_model_is_refused(model: Path, tmp_path: Path) -> None:
    folder = copy_ct2(model, tmp_path / "mixed")
    tokenizer = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
    tokenizer["added_tokens"][-1]["id"] += 1
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer), encoding="utf-8")
    with pytest.raises(ConversionRefused, match=r"puts '<\|notimestamps\|>' at 50364, where the vocabulary differs"):
        inspect_ct2(folder)


def test_only_what_faster_whisper_reads_is_copied_and_others_may_read_it(model: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(model, tmp_path / "carried-in"))
    (folder / "patients.csv").write_text("not part of the model")
    (folder / "model.bin").chmod(0o600)
    copied = copy_ct2(folder, tmp_path / "copied")
    assert {path.name for path in copied.iterdir()} == {path.name for path in model.iterdir()}
    assert (copied / "model.bin").stat().st_mode & 0o777 == 0o644
