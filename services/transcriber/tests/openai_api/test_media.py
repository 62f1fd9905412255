"""Decoded recordings in batches."""

import numpy as np
from carabin.transcriber.openai_api.media import batches

RATE_HZ = 16_000


def test_batches_are_the_whole_audio_in_order():
    audio = np.arange(25 * RATE_HZ, dtype=np.float32)
    joined = list(batches(iter(np.array_split(audio, 37)), batch_s=10))
    assert np.array_equal(np.concatenate(joined), audio)
    assert [len(batch) >= 10 * RATE_HZ for batch in joined] == [True, True, False]


def test_short_audio_is_one_batch_and_none_is_none():
    assert [len(batch) for batch in batches(iter([np.zeros(RATE_HZ, np.float32)]))] == [RATE_HZ]
    assert list(batches(iter([]))) == []
