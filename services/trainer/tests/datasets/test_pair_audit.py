"""Tests of the pairs that a build keeps out because their text is not what was dictated."""

import base64
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from carabin.trainer.data.audio import RATE_HZ, encode_flac
from carabin.trainer.datasets.pair_audit import PairAudit
from carabin.trainer.datasets.work_folder import WorkFolder
from carabin.trainer.quality.audit import MIN_EVIDENCE
from carabin.trainer.quality.report import GateReport

from ..helpers.sounds import bursts


class CountingModel:
    """Stands for the stock model: finds one evidence, and keeps the lengths of the sounds that it was given."""

    def __init__(self, evidence: float) -> None:
        self.found = evidence
        self.lengths_s: list[float] = []

    def evidence(self, samples: np.ndarray, text: str) -> float:
        self.lengths_s.append(len(samples) / RATE_HZ)
        return -1.0 if text == "zzz" else self.found

    def transcribe(self, samples: np.ndarray) -> str:
        self.lengths_s.append(len(samples) / RATE_HZ)
        return f"{len(samples)} samples"


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[WorkFolder]:
    with WorkFolder.opened(tmp_path / "work") as opened:
        yield opened


def saved(kept: WorkFolder, seed: int, spoken_s: float = 1.0) -> str:
    return kept.save(encode_flac(bursts([spoken_s], pause_s=0.5, seed=seed)))


SENTENCE = "Pas de fièvre."


@pytest.mark.parametrize(("evidence", "belongs"), [(3.2, True), (MIN_EVIDENCE, True), (0.59, False), (-0.4, False)])
def test_a_pair_belongs_together_from_the_least_evidence_on(
    kept: WorkFolder, tmp_path: Path, evidence: float, belongs: bool
) -> None:
    audit, report = PairAudit(CountingModel(evidence), tmp_path / "page.html", "dictées"), GateReport()
    assert audit.belongs("a.wav", SENTENCE, kept, saved(kept, 1), report) is belongs
    assert audit.pairs[0].evidence == evidence
    assert [(finding.rule, finding.action) for finding in report.findings] == (
        [] if belongs else [("text-audio-mismatch", "left out")]
    )


def test_a_pair_that_is_left_out_is_named_with_its_evidence_and_the_page_that_shows_it(
    kept: WorkFolder, tmp_path: Path
) -> None:
    audit, report = PairAudit(CountingModel(0.0), tmp_path / "page.html", "dictées"), GateReport()
    audit.belongs("a.wav", SENTENCE, kept, saved(kept, 1), report)
    assert "(evidence 0.00, at least 0.6 is needed)" in report.left_out["a.wav"]
    assert report.left_out["a.wav"].endswith(f"see {tmp_path / 'page.html'}")


def test_the_model_is_given_each_sound_whole_and_only_once(kept: WorkFolder, tmp_path: Path) -> None:
    model, report = CountingModel(3.0), GateReport()
    first, second = saved(kept, 1, spoken_s=1.5), saved(kept, 2, spoken_s=0.5)
    for digest in (first, second, first):
        PairAudit(model, tmp_path / "page.html", "dictées").belongs("a.wav", SENTENCE, kept, digest, report)
    assert model.lengths_s == [2.0, 1.0]
    audit = PairAudit(model, tmp_path / "page.html", "dictées")
    assert not audit.belongs("a.wav", "zzz", kept, first, report), "another text of a sound is another question"
    assert model.lengths_s == [2.0, 1.0, 2.0]
    audit.write_page(kept)
    audit.write_page(kept)
    assert model.lengths_s == [2.0, 1.0, 2.0, 2.0]


def test_the_page_shows_each_pair_with_its_own_sound_the_worst_first(kept: WorkFolder, tmp_path: Path) -> None:
    audit, report = PairAudit(CountingModel(3.0), tmp_path / "page.html", "dictées"), GateReport()
    digests = [saved(kept, seed) for seed in (1, 2)]
    for source, sentence, digest in zip(("good.wav", "bad.wav"), (SENTENCE, "zzz"), digests, strict=True):
        audit.belongs(source, sentence, kept, digest, report)
    audit.write_page(kept)
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    sounds = [base64.b64encode(kept.sound(digest).read_bytes()).decode() for digest in digests]
    places = [page.index(text) for text in ("bad.wav", sounds[1], "good.wav", sounds[0])]
    assert places == sorted(places)
