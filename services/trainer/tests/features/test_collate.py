"""Tests of how dictations of other lengths share a batch."""

import numpy as np
import pytest
import torch
from carabin.trainer.features.collate import MEL, STATES, Collator, Example
from carabin.trainer.features.labels import IGNORED, Labels

PAD = 9


def example(index: int, n_labels: int, features: np.ndarray) -> Example:
    return Example(index, features, Labels(list(range(n_labels)), [IGNORED, *range(1, n_labels)]))


def test_shorter_labels_are_padded_where_they_carry_no_loss() -> None:
    features = np.zeros((2, 3), np.float32)
    batch = Collator(MEL, PAD)([example(7, 2, features), example(5, 4, features)])
    assert batch["decoder_input_ids"].tolist() == [[0, 1, PAD, PAD], [0, 1, 2, 3]]
    assert batch["labels"].tolist() == [[IGNORED, 1, IGNORED, IGNORED], [IGNORED, 1, 2, 3]]
    assert batch["indices"].tolist() == [7, 5]
    assert {batch[name].dtype for name in ("decoder_input_ids", "labels", "indices")} == {torch.int64}


@pytest.mark.parametrize("name", [MEL, STATES])
def test_features_are_stacked_as_floats_under_the_name_the_model_takes(name: str) -> None:
    features = [np.full((2, 3), value, np.float16) for value in (0.5, 0.25)]
    batch = Collator(name, PAD)([example(place, 1, its) for place, its in enumerate(features)])
    assert set(batch) == {name, "decoder_input_ids", "labels", "indices"}
    assert batch[name].dtype == torch.float32
    assert batch[name].shape == (2, 2, 3)
    assert batch[name][:, 0, 0].tolist() == [0.5, 0.25]
