"""The one seam into transformers' Whisper: an encoder that computes only the window it is given, and what is trained.

transformers refuses mel spectrograms shorter than 30 s. Whisper's encoder itself does not mind: its positions are cut
to the window, as CTranslate2 cuts them when it serves.
"""

import hashlib
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import torch
from carabin.service.shortage import translate_shortage
from peft import LoraConfig, PeftModel, get_peft_model, get_peft_model_state_dict, set_peft_model_state_dict
from peft.tuners.lora import LoraLayer
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from transformers import WhisperForConditionalGeneration
from transformers.modeling_outputs import BaseModelOutput
from transformers.models.whisper.modeling_whisper import WhisperEncoder

from ..errors import BaseModelRefused, ResumeRefused
from ..settings import Mode

TIED: Final = "proj_out.weight"
WEIGHTS, ADAPTER = "model.safetensors", "adapter.safetensors"

LORA_TARGETS: Final = ("q_proj", "v_proj")
"""Where low-rank adapters pay most for their size (Hu et al. 2021, section 7.1)."""


class WindowedEncoder(WhisperEncoder):  # type: ignore[no-untyped-call]
    """Whisper's encoder for windows of any even number of mel frames up to its own 3000."""

    def forward(self, input_features: Tensor, **_: Any) -> BaseModelOutput:
        """Encode (B, n_mels, T) mel frames into (B, T / 2, d_model) states."""
        hidden = nn.functional.gelu(self.conv1(input_features))
        hidden = nn.functional.gelu(self.conv2(hidden)).permute(0, 2, 1)
        hidden = hidden + self.embed_positions.weight[: hidden.shape[1]]
        hidden = nn.functional.dropout(hidden, p=self.dropout, training=self.training)
        for layer in self.layers:
            hidden = layer(hidden, None)
        return BaseModelOutput(last_hidden_state=self.layer_norm(hidden))


def load_whisper(folder: Path) -> WhisperForConditionalGeneration:
    """Load a Hugging Face Whisper in float32 with the windowed encoder.

    Raises:
        BaseModelRefused: the folder holds no such model.
    """
    try:
        with translate_shortage(folder):
            model = WhisperForConditionalGeneration.from_pretrained(folder, dtype=torch.float32, local_files_only=True)
    except (OSError, ValueError, RuntimeError) as error:
        raise BaseModelRefused(f"{folder}: not a Hugging Face Whisper: {str(error).splitlines()[0]}") from error
    return windowed(model)


def windowed(model: WhisperForConditionalGeneration) -> WhisperForConditionalGeneration:
    """Give `model` the windowed encoder, its weights untouched; its own augmentation is off, ours masks correctly."""
    model.model.encoder.__class__ = WindowedEncoder
    model.config.apply_spec_augment = False
    model.config.use_cache = False
    return model


