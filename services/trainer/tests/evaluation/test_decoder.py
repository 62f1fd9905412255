"""The decoder that scores a model: what it asks of faster-whisper, and what it refuses."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from carabin.registry.serving_window import WindowPolicy
from carabin.trainer.errors import EvaluationFailed
from carabin.trainer.evaluation.decoder import EvaluationDecoder
from carabin.trainer.models.ct2_export import write_ct2
from carabin.trainer.synthesis.engines import PicoEngine
from carabin.trainer.synthesis.voices import SPEAKERS
from faster_whisper import WhisperModel

WINDOW = WindowPolicy(min_frames=200, margin_frames=100)


@pytest.fixture(scope="module")
def tiny_ct2(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_ct2(tiny, tmp_path_factory.mktemp("tiny-ct2") / "model")


@pytest.fixture
def encoded(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many mel frames the encoder is given, at each call."""
    frames: list[int] = []
    honest = WhisperModel.encode

    def encode(model: WhisperModel, features: npt.NDArray[np.float32]) -> Any:
        frames.append(features.shape[-1])
        return honest(model, features)

    monkeypatch.setattr(WhisperModel, "encode", encode)
    return frames


def silence(seconds: float) -> npt.NDArray[np.float32]:
    return np.zeros(round(16_000 * seconds), np.float32)


@pytest.mark.parametrize("said", ["Resource temporarily unavailable", "CUDA failed with error out of memory"])
def test_a_machine_without_memory_for_threads_or_weights_is_said_to_be_short_of_it(
    said: str, tiny_ct2: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError(said)

    monkeypatch.setattr(WhisperModel, "__init__", fail)
    with pytest.raises(EvaluationFailed, match="as memory is short"):
        EvaluationDecoder(tiny_ct2)


def test_the_score_is_the_same_twice(base_model: Path) -> None:
    decoder = EvaluationDecoder(base_model, beam_size=1, window=WindowPolicy(min_frames=600, margin_frames=200))
    audio = PicoEngine().speak("Le repas de midi sera servi sous les grands arbres.", SPEAKERS[1])
    assert decoder.text(audio) == decoder.text(audio) != ""


@pytest.mark.parametrize(
    ("seconds", "frames"),
    [(0.5, 200), (1.0, 200), (1.01, 300), (2.0, 300), (25.0, 3000)],
    ids=["floor", "margin at its edge", "one frame more", "next bucket", "no bucket but the full one"],
)
def test_the_encoder_is_given_the_window_that_serves_the_speech(
    tiny_ct2: Path, encoded: list[int], seconds: float, frames: int
) -> None:
    EvaluationDecoder(tiny_ct2, beam_size=1, window=WINDOW).text(silence(seconds))
    assert set(encoded) == {frames}


def test_without_a_window_the_encoder_is_given_its_30_seconds(tiny_ct2: Path, encoded: list[int]) -> None:
    EvaluationDecoder(tiny_ct2, beam_size=1).text(silence(0.5))
    assert set(encoded) == {3000}


@pytest.mark.parametrize(
    ("seconds", "tokens"),
    [(0.0, 32), (1.0, 56), (10.0, 272), (17.0, 440), (30.0, 440)],
    ids=["spare alone", "12 a second", "twice the cap", "what the decoder holds", "never more"],
)
def test_the_text_may_be_as_long_as_serving_lets_it(
    tiny_ct2: Path, monkeypatch: pytest.MonkeyPatch, seconds: float, tokens: int
) -> None:
    asked: list[dict[str, Any]] = []

    def transcribe(_: WhisperModel, __: npt.NDArray[np.float32], **options: Any) -> tuple[list[Any], None]:
        asked.append(options)
        return [], None

    monkeypatch.setattr(WhisperModel, "transcribe", transcribe)
    assert EvaluationDecoder(tiny_ct2, beam_size=3, language="nl").text(silence(seconds)) == ""
    expected = {"max_new_tokens": tokens, "beam_size": 3, "language": "nl", "temperature": 0.0}
    assert expected.items() <= asked[0].items()


def test_a_folder_without_a_model_cannot_be_scored(tmp_path: Path) -> None:
    with pytest.raises(EvaluationFailed, match=r"holds no model\.bin"):
        EvaluationDecoder(tmp_path)
    (tmp_path / "model.bin").write_bytes(b"junk")
    with pytest.raises(EvaluationFailed, match="faster-whisper cannot load it"):
        EvaluationDecoder(tmp_path)
