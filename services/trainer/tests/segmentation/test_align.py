"""Tests of what the stock model says of a recording and of a given text."""

from pathlib import Path

import numpy as np
import pytest
from carabin.trainer.segmentation.align import MAX_TEXT_TOKENS, WhisperAligner
from carabin.trainer.synthesis.engines import PicoEngine, Samples
from carabin.trainer.synthesis.voices import SPEAKERS

SAID = "Le patient présente une douleur thoracique depuis deux jours."
OTHER = "La radiographie du genou gauche ne montre pas de fracture."


@pytest.fixture(scope="module")
def speech() -> Samples:
    return PicoEngine().speak(SAID, SPEAKERS[1])


@pytest.fixture(scope="module")
def aligner(base_model: Path) -> WhisperAligner:
    return WhisperAligner(base_model)


def test_a_text_gains_by_its_own_sound_and_not_by_another(aligner: WhisperAligner, speech: Samples) -> None:
    assert aligner.evidence(speech, SAID) > 1.0
    assert aligner.evidence(speech, OTHER) < 0.4
    assert aligner.evidence(speech, f"  {SAID}\n") == pytest.approx(aligner.evidence(speech, SAID))


def test_silence_is_evidence_of_nothing(aligner: WhisperAligner) -> None:
    assert aligner.evidence(np.zeros(16_000, np.float32), SAID) == pytest.approx(0.0, abs=1e-3)
    assert aligner.evidence(np.zeros(16_000, np.float32), "") == 0.0


def test_a_text_longer_than_the_decoder_is_judged_by_its_beginning(aligner: WhisperAligner, speech: Samples) -> None:
    assert np.isfinite(aligner.evidence(speech, SAID * MAX_TEXT_TOKENS))


def test_words_come_with_their_times_in_order(aligner: WhisperAligner, speech: Samples) -> None:
    words = aligner.align(speech)
    assert len(words) >= 6
    assert all(word.start_s <= word.end_s for word in words)
    assert [word.start_s for word in words] == sorted(word.start_s for word in words)
    assert words[-1].end_s <= len(speech) / 16_000 + 0.5


def test_the_text_of_a_recording_has_the_words_that_were_said(aligner: WhisperAligner, speech: Samples) -> None:
    assert "patient" in aligner.transcribe(speech).lower()
