"""Features that grow with the audio are those of faster-whisper, computed at once from all of it."""

import threading

import numpy as np
import pytest
from carabin.transcriber.inference.mel import GrowingMel
from faster_whisper.feature_extractor import FeatureExtractor

from ..helpers.real_models import SENTENCE, say

SILENCE = 160


@pytest.fixture(scope="module", params=[80, 128])
def extractor(request: pytest.FixtureRequest) -> FeatureExtractor:
    return FeatureExtractor(feature_size=request.param)


@pytest.mark.parametrize("piece", [161, 512, 1600, 7777, 40_000])
def test_grown_frames_are_those_of_all_of_the_audio(extractor: FeatureExtractor, piece: int) -> None:
    voice, mel = say(SENTENCE), GrowingMel(extractor)
    for i, n in enumerate([*range(piece, len(voice), piece), len(voice)]):
        grown = mel.frames(voice[:n], SILENCE)
        if piece < 1000 and i % 20:
            continue  # what each step left is in the next one that is compared
        np.testing.assert_allclose(grown, extractor(voice[:n], padding=SILENCE), atol=2e-6, rtol=0)


def test_a_final_that_is_shorter_than_a_partial_has_its_own_frames(extractor: FeatureExtractor) -> None:
    voice, mel = say(SENTENCE), GrowingMel(extractor)
    mel.frames(voice, SILENCE)
    shorter, silence = voice[: len(voice) - 5000], 5600
    np.testing.assert_allclose(mel.frames(shorter, silence), extractor(shorter, padding=silence), atol=2e-6, rtol=0)


@pytest.mark.parametrize("n", [1, 159, 200, 201, 399, 400, 401, 560])
def test_audio_shorter_than_a_frame_has_frames_too(extractor: FeatureExtractor, n: int) -> None:
    voice = say(SENTENCE)[3000 : 3000 + n]
    expected = extractor(voice, padding=SILENCE)
    np.testing.assert_allclose(GrowingMel(extractor).frames(voice, SILENCE), expected, atol=2e-6, rtol=0)


def test_settled_frames_are_not_computed_again(extractor: FeatureExtractor) -> None:
    voice, mel, computed = say(SENTENCE), GrowingMel(extractor), []
    transform = extractor.stft

    class Counting:
        n_fft, hop_length, mel_filters = extractor.n_fft, extractor.hop_length, extractor.mel_filters

        def stft(self, piece: object, *args: object, **options: object) -> object:
            spectrum = transform(piece, *args, **options)
            computed.append(spectrum.shape[-1])
            return spectrum

    mel = GrowingMel(Counting())
    for n in range(16_000, len(voice), 1600):
        mel.frames(voice[:n], SILENCE)
    assert max(computed[2:]) <= 10, "a tenth of a second is ten frames"


def test_several_threads_may_ask_at_the_same_time(extractor: FeatureExtractor) -> None:
    voice, mel = say(SENTENCE), GrowingMel(extractor)
    lengths = list(range(8000, len(voice), 4000))
    found: dict[int, np.ndarray] = {}
    threads = [
        threading.Thread(target=lambda some=some: found.update({n: mel.frames(voice[:n], SILENCE) for n in some}))
        for some in (lengths, lengths[::-1], lengths[::2])
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for n in lengths:
        np.testing.assert_allclose(found[n], extractor(voice[:n], padding=SILENCE), atol=2e-6, rtol=0)
