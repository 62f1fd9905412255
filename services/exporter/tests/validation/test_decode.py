"""Greedy decoding on both sides of the gate: the prompt, the padding, and what a model that repeats itself gives."""

from pathlib import Path

import numpy as np
import pytest
from carabin.exporter.errors import CheckpointRefused, ConversionRefused
from carabin.exporter.validation.decode import CheckpointDecoder, DecodedText, ModelDecoder, padded, prompt_ids
from carabin.exporter.validation.load import LoadedModel
from carabin.exporter.validation.samples import SHIPPED_SENTENCE, shipped_sample
from tokenizers import Tokenizer


def test_a_mel_is_padded_with_zeros() -> None:
    mel = np.ones((80, 100), np.float32)
    assert padded(mel, 750).shape == (80, 750)
    assert padded(mel, 750).sum() == mel.sum()


def test_only_a_text_that_ran_out_of_tokens_or_repeats_itself_counts_as_a_loop() -> None:
    assert not DecodedText((1, 2), "pas de fièvre", False).loops
    assert DecodedText((1, 2), "pas de fièvre", True).loops
    assert DecodedText((1, 2), "encore " * 40, False).loops


def test_the_prompt_names_the_language_and_a_language_that_the_tokenizer_lacks_is_refused(
    pristine_checkpoint: Path,
) -> None:
    tokenizer = Tokenizer.from_file(str(pristine_checkpoint / "tokenizer.json"))
    french, english = (prompt_ids(tokenizer, language, pristine_checkpoint) for language in ("fr", "en"))
    assert [tokenizer.id_to_token(place) for place in french] == [
        "<|startoftranscript|>", "<|fr|>", "<|transcribe|>", "<|notimestamps|>",
    ]  # fmt: skip
    assert french != english
    with pytest.raises(ConversionRefused, match=r"its tokenizer has no <\|klingon\|>"):
        prompt_ids(tokenizer, "klingon", pristine_checkpoint)


def test_both_sides_write_the_same_tokens_of_the_same_mel_and_neither_keeps_prompt_or_end(
    pristine_checkpoint: Path, model: Path
) -> None:
    converted = ModelDecoder(LoadedModel(model).whisper, model, "fr")
    found = converted.decode_all([shipped_sample()])[0]
    n_mels, n_frames = found.mel.shape
    assert n_mels == 80
    assert abs(n_frames - 100 * shipped_sample().duration_s) < 1
    assert found.hypothesis.text == SHIPPED_SENTENCE
    assert not found.hypothesis.capped
    assert CheckpointDecoder(pristine_checkpoint, "fr").decode(found.mel) == found.hypothesis


def test_a_checkpoint_that_transformers_cannot_open_is_refused(checkpoint: Path) -> None:
    (checkpoint / "model.safetensors").write_bytes(b"\0" * 64)
    with pytest.raises(CheckpointRefused, match="transformers cannot open it"):
        CheckpointDecoder(checkpoint, "fr")
