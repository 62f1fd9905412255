"""Many channels become one, and none of the speech is lost where they cancel."""

import numpy as np
import pytest
from carabin.service.audio.mixdown import Mixdown

from .sounds import tone

RATE_HZ = 16_000


def mixed(channels: np.ndarray, size: int = 1024) -> tuple[Mixdown, np.ndarray]:
    mixdown = Mixdown(RATE_HZ)
    parts = [part for at in range(0, len(channels), size) for part in mixdown.push(channels[at : at + size])]
    return mixdown, np.concatenate([*parts, *mixdown.flush()])


def test_one_channel_stays_as_it_is():
    mixdown, samples = mixed(tone(2.5)[:, None])
    np.testing.assert_array_equal(samples, tone(2.5))
    assert mixdown.channel is None


def test_channels_that_agree_are_averaged():
    _, samples = mixed(np.stack([tone(2.0), 0.5 * tone(2.0)], axis=1))
    np.testing.assert_allclose(samples, 0.75 * tone(2.0), atol=1e-6)


def test_a_dead_channel_is_no_cancellation():
    mixdown, samples = mixed(np.stack([tone(2.0), np.zeros(32_000, np.float32)], axis=1))
    assert mixdown.channel is None
    np.testing.assert_allclose(samples, 0.5 * tone(2.0), atol=1e-6)


def test_channels_that_cancel_fall_back_to_the_louder_one():
    mixdown, samples = mixed(np.stack([-0.8 * tone(2.0), tone(2.0)], axis=1))
    np.testing.assert_array_equal(samples, tone(2.0))
    assert (mixdown.channel, mixdown.cancelled_s) == (1, pytest.approx(2.0, abs=0.1))


def test_the_part_that_cancels_is_taken_from_one_channel_and_the_other_part_is_averaged():
    left = tone(4.0)
    right = np.concatenate([left[:32_768], -left[32_768:]])
    mixdown, samples = mixed(np.stack([left, right], axis=1), size=16_384)
    np.testing.assert_allclose(np.abs(samples), np.abs(left), atol=1e-6)
    assert mixdown.cancelled_s == pytest.approx(4.0 - 32_768 / RATE_HZ)


def test_full_scale_and_what_is_no_number_are_counted():
    samples = tone(1.0)[:, None].copy()
    samples[:5], samples[5:8] = 1.0, np.nan
    mixdown, _ = mixed(samples)
    assert (mixdown.n_values, mixdown.n_full_scale, mixdown.n_not_finite) == (RATE_HZ, 5, 3)
