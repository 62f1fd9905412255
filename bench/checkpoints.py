"""Checkpoints to measure with: Whisper base as it is, and other sizes with random weights: no index holds theirs."""

import json
import shutil
from pathlib import Path

import torch
from carabin.ct2whisper.testing import write_tokens
from carabin.trainer.models.ct2_import import import_ct2
from carabin.trainer.models.embedded import install_base_model
from safetensors.torch import save_file
from transformers import GenerationConfig, WhisperConfig, WhisperFeatureExtractor, WhisperForConditionalGeneration

SHARD_BYTES = 2_000_000_000
SHAPES = {
    "small": {"d_model": 768, "layers": 12, "heads": 12, "mels": 80},
    "medium": {"d_model": 1024, "layers": 24, "heads": 16, "mels": 80},
    "large-v3": {"d_model": 1280, "layers": 32, "heads": 20, "mels": 128},
}
"""Of the published models: openai/whisper-small, -medium and -large-v3, config.json."""
SIZES = ("base", *SHAPES)
ALIGNMENT_HEADS = {
    "small": [[5, 3], [5, 9], [8, 0], [8, 4], [8, 7], [8, 8], [9, 0], [9, 7], [9, 9], [10, 5]],
    "medium": [[13, 15], [15, 4], [15, 15], [16, 1], [20, 0], [23, 4]],
    "large-v3": [[7, 0], [10, 17], [12, 18], [13, 12], [16, 1], [17, 14], [19, 11], [21, 4], [24, 1], [25, 6]],
}
"""Their generation_config.json's."""


def checkpoint(size: str, scratch: Path) -> Path:
    """Return a checkpoint of one of `SIZES` in a new folder inside `scratch`."""
    return base(scratch) if size == "base" else random_weights(size, scratch)


def base(scratch: Path) -> Path:
    """Return Whisper base as a float32 checkpoint."""
    return import_ct2(install_base_model(scratch / "ct2"), scratch / "base")


def random_weights(size: str, scratch: Path) -> Path:
    """Return a checkpoint of the size's shape with random float16 weights, in shards of at most 2 GB."""
    folder, shape = scratch / size, SHAPES[size]
    folder.mkdir()
    cantonese = size == "large-v3"
    config = WhisperConfig(
        vocab_size=51865 + cantonese, num_mel_bins=shape["mels"], d_model=shape["d_model"],
        encoder_layers=shape["layers"], decoder_layers=shape["layers"],
        encoder_attention_heads=shape["heads"], decoder_attention_heads=shape["heads"],
        encoder_ffn_dim=4 * shape["d_model"], decoder_ffn_dim=4 * shape["d_model"],
        pad_token_id=50257, bos_token_id=50257, eos_token_id=50257, decoder_start_token_id=50258, dtype="float16",
    )  # fmt: skip
    config.architectures = ["WhisperForConditionalGeneration"]
    config.save_pretrained(folder)
    _write_weights(config, folder)
    _write_tokens(size, install_base_model(scratch / "tokens"), folder, cantonese=cantonese)
    WhisperFeatureExtractor(feature_size=shape["mels"]).save_pretrained(folder)  # type: ignore[no-untyped-call]  # has no types
    return folder


def _write_weights(config: WhisperConfig, folder: Path) -> None:
    with torch.device("meta"):
        shapes = WhisperForConditionalGeneration(config).state_dict()
    generator = torch.Generator().manual_seed(7)
    weight_map: dict[str, str] = {}
    shard: dict[str, torch.Tensor] = {}
    number = 1
    for name, like in shapes.items():
        if name == "proj_out.weight":
            continue  # tied to the token embedding
        if sum(tensor.nbytes for tensor in shard.values()) > SHARD_BYTES:
            save_file(shard, folder / f"model-{number:05d}.safetensors", metadata={"format": "pt"})
            shard, number = {}, number + 1
        shard[name] = torch.empty(like.shape, dtype=torch.float16).normal_(0, 0.02, generator=generator)
        weight_map[name] = f"model-{number:05d}.safetensors"
    save_file(shard, folder / f"model-{number:05d}.safetensors", metadata={"format": "pt"})
    index = {"metadata": {}, "weight_map": weight_map}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))


def _write_tokens(size: str, source: Path, folder: Path, *, cantonese: bool) -> None:
    """Write base's tokenizer, for large-v3 with Cantonese after the other languages, and the size's alignment heads."""
    tokens = write_tokens(source / "tokenizer.json", folder, cantonese=cantonese)
    shutil.rmtree(source)
    generation = GenerationConfig(alignment_heads=ALIGNMENT_HEADS[size], **tokens)  # type: ignore[no-untyped-call]  # has no types
    (folder / "generation_config.json").write_text(generation.to_json_string(use_diff=False))
