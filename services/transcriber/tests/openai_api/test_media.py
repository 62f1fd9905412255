"""Recordings of any length, a piece at a time."""

import numpy as np
from carabin.transcriber.openai_api.media import pieces, quietest

RATE_HZ = 16_000


def noise(seconds: float, loudness: float = 0.5) -> np.ndarray:
    return np.random.default_rng(0).uniform(-loudness, loudness, int(seconds * RATE_HZ)).astype(np.float32)


def test_pieces_are_the_whole_audio_in_order():
    audio = noise(25)
    cut = list(pieces(iter(np.array_split(audio, 37)), piece_s=10, search_s=3))
    assert np.array_equal(np.concatenate(cut), audio)
    assert all(len(piece) <= 10 * RATE_HZ for piece in cut)


def test_piece_ends_in_the_pause_and_not_in_a_word():
    audio = np.concatenate([noise(8), noise(0.5, 0.001), noise(6)])
    first = next(pieces(iter([audio]), piece_s=10, search_s=3))
    assert 8.0 < len(first) / RATE_HZ < 8.5


def test_short_audio_is_one_piece_and_none_is_none():
    assert [len(piece) for piece in pieces(iter([noise(1)]), piece_s=10, search_s=3)] == [RATE_HZ]
    assert list(pieces(iter([]))) == []


def test_quietest_of_less_than_its_width_is_the_end():
    assert quietest(noise(0.1)) == 1600
