"""Tests of the pairs that a build keeps out because their text is not what was dictated."""

import base64
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from carabin.trainer.data.audio import RATE_HZ, encode_flac
from carabin.trainer.datasets.pair_audit import PairAudit
from carabin.trainer.datasets.work_folder import WorkFolder
from carabin.trainer.quality.report import GateReport

from ..helpers.sounds import bursts


class CountingModel:
    """Stands for the stock model: writes one text of every sound, and keeps the lengths of those it was given."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.lengths_s: list[float] = []

    def __call__(self, samples: np.ndarray) -> str:
        self.lengths_s.append(len(samples) / RATE_HZ)
        return self.text


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[WorkFolder]:
    with WorkFolder.opened(tmp_path / "work") as opened:
        yield opened


def saved(kept: WorkFolder, seed: int, spoken_s: float = 1.0) -> str:
    return kept.save(encode_flac(bursts([spoken_s], pause_s=0.5, seed=seed)))


# Letters without spaces: 20 in each text. 11 edits leave 9/20 = 0.45, which is enough; 12 leave 0.40.
SENTENCE = "abcdefghij klmnopqrst"


@pytest.mark.parametrize(
    ("hypothesis", "likeness", "belongs"),
    [
        (SENTENCE, 1.0, True),
        ("abcdefghi" + "z" * 11, 0.45, True),
        ("abcdefgh" + "z" * 12, 0.40, False),
        ("", 0.0, False),
    ],
)
def test_a_pair_belongs_together_from_the_least_likeness_on(
    kept: WorkFolder, tmp_path: Path, hypothesis: str, likeness: float, belongs: bool
) -> None:
    audit, report = PairAudit(CountingModel(hypothesis), tmp_path / "page.html", "dictées"), GateReport()
    assert audit.belongs("a.wav", SENTENCE, kept, saved(kept, 1), report) is belongs
    assert audit.pairs[0].similarity == pytest.approx(likeness)
    assert [(finding.rule, finding.action) for finding in report.findings] == (
        [] if belongs else [("text-audio-mismatch", "left out")]
    )


def test_a_pair_that_is_left_out_is_named_with_its_likeness_and_the_page_that_shows_it(
    kept: WorkFolder, tmp_path: Path
) -> None:
    audit, report = PairAudit(CountingModel(""), tmp_path / "page.html", "dictées"), GateReport()
    audit.belongs("a.wav", SENTENCE, kept, saved(kept, 1), report)
    assert "(likeness 0.00, at least 0.45 is needed)" in report.left_out["a.wav"]
    assert report.left_out["a.wav"].endswith(f"see {tmp_path / 'page.html'}")


def test_the_model_is_given_each_sound_whole_and_only_once(kept: WorkFolder, tmp_path: Path) -> None:
    model, report = CountingModel(SENTENCE), GateReport()
    first, second = saved(kept, 1, spoken_s=1.5), saved(kept, 2, spoken_s=0.5)
    for digest in (first, second, first):
        PairAudit(model, tmp_path / "page.html", "dictées").belongs("a.wav", SENTENCE, kept, digest, report)
    assert model.lengths_s == [2.0, 1.0]


def test_the_page_shows_each_pair_with_its_own_sound_the_worst_first(kept: WorkFolder, tmp_path: Path) -> None:
    audit, report = PairAudit(CountingModel(SENTENCE), tmp_path / "page.html", "dictées"), GateReport()
    digests = [saved(kept, seed) for seed in (1, 2)]
    for source, sentence, digest in zip(("good.wav", "bad.wav"), (SENTENCE, "zzz"), digests, strict=True):
        audit.belongs(source, sentence, kept, digest, report)
    audit.write_page()
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    sounds = [base64.b64encode(kept.sound(digest).read_bytes()).decode() for digest in digests]
    places = [page.index(text) for text in ("bad.wav", sounds[1], "good.wav", sounds[0])]
    assert places == sorted(places)
