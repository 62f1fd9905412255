"""A CTranslate2 model rebuilt for training is the same model, or it is refused by name."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from carabin.ct2whisper.binary import read_binary
from carabin.trainer.errors import BaseModelRefused
from carabin.trainer.features.mel import MelMaker, pad
from carabin.trainer.models.ct2_export import write_ct2
from carabin.trainer.models.ct2_import import import_ct2
from carabin.trainer.synthesis.engines import PicoEngine
from carabin.trainer.synthesis.voices import SPEAKERS
from ctranslate2.converters import TransformersConverter
from faster_whisper import WhisperModel
from transformers import GenerationConfig, WhisperForConditionalGeneration


@pytest.fixture(scope="module")
def tiny_ct2(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny model in CTranslate2's form, unrounded."""
    return write_ct2(tiny, tmp_path_factory.mktemp("tiny-ct2") / "model", "float32")


def test_every_variable_survives_the_round_trip_bit_for_bit(base_model: Path, rebuilt: Path, tmp_path: Path) -> None:
    TransformersConverter(str(rebuilt)).convert(str(tmp_path / "again"), quantization="float16")
    before, after = read_binary(base_model / "model.bin"), read_binary(tmp_path / "again" / "model.bin")
    assert len(before.variables) - len(before.aliases) == 212
    differing = [name for name in before.variables if not np.array_equal(before.read(name), after.read(name))]
    assert differing == []
    assert after.aliases == before.aliases
    assert json.loads((tmp_path / "again" / "config.json").read_text()) == json.loads(
        (base_model / "config.json").read_text()
    )
    vocabulary = json.loads((tmp_path / "again" / "vocabulary.json").read_text())
    assert vocabulary == (base_model / "vocabulary.txt").read_text(encoding="utf-8").split("\n")[: len(vocabulary)]


def test_what_is_rebuilt_may_be_read_by_others(rebuilt: Path) -> None:
    assert all(file.stat().st_mode & 0o044 == 0o044 for file in rebuilt.iterdir())


def test_a_model_that_is_cut_off_is_not_trained_from(tiny_ct2: Path, tmp_path: Path) -> None:
    cut = Path(shutil.copytree(tiny_ct2, tmp_path / "cut"))
    (cut / "model.bin").write_bytes((tiny_ct2 / "model.bin").read_bytes()[:1_000_000])
    with pytest.raises(BaseModelRefused, match="the file ends early"):
        import_ct2(cut, tmp_path / "hf")
    assert not (tmp_path / "hf").exists()


def test_a_folder_without_its_tokenizer_is_not_trained_from(tiny_ct2: Path, tmp_path: Path) -> None:
    (tmp_path / "model.bin").symlink_to(tiny_ct2 / "model.bin")
    with pytest.raises(BaseModelRefused, match=r"tokenizer\.json cannot be read"):
        import_ct2(tmp_path, tmp_path / "hf")


def test_quantised_weights_are_not_trained_from(tiny: Path, tmp_path: Path) -> None:
    TransformersConverter(str(tiny)).convert(str(tmp_path / "int8"), quantization="int8")
    with pytest.raises(BaseModelRefused, match="train from a float16 or float32 model"):
        import_ct2(tmp_path / "int8", tmp_path / "hf")
    assert not (tmp_path / "hf").exists()


def test_the_rebuilt_model_writes_the_same_tokens_as_the_published_one(base_model: Path, rebuilt: Path) -> None:
    published = WhisperModel(str(base_model), device="cpu", compute_type="float32", cpu_threads=1)
    ours = WhisperForConditionalGeneration.from_pretrained(rebuilt).eval()
    prompt = [50258, 50265, 50359, 50363]  # start, French, transcribe, no timestamps
    for sentence in ("Pas de fracture visible.", "Le patient prend du paracétamol depuis lundi."):
        audio = PicoEngine().speak(sentence, SPEAKERS[1])
        mel = pad(MelMaker(80)(audio), 3000)[None]
        found = published.model.generate(published.encode(mel[0]), [prompt], beam_size=1, max_length=64)
        with torch.no_grad():
            ids = ours.generate(
                torch.from_numpy(mel), language="fr", task="transcribe", num_beams=1, max_new_tokens=60, do_sample=False
            )
        tokens = [token for token in ids[0].tolist() if token not in prompt and token != 50257]
        assert tokens == found[0].sequences_ids[0]


def test_what_generating_needs_is_named_again(tiny_ct2: Path, tmp_path: Path) -> None:
    found = GenerationConfig.from_pretrained(import_ct2(tiny_ct2, tmp_path / "hf"))
    assert len(found.lang_to_id) == 99
    # The ids of OpenAI's multilingual tokenizer, up to large-v2.
    assert (found.lang_to_id["<|en|>"], found.lang_to_id["<|fr|>"]) == (50259, 50265)
    assert found.task_to_id == {"translate": 50358, "transcribe": 50359}
    assert (found.no_timestamps_token_id, found.prev_sot_token_id) == (50363, 50361)
    assert (found.decoder_start_token_id, found.eos_token_id) == (50258, 50257)
    assert found.alignment_heads == [[0, 0]]


def edited(source: Path, folder: Path, **changes: Any) -> Path:
    """Copy a model with other values in config.json; None takes one away."""
    shutil.copytree(source, folder)
    config = {**json.loads((folder / "config.json").read_text()), **changes}
    (folder / "config.json").write_text(
        json.dumps({name: value for name, value in config.items() if value is not None})
    )
    return folder


def test_a_folder_that_says_nothing_of_its_tokens_is_not_trained_from(tiny_ct2: Path, tmp_path: Path) -> None:
    bare = edited(tiny_ct2, tmp_path / "bare", lang_ids=None, suppress_ids=None)
    with pytest.raises(BaseModelRefused, match=r"bare: config\.json does not name suppress_ids, lang_ids"):
        import_ct2(bare, tmp_path / "hf")
    assert not (tmp_path / "hf").exists()


@pytest.mark.parametrize("text", [None, "{", "7"], ids=["no file", "cut off", "a number"])
def test_a_folder_without_a_readable_config_is_not_trained_from(
    tiny_ct2: Path, tmp_path: Path, text: str | None
) -> None:
    folder = edited(tiny_ct2, tmp_path / "broken")
    (folder / "config.json").unlink()
    if text is not None:
        (folder / "config.json").write_text(text)
    with pytest.raises(BaseModelRefused, match=r"broken: config\.json cannot be read"):
        import_ct2(folder, tmp_path / "hf")


def test_another_models_tokenizer_is_not_trained_from(tiny_ct2: Path, tmp_path: Path) -> None:
    folder = edited(tiny_ct2, tmp_path / "other")
    text = (folder / "tokenizer.json").read_text(encoding="utf-8")
    (folder / "tokenizer.json").write_text(text.replace("<|startofprev|>", "<|prompt|>"), encoding="utf-8")
    with pytest.raises(BaseModelRefused, match=r"has no <\|startofprev\|>: not a multilingual Whisper's tokenizer"):
        import_ct2(folder, tmp_path / "hf")
