"""Where utterances begin and end, whatever the packets; every sample is in one of them or in silence."""

import numpy as np
import pytest
from carabin.transcriber.core.api import Samples
from carabin.transcriber.core.config import SAMPLE_RATE_HZ, SessionConfig, VadConfig
from carabin.transcriber.streaming.endpoint_policy import recording_policy
from carabin.transcriber.streaming.endpointer import Endpointer
from carabin.transcriber.streaming.utterance import Utterance
from carabin.transcriber.streaming.vad import WINDOW

from ..helpers.pipeline import loudness_vad, silence, speech

__all__ = ["loudness_vad"]

PACKETS = (1, 160, 511, 512, 513, 1024, 1600, 4096, 16_000, 100_000)


class Record:
    """Records the calls of the endpointer."""

    def __init__(self) -> None:
        self.begun: list[Utterance] = []
        self.ended: list[Utterance] = []

    def utterance_began(self, utterance: Utterance) -> None:
        self.begun.append(utterance)

    def speech_continued(self) -> None: ...

    def speech_paused(self, silence_s: float) -> None: ...

    def utterance_ended(self, utterance: Utterance) -> None:
        self.ended.append(utterance)


PATIENT = SessionConfig(vad=VadConfig(min_silence_s=5.0, adaptive=False))
"""Pauses of nearly five seconds end nothing."""


def run(audio: Samples, packet: int = WINDOW, config: SessionConfig | None = None) -> tuple[Endpointer, Record]:
    record, config = Record(), config or SessionConfig()
    endpointer = Endpointer(config, record, recording_policy(config) if config is PATIENT else None)
    for i in range(0, len(audio), packet):
        endpointer.push(audio[i : i + packet])
    return endpointer, record


@pytest.mark.usefixtures("loudness_vad")
@pytest.mark.parametrize("packet", PACKETS[1:])
def test_utterances_do_not_depend_on_the_size_of_packets(packet: int) -> None:
    audio = np.concatenate([silence(0.5), speech(1.3), silence(0.7), speech(2), silence(0.7)])
    _, expected = run(audio)
    _, record = run(audio, packet)
    assert [(u.start, u.end, u.speech_stop) for u in record.ended] == [
        (u.start, u.end, u.speech_stop) for u in expected.ended
    ]
    assert len(record.ended) == 2


@pytest.mark.usefixtures("loudness_vad")
def test_a_cut_inside_the_trailing_pause_ends_the_utterance() -> None:
    """The pause is shorter than the one that ends an utterance, and the longest of those in which a cut is sought."""
    audio = np.concatenate([speech(21), silence(4.6)])
    endpointer, record = run(audio, config=PATIENT)
    assert len(record.begun) == len(record.ended) == 1, "an utterance of silence was begun"
    assert record.ended[0].speech_stop == pytest.approx(21 * SAMPLE_RATE_HZ, abs=WINDOW)
    endpointer.push(silence(60))
    assert len(record.begun) == 1
    endpointer.push(speech(1))
    assert len(record.begun) == 2


@pytest.mark.usefixtures("loudness_vad")
@pytest.mark.parametrize("pause_s", [0.2, 1.0, 2.0, 4.0])
def test_what_a_cut_leaves_always_ends_when_silence_comes(pause_s: float) -> None:
    audio = np.concatenate([speech(20), silence(pause_s), speech(10), silence(30)])
    _, record = run(audio, packet=1600, config=PATIENT)
    assert len(record.begun) == len(record.ended)
    assert all(utterance.speech_samples > 0 for utterance in record.ended)
    spoken = sum(utterance.speech_samples for utterance in record.ended)
    assert spoken == pytest.approx(30 * SAMPLE_RATE_HZ, abs=4 * WINDOW)


@pytest.mark.usefixtures("loudness_vad")
def test_without_voice_activity_detection_every_sample_is_in_one_utterance() -> None:
    endpointer, record = run(
        np.concatenate([silence(40), speech(1), silence(12.3)]), packet=777, config=SessionConfig(use_vad=False)
    )
    endpointer.end()
    assert record.ended[0].start == 0
    for before, after in zip(record.ended[:-1], record.ended[1:], strict=True):
        assert after.start == before.end
    assert record.ended[-1].end >= int(53.3 * SAMPLE_RATE_HZ)


def mains(hertz: float, seconds: float, harmonics: int) -> Samples:
    """Return the buzz of mains with its harmonics, beginning and ending abruptly."""
    t = np.arange(int(seconds * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    wave = sum(0.2 / k * np.sin(2 * np.pi * hertz * k * t) for k in range(1, harmonics))
    return np.asarray(wave, np.float32)


@pytest.mark.parametrize("hertz", [50, 60, 100, 120])
def test_hum_is_recognised_and_speech_is_not_hum(hertz: float) -> None:
    utterance, voice = Utterance(0, 0), Utterance(1, 0)
    rng = np.random.default_rng(1)
    noise = rng.normal(0, 0.001, SAMPLE_RATE_HZ).astype(np.float32)
    hum = 0.1 + mains(hertz, 1.0, 20) + noise
    gliding = np.sin(2 * np.pi * np.cumsum(120 + 20 * np.sin(np.arange(SAMPLE_RATE_HZ) / 3000)) / SAMPLE_RATE_HZ)
    for i in range(0, SAMPLE_RATE_HZ - WINDOW, WINDOW):
        utterance.append(hum[i : i + WINDOW].astype(np.float32), 0.9, True)
        voice.append((hum + 2 * gliding)[i : i + WINDOW].astype(np.float32), 0.9, True)
    assert utterance.is_hum()
    assert not voice.is_hum()


def test_hum_behind_speech_does_not_make_the_speech_a_hum() -> None:
    rng = np.random.default_rng(1)
    words, hum = rng.normal(0, 0.1, 3 * SAMPLE_RATE_HZ), mains(50, 30.0, 20)
    utterance, unasked = Utterance(0, 0), Utterance(1, 0)
    for i in range(0, len(words) - WINDOW, WINDOW):
        utterance.append(words[i : i + WINDOW].astype(np.float32), 0.9, True)
        assert not utterance.is_hum()
    for i in range(0, len(hum) - WINDOW, WINDOW):
        utterance.append(hum[i : i + WINDOW], 0.9, True)
        unasked.append(hum[i : i + WINDOW], 0.9, True)
    assert not utterance.is_hum()
    assert unasked.is_hum()
