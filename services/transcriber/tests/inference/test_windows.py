"""The encoder computes the smallest window that a model decodes reliably."""

import pytest
from carabin.transcriber.core.config import SAMPLE_RATE_HZ
from carabin.transcriber.inference.windows import BUCKETS, FULL_WINDOW, ServingWindow, next_window, token_cap
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("seconds", "frames"), [(0.5, 750), (4.5, 750), (4.6, 1000), (7.0, 1000), (12, 1500), (28, 3000)]
)
def test_a_stock_model_gets_a_floor_and_a_margin(seconds: float, frames: int) -> None:
    assert ServingWindow().window_for(int(seconds * SAMPLE_RATE_HZ)) == frames


def test_a_model_trained_on_short_windows_gets_them() -> None:
    assert ServingWindow(min_frames=100, margin_frames=20).window_for(SAMPLE_RATE_HZ) == 200


@given(st.integers(0, 25 * SAMPLE_RATE_HZ), st.integers(1, 3000), st.integers(0, 500))
def test_the_window_always_holds_the_audio(n_samples: int, floor: int, margin: int) -> None:
    window = ServingWindow(floor, margin).window_for(n_samples)
    assert window in BUCKETS
    assert window * 160 >= n_samples


def test_a_retry_goes_up_to_the_full_window_and_stays_there() -> None:
    assert next_window(750) == 1000
    assert next_window(FULL_WINDOW) == FULL_WINDOW


def test_a_second_of_speech_may_have_few_tokens() -> None:
    assert token_cap(SAMPLE_RATE_HZ, 8) == 24
