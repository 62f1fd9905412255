"""The silence that ends an utterance knows how long the utterance is, unless the client chose it."""

import pytest
from carabin.transcriber.core.config import SessionConfig, VadConfig
from carabin.transcriber.streaming.endpoint_policy import LEAST_SILENCE_S, live_policy, recording_policy


def test_the_silence_shrinks_from_two_seconds_to_four() -> None:
    policy = live_policy(SessionConfig())
    silences = [policy.silence_that_ends_s(length_s) for length_s in (0.5, 2, 3, 4, 30)]
    assert silences == pytest.approx([0.45, 0.45, 0.305, LEAST_SILENCE_S, LEAST_SILENCE_S])


@pytest.mark.parametrize("make", [live_policy, recording_policy])
def test_a_silence_that_the_client_chose_holds_at_any_length(make) -> None:
    policy = make(SessionConfig(vad=VadConfig(min_silence_s=0.8, adaptive=False)))
    assert {policy.silence_that_ends_s(length_s) for length_s in (1, 8, 24)} == {0.8}


def test_a_silence_shorter_than_the_least_one_is_kept() -> None:
    policy = live_policy(SessionConfig(vad=VadConfig(min_silence_s=0.1)))
    assert policy.silence_that_ends_s(11) == 0.1


def test_a_recording_waits_longer_and_grows_longer() -> None:
    live, recording = live_policy(SessionConfig()), recording_policy(SessionConfig())
    assert recording.silence_that_ends_s(5) > live.silence_that_ends_s(5)
    assert recording.longest_s > live.longest_s
