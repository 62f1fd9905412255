"""Tests of whether a report is what was dictated."""

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest
from carabin.trainer.data.audio import encode_flac
from carabin.trainer.features.augment import add_noise
from carabin.trainer.quality.audit import MIN_EVIDENCE, AuditedPair, audit, worst_first
from carabin.trainer.quality.audit_page import write_audit_page
from carabin.trainer.segmentation.align import WhisperAligner
from carabin.trainer.synthesis.engines import PicoEngine, Samples
from carabin.trainer.synthesis.spoken_text import spoken
from carabin.trainer.synthesis.voices import SPEAKERS
from carabin.trainer.text.corpus import sentences_of

SENTENCES = [text for text in sentences_of("medical") if 30 < len(text) < 60][:20]


def speak(sentences: list[str]) -> list[Samples]:
    """Return each sentence's sound, in all voices in turn."""
    engine = PicoEngine()
    return [engine.speak(spoken(text), SPEAKERS[n % len(SPEAKERS)]) for n, text in enumerate(sentences)]


@pytest.fixture(scope="module")
def sounds() -> list[Samples]:
    # Pico's sound depends on all that its process has spoken before: of a new process it is always the same.
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as fresh:
        return fresh.submit(speak, SENTENCES).result()


@pytest.mark.parametrize("snr_db", [None, 15.0], ids=["quiet", "busy-ward"])
def test_swapped_reports_are_found_and_right_ones_kept(
    base_model: Path, sounds: list[Samples], snr_db: float | None
) -> None:
    draw = np.random.default_rng(0)
    given = sounds if snr_db is None else [add_noise(samples, draw, snr_db) for samples in sounds]
    reports = [SENTENCES[9], *SENTENCES[1:9], SENTENCES[0], *SENTENCES[10:]]
    pairs = [(str(number), text) for number, text in enumerate(reports)]
    found = list(audit(pairs, given.__getitem__, WhisperAligner(base_model).evidence))
    assert [pair.index for pair in found if not pair.belongs] == [0, 9]
    assert {pair.index for pair in worst_first(found)[:2]} == {0, 9}


def test_a_pair_belongs_together_from_the_least_evidence_on() -> None:
    below, at = (AuditedPair(0, "a.wav", "Toux.", value) for value in (np.nextafter(MIN_EVIDENCE, 0), MIN_EVIDENCE))
    assert (below.belongs, at.belongs) == (False, True)


def test_the_page_shows_both_texts_and_plays_the_sound(tmp_path: Path) -> None:
    pairs = [AuditedPair(0, "b.wav", "Toux.", 3.0), AuditedPair(1, "a.wav", "Pas de <fièvre>.", 0.0)]
    flac = encode_flac(np.zeros(1600, np.float32))
    page = write_audit_page(tmp_path / "audit.html", "cardio", pairs, lambda _: flac, ["toux", "<b>"].__getitem__)
    html = page.read_text(encoding="utf-8")
    assert html.index("a.wav") < html.index("&lt;b&gt;") < html.index("b.wav") < html.index("<td>toux")
    assert "Pas de &lt;fièvre&gt;." in html
    assert html.count("<audio controls") == 2
    assert html.count('class="refused"') == 1