def prepare(model: WhisperForConditionalGeneration, mode: Mode, *, train_embeddings: bool, lora_rank: int) -> nn.Module:
    """Mark what `mode` trains; `lora` wraps the model in adapters.

    Args:
        train_embeddings: whether the token embeddings, half of a base decoder, learn too; other languages share them.
    """
    if mode == "lora":
        adapters = LoraConfig(
            r=lora_rank, lora_alpha=2 * lora_rank, lora_dropout=0.0, target_modules=list(LORA_TARGETS)
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # peft 0.21 asks transformers by a name of before version 6
            return get_peft_model(model, adapters)
    if mode in ("decoder", "frozen-encoder"):
        model.model.encoder.requires_grad_(False)
    if not train_embeddings:
        model.get_input_embeddings().requires_grad_(False)
    return model


def move_to(model: nn.Module, device: str) -> None:
    """Move the weights to `device`, in place."""
    model.to(device)


def encode(model: nn.Module, mel: Tensor) -> Tensor:
    """Return the (B, T / 2, d_model) encoder states of (B, n_mels, T) mel frames."""
    states: Tensor = inner(model).model.encoder(mel).last_hidden_state
    return states


def encoder_digest(model: nn.Module) -> str:
    """Return a SHA-256 of what computes encoder states: another has another."""
    whisper = inner(model)
    digest = hashlib.sha256(f"{whisper.config.encoder_attention_heads} heads".encode())
    for name, weight in whisper.model.encoder.state_dict().items():
        digest.update(f"{name} {tuple(weight.shape)}".encode())
        digest.update(weight.detach().float().cpu().contiguous().numpy())
    return digest.hexdigest()


def inner(model: nn.Module) -> WhisperForConditionalGeneration:
    """Return the Whisper inside whatever wraps it: adapters, or data parallelism."""
    found: Any = getattr(model, "module", model)
    if isinstance(found, PeftModel):
        found = found.get_base_model()
    whisper: WhisperForConditionalGeneration = found
    return whisper


def logits_of(model: nn.Module, batch: Mapping[str, Tensor]) -> Tensor:
    """Return (B, L, vocabulary) logits; `batch` has `decoder_input_ids` and either `mel` or cached encoder `states`."""
    source: dict[str, Any] = (
        {"encoder_outputs": BaseModelOutput(last_hidden_state=batch["states"])}
        if "states" in batch
        else {"input_features": batch["mel"]}
    )
    logits: Tensor = model(decoder_input_ids=batch["decoder_input_ids"], use_cache=False, **source).logits
    return logits


def merged_state(model: nn.Module) -> dict[str, Tensor]:
    """Return a copy of the plain Whisper's weights on the CPU, adapters added in.

    The model is left as it is to the last bit: adding an adapter in place and taking it out again rounds, and a resumed
    run, which never did, would go another way. The output projection is the token embedding, and comes once.
    """
    state = {
        name.replace(".base_layer", ""): value.detach().to("cpu", copy=True)
        for name, value in inner(model).state_dict().items()
        if "lora_" not in name and name != TIED
    }
    for name, layer in inner(model).named_modules():
        if isinstance(layer, LoraLayer):
            adapted: Any = layer
            weight = adapted.get_base_layer().weight + adapted.get_delta_weight("default")
            state[f"{name}.weight"] = weight.detach().to("cpu", copy=True)
    return state


def average(base: Mapping[str, Tensor], tuned: Mapping[str, Tensor], alpha: float) -> dict[str, Tensor]:
    """Return base + alpha (tuned - base), weight by weight (Wortsman et al. 2022, WiSE-FT)."""
    return {name: torch.lerp(base[name].float(), value.float(), alpha) for name, value in tuned.items()}


def architecture(model: WhisperForConditionalGeneration) -> str:
    """Return what two checkpoints must share to continue one another."""
    config = model.config
    return (
        f"{config.encoder_layers}+{config.decoder_layers} layers of {config.d_model}, "
        f"{config.num_mel_bins} mel bins, {config.vocab_size} tokens"
    )


def write_weights(model: nn.Module, folder: Path) -> None:
    """Write a plain Hugging Face Whisper to `folder`, and the adapters beside it where `model` has some."""
    folder.mkdir(parents=True, exist_ok=True)
    whisper = inner(model)
    if isinstance(model, PeftModel):
        adapters = {name: value.contiguous() for name, value in get_peft_model_state_dict(model).items()}
        save_file(adapters, folder / ADAPTER)
        whisper.save_pretrained(folder, state_dict=merged_state(model))
    else:
        whisper.save_pretrained(folder)


def read_weights(model: nn.Module, folder: Path) -> None:
    """Load what `write_weights` wrote, in place.

    Raises:
        ResumeRefused: it is of another architecture or mode.
    """
    try:
        with translate_shortage(folder):
            if isinstance(model, PeftModel):
                set_peft_model_state_dict(model, load_file(folder / ADAPTER))
            else:
                inner(model).load_state_dict(load_file(folder / WEIGHTS), strict=False)
    except (OSError, RuntimeError) as error:
        raise ResumeRefused(f"{folder}: its weights are not of this model: {str(error).splitlines()[0]}") from error
