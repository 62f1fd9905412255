"""LoRA adapters become whole checkpoints before anything else looks at them."""

import json
import shutil
import warnings
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from carabin.service.shortage import translate_shortage
from safetensors import SafetensorError
from transformers import WhisperForConditionalGeneration
from transformers.utils import logging as transformers_logging

from ..errors import CheckpointRefused

if TYPE_CHECKING:
    from peft import PeftModel

ADAPTER_CONFIG: Final = "adapter_config.json"
BASE_FOLDER: Final = "base"
"""A checkpoint may bring the model that its adapter belongs to in this folder of its own."""

COMPANIONS: Final = (
    "tokenizer.json", "tokenizer_config.json", "preprocessor_config.json", "processor_config.json",
    "generation_config.json", "vocab.json", "merges.txt", "added_tokens.json",
)  # fmt: skip


def is_adapter(checkpoint: Path) -> bool:
    """Return whether the folder holds a low-rank adapter in place of a whole model."""
    return (checkpoint / ADAPTER_CONFIG).is_file()


def merge_adapter(checkpoint: Path, target: Path) -> Path:
    """Write the base model with the adapter's weights added into it as the new checkpoint `target`.

    The base is `base/` in the checkpoint, or the folder that its adapter_config.json names.

    Raises:
        CheckpointRefused: the base is not there or not whole, or the adapter does not fit it tensor for tensor.
    """
    from peft import PeftModel  # costs every other export a third of its start

    base = _base_of(checkpoint)
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        with translate_shortage(checkpoint), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # peft warns of generation settings, which are copied as files below
            loaded: Any = WhisperForConditionalGeneration.from_pretrained(base, dtype="auto", output_loading_info=True)
            model, found = loaded
            _refuse_some(checkpoint, f"{base.name} lacks", found["missing_keys"])
            adapted = PeftModel.from_pretrained(model, str(checkpoint))
            _require_every_tensor(checkpoint, adapted, base)
            adapted.merge_and_unload(safe_merge=True).save_pretrained(target)
    except (OSError, RuntimeError, ValueError, KeyError, SafetensorError) as error:
        raise CheckpointRefused(checkpoint, f"its LoRA adapter cannot be merged into {base.name}: {error}") from error
    for name in COMPANIONS:
        for folder in (checkpoint, base):
            if (folder / name).is_file():
                shutil.copyfile(folder / name, target / name)
                break
    return target


def _require_every_tensor(checkpoint: Path, adapted: "PeftModel", base: Path) -> None:
    """Refuse an adapter whose file has other tensors than the model: peft passes over them with a warning."""
    from peft import get_peft_model_state_dict, load_peft_weights

    held = load_peft_weights(str(checkpoint), device="cpu").keys()
    # An adapter may bring the whole table of tokens along; left to itself, peft asks a hub whether it should.
    needed, known = (get_peft_model_state_dict(adapted, save_embedding_layers=whole) for whole in (False, True))
    _refuse_some(checkpoint, "its LoRA adapter lacks", needed.keys() - held)
    _refuse_some(checkpoint, f"its LoRA adapter has tensors without a place in {base.name}:", held - known.keys())


def _refuse_some(checkpoint: Path, what: str, names: Collection[str]) -> None:
    if names:
        others = f" and {len(names) - 1} more" if len(names) > 1 else ""
        raise CheckpointRefused(checkpoint, f"{what} {min(names)}{others}")


def _base_of(checkpoint: Path) -> Path:
    if (checkpoint / BASE_FOLDER).is_dir():
        return checkpoint / BASE_FOLDER
    try:
        named = json.loads((checkpoint / ADAPTER_CONFIG).read_text(encoding="utf-8"))["base_model_name_or_path"]
    except (ValueError, KeyError, TypeError) as error:
        raise CheckpointRefused(checkpoint, f"{ADAPTER_CONFIG} names no base_model_name_or_path: {error}") from error
    folder = Path(str(named))
    if not (folder / "config.json").is_file():
        raise CheckpointRefused(
            checkpoint, f"it is a LoRA adapter of {named}, which is no folder here; put its files into {BASE_FOLDER}/"
        )
    return folder
