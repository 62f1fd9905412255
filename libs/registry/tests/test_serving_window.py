"""The encoder computes the smallest window that a model decodes reliably, and a text has an end."""

import pytest
from carabin.registry.serving_window import (
    BUCKETS,
    FINAL_TOKENS_PER_S,
    FULL_WINDOW,
    PARTIAL_TOKENS_PER_S,
    WindowPolicy,
    compression_ratio,
    frames_in,
    next_window,
    token_cap,
)
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("n_frames", "window"), [(50, 750), (450, 750), (451, 1000), (700, 1000), (1200, 1500), (2800, 3000)]
)
def test_a_stock_model_gets_a_smallest_window_and_a_margin(n_frames: int, window: int) -> None:
    assert WindowPolicy().window_for(n_frames) == window


def test_a_model_trained_on_short_windows_gets_them() -> None:
    assert WindowPolicy(min_frames=100, margin_frames=20).window_for(100) == 200


@given(st.integers(0, 2500), st.integers(1, 3000), st.integers(0, 500))
def test_the_window_always_holds_the_audio(n_frames: int, floor: int, margin: int) -> None:
    window = WindowPolicy(min_frames=floor, margin_frames=margin).window_for(n_frames)
    assert window in BUCKETS
    assert window >= n_frames


def test_a_retry_goes_up_to_the_full_window_and_stays_there() -> None:
    assert next_window(750) == 1000
    assert next_window(FULL_WINDOW) == FULL_WINDOW


def test_a_frame_that_is_begun_counts() -> None:
    assert [frames_in(n) for n in (0, 1, 160, 161)] == [0, 1, 1, 2]


def test_a_second_of_speech_may_have_few_tokens_and_thirty_no_more_than_ctranslate2_writes() -> None:
    assert token_cap(100, PARTIAL_TOKENS_PER_S) == 24
    assert token_cap(100) == token_cap(100, FINAL_TOKENS_PER_S) == 28
    assert token_cap(FULL_WINDOW) == 224


def test_a_text_that_repeats_itself_compresses_well() -> None:
    assert compression_ratio("") == 0.0
    assert compression_ratio("Pas de fièvre, pas de toux, examen normal.") < 1.5
    assert compression_ratio("encore " * 40) > 2.4
