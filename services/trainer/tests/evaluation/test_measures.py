"""Tests of the measures as a module of `evaluate`."""

from pathlib import Path

import pytest
from carabin.trainer.evaluation.compute_metrics import compute_metrics

REFERENCES = ["Pas de fièvre, amoxicilline 500 mg.", "Douleur du genou gauche."]
PREDICTIONS = ["de fièvre, amoxicilline 500 mg", "Douleur du genou droit."]
MODULE = Path(__file__).parents[2] / "src" / "carabin" / "trainer" / "evaluation" / "measures"


def test_the_module_loads_from_its_path_and_gives_the_trainers_own_metrics(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import evaluate

    monkeypatch.setattr("evaluate.config.HF_MODULES_CACHE", str(tmp_path / "modules"))
    module = evaluate.load(str(MODULE), keep_in_memory=True, cache_dir=str(tmp_path / "cache"))
    found = module.compute(predictions=PREDICTIONS, references=REFERENCES, terms=["amoxicilline"])
    assert found == compute_metrics(REFERENCES, PREDICTIONS, ["amoxicilline"])
    assert (found["critical_negation"], found["critical_laterality"], found["critical_errors"]) == (1.0, 1.0, 2.0)
    assert found["term_recall"] == 1.0
    assert found["wer"] == pytest.approx(2 / 10)


def test_nothing_that_was_dictated_is_written_to_a_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    from datasets.arrow_writer import ArrowWriter

    paths: list[object] = []
    honest = ArrowWriter.__init__

    def spy(self: object, *arguments: object, path: object = None, **options: object) -> None:
        paths.append(path)
        honest(self, *arguments, path=path, **options)

    monkeypatch.setattr(ArrowWriter, "__init__", spy)
    compute_metrics(REFERENCES, PREDICTIONS, [])
    assert paths == [None]  # the texts were collected, in memory
