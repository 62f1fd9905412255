"""Augmented sound is the same speech: as long as it should be, as noisy as asked, never clipped, and repeatable."""

import numpy as np
import pytest
from carabin.trainer.features.augment import (
    AugmentConfig,
    add_noise,
    add_room,
    augment,
    change_gain,
    change_speed,
    coloured_noise,
)

from ..helpers.sounds import RATE_HZ, bursts

TONE = (0.3 * np.sin(2 * np.pi * 440 * np.arange(2 * RATE_HZ) / RATE_HZ)).astype(np.float32)


def peak_hz(samples: np.ndarray) -> float:
    return float(np.argmax(np.abs(np.fft.rfft(samples))) * RATE_HZ / len(samples))


def power(samples: np.ndarray) -> float:
    return float(np.mean(np.square(samples, dtype=np.float64)))


def test_speed_changes_pitch_and_length_together() -> None:
    fast = change_speed(TONE, 1.1)
    assert len(fast) == pytest.approx(len(TONE) / 1.1, abs=2)
    assert peak_hz(fast) == pytest.approx(484, abs=1)
    assert change_speed(TONE, 1.0) is TONE


@pytest.mark.parametrize("snr_db", [5.0, 20.0])
def test_noise_is_as_far_below_speech_as_asked(snr_db: float) -> None:
    noisy = add_noise(TONE, np.random.default_rng(1), snr_db)
    assert 10 * np.log10(power(TONE) / power(noisy - TONE)) == pytest.approx(snr_db, abs=0.1)
    assert len(noisy) == len(TONE)


def test_coloured_noise_falls_with_frequency() -> None:
    spectrum = np.abs(np.fft.rfft(coloured_noise(RATE_HZ, np.random.default_rng(0), 2.0))) ** 2
    assert spectrum[100:200].mean() > 50 * spectrum[2000:4000].mean()


def test_a_room_smears_speech_into_its_pauses_and_keeps_its_level() -> None:
    dry = bursts([0.5, 0.5], 0.5)
    wet = add_room(dry, np.random.default_rng(0), 0.4)
    pause = slice(round(0.52 * RATE_HZ), round(0.7 * RATE_HZ))
    assert power(wet[pause]) > 10 * power(dry[pause])
    assert power(wet) == pytest.approx(power(dry), rel=0.01)
    assert len(wet) == len(dry)


def test_gain_never_clips() -> None:
    assert np.abs(change_gain(TONE, 40.0)).max() == pytest.approx(1.0)
    assert power(change_gain(TONE, -6.0)) == pytest.approx(power(TONE) / 4, rel=0.01)
    assert not change_gain(np.zeros(10, np.float32), 6.0).any()


def test_the_same_seed_gives_the_same_sound_and_another_seed_another() -> None:
    speech = bursts([0.6, 0.4])
    first, again, other = (augment(speech, np.random.default_rng(seed)) for seed in (3, 3, 5))
    np.testing.assert_array_equal(first, again)
    assert first.shape != other.shape or not np.array_equal(first, other)


def test_whatever_is_drawn_is_finite_audible_and_within_range() -> None:
    always = AugmentConfig(speed_share=1.0, noise_share=1.0, room_share=1.0)
    speech = bursts([0.6, 0.4])
    for seed in range(20):
        sound = augment(speech, np.random.default_rng(seed), always)
        assert sound.dtype == np.float32
        assert np.isfinite(sound).all()
        assert 0.001 < np.abs(sound).max() <= 1.0
        assert 0.89 <= len(speech) / len(sound) <= 1.12
    assert not augment(np.zeros(1_600, np.float32), np.random.default_rng(0), always).any()
