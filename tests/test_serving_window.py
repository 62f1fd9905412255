"""The window that the trainer measures and the exporter checks is the one that the transcriber serves."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import faster_whisper
import numpy as np
import pytest
from carabin.exporter.validation.decode import DecodedText, Mel, ModelDecoder, Transcribed
from carabin.exporter.validation.samples import Sample
from carabin.exporter.validation.window import measure_window
from carabin.registry.serving_window import FULL_WINDOW, SAMPLES_PER_FRAME, WindowPolicy
from carabin.trainer.evaluation.decoder import EvaluationDecoder
from carabin.transcriber.core.config import SessionConfig
from carabin.transcriber.models.prompt import Prompt
from carabin.transcriber.models.slot import ModelHandle
from carabin.transcriber.streaming.decode_requests import DecodeRequests
from carabin.transcriber.streaming.utterance import Utterance
from carabin.transcriber.testing.engine import FakeEngine

LENGTHS = range(FULL_WINDOW + 1)
SILENCE = np.zeros(FULL_WINDOW * SAMPLES_PER_FRAME, np.float32)
POLICIES = (
    WindowPolicy(),
    WindowPolicy(min_frames=500, margin_frames=200),
    WindowPolicy(min_frames=201, margin_frames=50),
    WindowPolicy(min_frames=FULL_WINDOW),
)


def encoded_by_the_trainer(policy: WindowPolicy, folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return the width of what the trainer's decoder gives to the encoder, of one mel bin, for each length."""
    widths: list[int] = []

    class Recorder:
        def __init__(self, *_: Any, **__: Any) -> None:
            self.encode: Callable[[Mel], None] = lambda features: widths.append(features.shape[-1])

        def transcribe(self, *_: Any, **__: Any) -> tuple[list[Any], None]:
            self.encode(np.zeros((1, FULL_WINDOW), np.float32))
            return [], None

    monkeypatch.setattr(faster_whisper, "WhisperModel", Recorder)
    (folder / "model.bin").touch()
    decoder = EvaluationDecoder(folder, window=policy)
    for n_frames in LENGTHS:
        decoder.text(SILENCE[: n_frames * SAMPLES_PER_FRAME])
    return widths


def checked_by_the_exporter(policy: WindowPolicy) -> list[int]:
    """Return the window in which the exporter decodes a sample of each length; the full one is known already."""
    said = DecodedText((), "pas de fièvre", capped=False)
    found: list[int] = []
    for n_frames in LENGTHS:
        windows = [FULL_WINDOW]
        decoder = SimpleNamespace(decode=lambda _, window, seen=windows: seen.append(window) or said)
        mel = np.zeros((1, n_frames), np.float32)
        case = Transcribed(Sample("one", SILENCE[:1], "pas de fièvre"), mel, said)
        assert measure_window(Path("model"), cast(ModelDecoder, decoder), [case], policy) == policy
        found.append(windows[-1])
    return found


def served_by_the_transcriber(policy: WindowPolicy) -> list[int]:
    """Return the window that the final of an utterance of each length asks for."""
    model = ModelHandle("v1", FakeEngine(windows=policy))
    found: list[int] = []
    for n_frames in LENGTHS:
        utterance = Utterance(1, 0, trimmed=False)
        utterance.append(SILENCE[: n_frames * SAMPLES_PER_FRAME], 1.0, speech=True)
        request = DecodeRequests(SessionConfig(), utterance, model, Prompt()).final("fr", 5, prompted=False)
        found.append(request.window_frames)
    return found


@pytest.mark.parametrize("policy", POLICIES, ids=str)
def test_what_is_measured_is_what_is_served(
    policy: WindowPolicy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    served = served_by_the_transcriber(policy)
    assert len(served) == FULL_WINDOW + 1
    assert encoded_by_the_trainer(policy, tmp_path, monkeypatch) == served
    assert checked_by_the_exporter(policy) == served
