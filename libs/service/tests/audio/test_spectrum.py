"""Tests of the averaged power spectrum."""

import numpy as np
import pytest
from carabin.service.audio.spectrum import RATE_HZ, WINDOW, power_spectrum, share_above
from scipy.signal import welch

TIME_S = np.arange(RATE_HZ) / RATE_HZ


@pytest.mark.parametrize("n", [WINDOW, 5 * WINDOW + 17, 1100 * WINDOW])
def test_the_spectrum_is_that_of_welch(n: int) -> None:
    samples = np.random.default_rng(n).standard_normal(n)
    _, expected = welch(samples, window="hann", nperseg=WINDOW, scaling="spectrum", return_onesided=False)
    found = power_spectrum(samples)
    assert found.shape == (WINDOW // 2 + 1,)
    np.testing.assert_allclose(found / found.sum(), (half := expected[: len(found)]) / half.sum(), rtol=1e-6)


def test_a_recording_shorter_than_a_window_is_one_window() -> None:
    assert power_spectrum(np.sin(2 * np.pi * np.arange(100) / 10)).argmax() == 10


@pytest.mark.parametrize(("hz", "share"), [(4_000, 0.2), (500, 1.0), (7_000, 0.0)])
def test_the_share_above_a_frequency_is_that_of_the_tones_there(hz: int, share: float) -> None:
    tones = 2 * np.sin(2 * np.pi * 1_000 * TIME_S) + np.sin(2 * np.pi * 6_000 * TIME_S)
    assert share_above(tones.astype(np.float32), hz) == pytest.approx(share, abs=1e-3)
