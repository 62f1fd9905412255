"""The report is one file that shows, plays and explains; its JSON holds the same figures."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from carabin.trainer.data.dictations import Dictation
from carabin.trainer.evaluation.evaluate import Evaluation, score, summarize
from carabin.trainer.evaluation.report import Heading, write_report
from carabin.trainer.evaluation.svg import Curve
from carabin.trainer.text.terms import TermIndex

SAID = ("Apixaban 5 mg le soir.", "Genou droit <normal>.", "Pas de fièvre.")
HYPOTHESES = ("à pixa banc 5 mg le soir", "Genou gauche <normal>", "Pas de fièvre.")


@pytest.fixture
def evaluation() -> Evaluation:
    dictations = [Dictation(np.full(8_000, 0.1, np.float32), text, "voix", 0.5, "0" * 64) for text in SAID]
    index = TermIndex(["apixaban"])
    rows = tuple(score(d, text, index) for d, text in zip(dictations, HYPOTHESES, strict=True))
    silence = {"hiss": "Merci."}
    return Evaluation(summarize(rows, rows[2:], silence, ["apixaban"]), rows, rows[2:], silence, dictations)


def test_the_page_needs_no_other_file_and_plays_the_worst_dictations(evaluation: Evaluation, tmp_path: Path) -> None:
    html = write_report(evaluation, tmp_path, worst=2)[0].read_text(encoding="utf-8")
    assert re.findall(r'(?:src|href)="(?!data:)[^"]*"', html) == []
    assert html.count('<audio controls preload="none" src="data:audio/flac;base64,') == 2
    assert '<span class="missing">apixaban</span>' in html
    assert '<span class="extra">gauche</span>' in html
    assert "&lt;normal&gt;" in html
    assert "<normal>" not in html
    assert "erreurs critiques : médicament" in html
    assert "apixaban (1)" in html


def test_before_and_after_stand_side_by_side(evaluation: Evaluation, tmp_path: Path) -> None:
    curve = Curve("Perte <train>", {"train": [(0, 3.0), (10, 1.0)]})
    baseline = {"wer": 0.9, "term_recall": 0.5}
    html, data = write_report(
        evaluation, tmp_path, heading=Heading(model="m1", dataset="demo@1"), baseline=baseline, curves=[curve]
    )
    page = html.read_text(encoding="utf-8")
    assert "90,0 %" in page
    assert re.search(r'class="number better">\d+,\d %', page)
    assert re.search(r'class="number worse">0,0 %', page)
    assert "<polyline" in page
    written = json.loads(data.read_text(encoding="utf-8"))
    assert written["metrics"] == evaluation.metrics
    assert written["baseline"] == baseline
    assert written["dictations"][1]["critical"]["laterality"] == {"errors": 1, "total": 1}
