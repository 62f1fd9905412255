"""The mapping of names covers a checkpoint exactly: every tensor once, none made up."""

from collections import Counter

import torch
from carabin.ct2whisper.layout import EMBEDDING, whisper_variables
from transformers import WhisperConfig, WhisperForConditionalGeneration


def test_every_tensor_of_transformers_whisper_is_part_of_one_variable_with_its_shape() -> None:
    config = WhisperConfig(
        vocab_size=90, d_model=16, encoder_layers=2, decoder_layers=3, encoder_attention_heads=2,
        decoder_attention_heads=2, encoder_ffn_dim=24, decoder_ffn_dim=40, pad_token_id=1, bos_token_id=1,
        eos_token_id=1, decoder_start_token_id=1,
    )  # fmt: skip
    with torch.device("meta"):
        state = WhisperForConditionalGeneration(config).state_dict()
    expected = {name: tuple(value.shape) for name, value in state.items()}
    parts = [part for variable in whisper_variables(config.to_dict()) for part in variable.parts if part.tensor]
    assert {part.tensor: part.shape for part in parts} | {"proj_out.weight": (90, 16)} == expected
    # The table of tokens is the projection as well.
    assert {name for name, count in Counter(part.tensor for part in parts).items() if count > 1} == {EMBEDDING}
