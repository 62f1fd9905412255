"""Tests of what the decoder is taught to say."""

from pathlib import Path

import pytest
from carabin.trainer.errors import BaseModelRefused, DatasetInvalid
from carabin.trainer.features.labels import IGNORED, LabelMaker
from tokenizers import Tokenizer


def test_the_prompt_is_read_and_the_sentence_learnt_to_its_end(rebuilt: Path) -> None:
    labels = LabelMaker(rebuilt)("Pas de fièvre.", 1.5)
    tokenizer = Tokenizer.from_file(str(rebuilt / "tokenizer.json"))
    names = [tokenizer.id_to_token(token) for token in labels.inputs[:4]]
    assert names == ["<|startoftranscript|>", "<|fr|>", "<|transcribe|>", "<|notimestamps|>"]
    assert list(labels.targets[:3]) == [IGNORED] * 3
    assert tokenizer.id_to_token(labels.targets[-1]) == "<|endoftext|>"
    assert tokenizer.decode(list(labels.targets[3:-1])) == " Pas de fièvre."
    assert list(labels.inputs[4:]) == list(labels.targets[3:-1])


def test_times_frame_the_sentence_in_steps_of_20_ms(rebuilt: Path) -> None:
    labels = LabelMaker(rebuilt)("Pas de fièvre.", 1.5, timestamps=True)
    first_time = 50_364  # <|0.00|>
    assert labels.targets[2] == first_time
    assert labels.targets[-2] == first_time + 75
    assert 50_363 not in labels.inputs


def test_a_sentence_beyond_the_text_context_is_refused_by_its_length_and_not_quoted(rebuilt: Path) -> None:
    with pytest.raises(DatasetInvalid, match=r"a sentence of 600 words, \d+ tokens, exceeds Whisper's 448$"):
        LabelMaker(rebuilt)("mot " * 600, 20.0)


def test_an_unknown_language_is_refused(rebuilt: Path) -> None:
    with pytest.raises(BaseModelRefused, match=r"does not know <\|xx\|>"):
        LabelMaker(rebuilt, "xx")


def test_words_of_a_prompt_stand_before_the_transcript_and_carry_no_loss(rebuilt: Path) -> None:
    plain = LabelMaker(rebuilt)("Pas de fièvre.", 1.5)
    labels = LabelMaker(rebuilt)("Pas de fièvre.", 1.5, expected=("bisoprolol", "<|endoftext|>"))
    tokenizer = Tokenizer.from_file(str(rebuilt / "tokenizer.json"))
    added = len(labels.inputs) - len(plain.inputs)
    assert tokenizer.id_to_token(labels.inputs[0]) == "<|startofprev|>"
    assert tokenizer.decode(list(labels.inputs[1:added])) == " bisoprolol, <|endoftext|>"
    assert tokenizer.token_to_id("<|endoftext|>") not in labels.inputs, "a word of a prompt is text, never control"
    assert list(labels.targets[:added]) == [IGNORED] * added
    assert list(labels.inputs[added:]) == list(plain.inputs)
    assert list(labels.targets[added:]) == list(plain.targets)
