"""The gate's part on tokens: embedding, tokenizer and generation settings must mean the same by each id."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from tokenizers import Tokenizer

from ..errors import CheckpointRefused
from .json_files import Refusal, added_tokens

NO_ADDED_TOKENS: Final = (
    "Train again from the base's own tokenizer, without `add_tokens`: Whisper spells any word from the pieces it has,"
    " and a site's words belong into a vocabulary (`carabin vocabulary`)"
)

N_TIMESTAMPS = 1501
"""Whisper has one timestamp token per 20 ms of its 30 s window, both ends included."""

Json = Mapping[str, Any]


def check_tokens(folder: Path, config: Json, generation: Json, tokenizer: Json, rows: int) -> None:
    """Check that every token of a checkpoint has its place.

    Args:
        config: its config.json; `generation` and `tokenizer` are the files of these names.
        rows: of its token embedding.

    Raises:
        CheckpointRefused: with the first reason found.
    """
    _check_vocabulary(folder, config, generation, tokenizer, rows)
    _check_specials(folder, generation, tokenizer)
    check_ids(folder, generation["no_timestamps_token_id"], rows, CheckpointRefused)
    for name in ("suppress_tokens", "begin_suppress_tokens"):
        check_known(folder, f"generation_config.json, {name}", generation.get(name) or [], rows, CheckpointRefused)


def _check_vocabulary(folder: Path, config: Json, generation: Json, tokenizer: Json, rows: int) -> None:
    """Timestamps end the vocabulary, right after no_timestamps; an added token would take their place."""
    no_timestamps = generation["no_timestamps_token_id"]
    expected = no_timestamps + 1 + N_TIMESTAMPS
    if rows != expected or config.get("vocab_size") != rows:
        raise CheckpointRefused(
            folder,
            f"the token embedding has {rows} rows and config.json says {config.get('vocab_size')}, but a Whisper whose "
            f"no_timestamps token is {no_timestamps} has {expected}: were tokens added to it? {NO_ADDED_TOKENS}",
        )
    for place, content in added_tokens(folder, tokenizer, CheckpointRefused):
        if place > no_timestamps and not content.startswith("<|"):
            raise CheckpointRefused(
                folder,
                f"tokenizer.json puts the added token {content!r} at {place}, a timestamp's place. {NO_ADDED_TOKENS}",
            )


def _check_specials(folder: Path, generation: Json, tokenizer: Json) -> None:
    """Tokenizer and generation settings must mean the same tokens: one writes prompts, the other reads."""
    places = {content: place for place, content in added_tokens(folder, tokenizer, CheckpointRefused)}
    named = {f"<|{task}|>": place for task, place in (generation.get("task_to_id") or {}).items()}
    expected = {
        **named,
        **generation["lang_to_id"],
        "<|endoftext|>": generation.get("eos_token_id"),
        "<|startoftranscript|>": generation.get("decoder_start_token_id"),
        "<|notimestamps|>": generation["no_timestamps_token_id"],
    }
    for token, place in expected.items():
        if place is not None and places.get(token) != place:
            raise CheckpointRefused(
                folder, f"tokenizer.json has {token} at {places.get(token)}, generation_config.json at {place}"
            )


def check_ids(folder: Path, no_timestamps: int, rows: int, refusal: Refusal) -> None:
    """Check that tokenizer.json has each id once: the vocabulary is a list, where a lost token moves all that follow.

    Raises:
        CheckpointRefused, ConversionRefused: as `refusal` says.
    """
    try:
        ids = Tokenizer.from_file(str(folder / "tokenizer.json")).get_vocab(with_added_tokens=True).values()
    except Exception as error:  # tokenizers raises nothing more precise
        raise refusal(folder, f"tokenizer.json cannot be read: {error}") from error
    spelled = no_timestamps + 1
    # OpenAI's tokenizers leave the timestamps to the reader, Hugging Face's newer ones spell them out.
    if len(ids) not in (spelled, rows) or sorted(ids) != list(range(len(ids))):
        raise refusal(folder, f"tokenizer.json has {len(ids)} tokens, not {spelled} or {rows}, one for each id from 0")


def check_known(folder: Path, where: str, ids: Any, rows: int, refusal: Refusal) -> None:
    """Check that each of `ids`, which stand at `where`, is a token's; raise as `check_ids` does."""
    if not isinstance(ids, list):
        raise refusal(folder, f"{where} is no list")
    unknown = [each for each in ids if type(each) is not int or not 0 <= each < rows]
    if unknown:
        raise refusal(folder, f"{where} has {unknown[0]!r}, which is no token's id: they end at {rows - 1}")
