"""Tests of the averaged power spectrum against what a Hann window makes of a tone: a line, and quarters beside it."""

import numpy as np
import pytest
from carabin.service.audio.spectrum import WINDOW, power_spectrum, share_above
from scipy.signal import welch

LINE_POWER = (WINDOW / 4) ** 2
"""Of a tone of amplitude 1 on a line: half its amplitude times the window's sum, which is half its length, squared."""


def tone(line: int, n_samples: int, amplitude: float = 1.0) -> np.ndarray:
    """Return a sine that has a whole number of periods, `line`, in a window."""
    return (amplitude * np.sin(2 * np.pi * line / WINDOW * np.arange(n_samples))).astype(np.float32)


@pytest.mark.parametrize("n_windows", [1, 2, 7, 1000, 1001, 2500])
def test_a_tone_has_its_power_on_its_line_however_long_it_is(n_windows: int) -> None:
    power = power_spectrum(tone(64, WINDOW + (n_windows - 1) * WINDOW // 2))
    assert power.shape == (WINDOW // 2 + 1,)
    np.testing.assert_allclose(power[63:66] / LINE_POWER, [0.25, 1.0, 0.25], rtol=1e-3)
    assert np.delete(power, [63, 64, 65]).max() < 1e-6 * LINE_POWER


def test_the_power_is_the_mean_over_the_windows() -> None:
    half = np.concatenate([tone(64, 8 * WINDOW), np.zeros(8 * WINDOW, np.float32)])
    assert power_spectrum(half)[64] / LINE_POWER == pytest.approx(0.5, abs=0.02)


def test_an_offset_has_no_power() -> None:
    np.testing.assert_allclose(power_spectrum(tone(64, 4096) + 0.5), power_spectrum(tone(64, 4096)), atol=1e-2)


def test_fewer_samples_than_a_window_are_one_window() -> None:
    power = power_spectrum(np.sin(2 * np.pi * 5 / 100 * np.arange(100)).astype(np.float32))
    assert power.shape == (51,)
    np.testing.assert_allclose(power[4:7] / 25**2, [0.25, 1.0, 0.25], rtol=1e-3)


def test_the_share_is_of_the_power_strictly_above_the_frequency() -> None:
    assert share_above(tone(64, 8192) + tone(384, 8192, 0.5), 4_000) == pytest.approx(0.25 / 1.25, abs=1e-3)
    # A tone at 4 kHz is on line 256: only the quarter on line 257 is above, of one and two quarters.
    assert share_above(tone(256, 8192), 4_000) == pytest.approx(0.25 / 1.5, abs=1e-3)
    assert share_above(np.zeros(8192, np.float32), 4_000) == 0.0


@pytest.mark.parametrize("n", [WINDOW, 5 * WINDOW + 17, 1100 * WINDOW])
def test_the_spectrum_is_that_of_welch(n: int) -> None:
    samples = np.random.default_rng(n).standard_normal(n)
    _, expected = welch(samples, window="hann", nperseg=WINDOW, scaling="spectrum", return_onesided=False)
    found = power_spectrum(samples)
    assert found.shape == (WINDOW // 2 + 1,)
    np.testing.assert_allclose(found / found.sum(), (half := expected[: len(found)]) / half.sum(), rtol=1e-6)
