"""Checkpoints in the layouts of other writers, completed to the one that conversion reads.

transformers 5 puts the feature extractor into processor_config.json and writes no preprocessor_config.json; until 4.40
Whisper's slow tokenizer was saved as vocab.json, merges.txt and added_tokens.json, without a tokenizer.json.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from carabin.registry.disk import local_file
from tokenizers import AddedToken, Tokenizer, decoders, pre_tokenizers
from tokenizers.models import BPE

from ..errors import CheckpointRefused
from .json_files import read_json_object

PREPROCESSOR: Final = "preprocessor_config.json"
PROCESSOR: Final = "processor_config.json"
TOKENIZER: Final = "tokenizer.json"
SLOW_TOKENIZER: Final = ("vocab.json", "merges.txt", "added_tokens.json")
END_OF_TEXT: Final = "<|endoftext|>"


def complete(checkpoint: Path, target: Path) -> Path:
    """Return a folder that has every file conversion reads: `checkpoint` itself where it lacks none that can be made.

    Otherwise it is the new folder `target`, with links to the checkpoint's files and the missing ones beside them.

    Raises:
        CheckpointRefused: a file that another would be made from cannot be read.
        DiskFailed: the disk is full or may not be written.
    """
    makers: dict[str, Callable[[Path], str]] = {}
    if not (checkpoint / PREPROCESSOR).exists() and _feature_extractor(checkpoint) is not None:
        makers[PREPROCESSOR] = _preprocessor
    if not (checkpoint / TOKENIZER).exists() and all((checkpoint / name).is_file() for name in SLOW_TOKENIZER):
        makers[TOKENIZER] = _fast_tokenizer
    if not makers:
        return checkpoint
    with local_file(target / "links"):
        target.mkdir(parents=True)
        for entry in checkpoint.iterdir():
            (target / entry.name).symlink_to(entry.resolve())
    for name, make in makers.items():
        text = make(checkpoint)
        with local_file(target / name):
            (target / name).write_text(text, encoding="utf-8")
    return target


def _feature_extractor(checkpoint: Path) -> Mapping[str, Any] | None:
    if not (checkpoint / PROCESSOR).is_file():
        return None
    found = read_json_object(checkpoint, PROCESSOR, CheckpointRefused).get("feature_extractor")
    return found if isinstance(found, dict) else None


def _preprocessor(checkpoint: Path) -> str:
    return json.dumps(_feature_extractor(checkpoint), indent=2) + "\n"


def _fast_tokenizer(checkpoint: Path) -> str:
    """Return the tokenizer.json of the same tokens: byte-level BPE, then the special tokens at their ids."""
    vocabulary, merges, _ = (str(checkpoint / name) for name in SLOW_TOKENIZER)
    added = read_json_object(checkpoint, SLOW_TOKENIZER[2], CheckpointRefused)
    if not all(isinstance(place, int) for place in added.values()):
        raise CheckpointRefused(checkpoint, f"{SLOW_TOKENIZER[2]} gives a token an id that is no number")
    try:
        tokenizer = Tokenizer(BPE.from_file(vocabulary, merges))
    except Exception as error:  # tokenizers raises nothing more precise
        raise CheckpointRefused(checkpoint, f"{', '.join(SLOW_TOKENIZER[:2])} cannot be read: {error}") from error
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    names = [END_OF_TEXT, *(name for name in sorted(added, key=added.__getitem__) if name != END_OF_TEXT)]
    tokenizer.add_special_tokens([AddedToken(name, normalized=False, special=True) for name in names])
    for name, place in added.items():
        if tokenizer.token_to_id(name) != place:
            raise CheckpointRefused(checkpoint, f"{SLOW_TOKENIZER[2]} puts {name!r} at {place}, after a gap")
    return str(tokenizer.to_str())
