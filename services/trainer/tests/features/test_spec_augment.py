"""Tests of SpecAugment on speech alone."""

import numpy as np
from carabin.trainer.features.spec_augment import SpecAugment, mask

MEL = np.random.default_rng(0).uniform(-0.5, 1.5, (80, 600)).astype(np.float32)
AMOUNT = SpecAugment(time_masks=2, time_frames=25, bin_masks=1, bins=8)


def masks(n_frames: int, tries: int = 50) -> list[np.ndarray]:  # type: ignore[type-arg]
    return [mask(MEL, n_frames, AMOUNT, np.random.default_rng(seed)) for seed in range(tries)]


def test_the_padding_is_never_masked_and_the_speech_is() -> None:
    masked = masks(400)
    assert all(np.array_equal(each[:, 400:], MEL[:, 400:]) for each in masked)
    assert np.mean([not np.array_equal(each[:, :400], MEL[:, :400]) for each in masked]) > 0.9


def test_what_is_hidden_is_silence_not_mid_scale() -> None:
    quiet = MEL[:, :400].min()
    for each in masks(400):
        changed = each[:, :400] != MEL[:, :400]
        assert (each[:, :400][changed] == quiet).all()


def test_no_more_than_a_tenth_of_a_short_dictation_is_hidden_at_once() -> None:
    for each in masks(60):
        hidden = (each[40, :60] != MEL[40, :60]).sum()
        assert hidden <= 2 * 6 or (each[40, :60] == MEL[:, :60].min()).all()


def test_the_spectrogram_itself_is_left_alone_and_a_seed_gives_one_mask() -> None:
    before = MEL.copy()
    assert np.array_equal(masks(400)[7], masks(400)[7])
    assert np.array_equal(MEL, before)
