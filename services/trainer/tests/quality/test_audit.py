"""Tests of whether a report is what was dictated."""

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest
from carabin.trainer.data.audio import encode_flac
from carabin.trainer.quality.audit import MIN_SIMILARITY, AuditedPair, audit, similarity, worst_first
from carabin.trainer.quality.audit_page import write_audit_page
from carabin.trainer.segmentation.align import WhisperAligner
from carabin.trainer.synthesis.engines import PicoEngine, Samples
from carabin.trainer.synthesis.spoken_text import spoken
from carabin.trainer.synthesis.voices import SPEAKERS
from carabin.trainer.text.corpus import sentences_of


@pytest.mark.parametrize(
    ("sentence", "hypothesis", "low", "high"),
    [
        ("Pas de fièvre.", "pas de fièvre", 1.0, 1.0),
        ("Tension 140/80 mmHg.", "Tension cent quarante sur quatre-vingts millimètres de mercure.", 0.9, 1.0),
        ("Pas de fièvre.", "", 0.0, 0.0),
        ("Pas de fièvre ce matin.", "Fracture du fémur gauche après une chute.", 0.0, MIN_SIMILARITY),
    ],
)
def test_texts_that_sound_alike_are_similar_and_others_are_not(
    sentence: str, hypothesis: str, low: float, high: float
) -> None:
    assert low <= similarity(sentence, hypothesis) <= high


def speak(sentences: list[str]) -> list[Samples]:
    """Return each sentence's sound, in all voices in turn."""
    engine = PicoEngine()
    return [engine.speak(spoken(text), SPEAKERS[n % len(SPEAKERS)]) for n, text in enumerate(sentences)]


def test_swapped_reports_are_found_and_right_ones_kept(base_model: Path) -> None:
    sentences = [text for text in sentences_of("medical") if 30 < len(text) < 60][:20]
    # Pico's sound depends on all that its process has spoken before: of a new process it is always the same.
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as fresh:
        sounds = fresh.submit(speak, sentences).result()
    reports = [sentences[9], *sentences[1:9], sentences[0], *sentences[10:]]
    aligner = WhisperAligner(base_model)
    found = list(audit([(str(n), text) for n, text in enumerate(reports)], sounds.__getitem__, aligner.transcribe))
    assert [pair.index for pair in found if not pair.belongs] == [0, 9]
    assert {pair.index for pair in worst_first(found)[:2]} == {0, 9}


def test_the_page_shows_both_texts_and_plays_the_sound(tmp_path: Path) -> None:
    pairs = [AuditedPair(0, "a.wav", "Pas de <fièvre>.", "", 0.0), AuditedPair(1, "b.wav", "Toux.", "toux", 1.0)]
    flac = encode_flac(np.zeros(1600, np.float32))
    html = write_audit_page(tmp_path / "audit.html", "cardio", pairs, lambda _: flac).read_text(encoding="utf-8")
    assert html.index("a.wav") < html.index("b.wav")
    assert "Pas de &lt;fièvre&gt;." in html
    assert html.count("<audio controls") == 2
    assert html.count('class="refused"') == 1
