"""What a run publishes in the end: how much of what was learnt, in which window, with which scores and sentences.

Decoding is scripted: the scores of each average are this test's input. Weights, folders and texts are real.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from carabin.registry.serving_window import WindowPolicy
from carabin.trainer.data.dictations import Dictation
from carabin.trainer.evaluation.evaluate import Evaluation, score, summarize
from carabin.trainer.finishing.candidate_evaluation import CandidateEvaluator, EvaluationSets
from carabin.trainer.finishing.model_card import Card
from carabin.trainer.finishing.model_selector import ModelSelector, SelectedModel
from carabin.trainer.finishing.window_search import CANDIDATES, SAFE_WINDOW, WindowResult
from carabin.trainer.models.whisper import load_whisper, merged_state
from carabin.trainer.runtime.progress import Progress
from carabin.trainer.settings import TrainerSettings
from carabin.trainer.text.terms import TermIndex
from safetensors.torch import load_file
from torch import Tensor

from ..helpers.training import EventRecorder, settings

STOCK, KEPT_ALL, KEPT_MOST, KEPT_LESS = "stock on validation", "100% of it", "80% of it", "60% of it"
GENERAL = {STOCK: 0.10, KEPT_ALL: 0.14, KEPT_MOST: 0.105, KEPT_LESS: 0.10}
REPEATS = "qui ne dit rien droit, " * 6
SAMPLE = Dictation(np.zeros(8_000, np.float32), "Pas de fièvre.", None, 0.5, "0" * 64)


def evaluation(**metrics: float) -> Evaluation:
    """Return the scores of one dictation that was written as it was said, some of them overwritten."""
    row = score(SAMPLE, SAMPLE.sentence, TermIndex([]))
    return Evaluation(summarize([row], [], {}, []) | metrics, (row,), (), {}, (SAMPLE,))


class ScriptedEvaluator(CandidateEvaluator):
    """Gives the general error rates of `general`, and calls the windows of `unsafe` unsafe."""

    general: Mapping[str, float]
    unsafe: Sequence[WindowPolicy]

    def script(self, general: Mapping[str, float], unsafe: Sequence[WindowPolicy]) -> None:
        self.general, self.unsafe = general, unsafe
        self.validated: list[str] = []
        self.windows: list[WindowPolicy] = []

    def validate(self, state: Mapping[str, Tensor], name: str) -> Evaluation:
        name = name.removesuffix(" on validation") if name != STOCK else name
        self.validated.append(name)
        return evaluation(**({"general_wer": self.general[name]} if self.general else {}))

    def validate_window(self, ct2: Path, window: WindowPolicy) -> WindowResult:
        assert (ct2 / "model.bin").is_file()
        self.windows.append(window)
        return WindowResult(evaluation(), [(REPEATS, 1.0)] if window in self.unsafe else [])

    def test(self, base: Mapping[str, Tensor], tuned: Path, window: WindowPolicy) -> tuple[Evaluation, Evaluation]:
        self.windows.append(window)
        return evaluation(wer=0.5, wer_low=0.4), evaluation(wer=0.25)


class Selection:
    """One selection in a work folder: what came out, and what was asked of the evaluator."""

    def __init__(
        self, base: Path, work: Path, wanted: TrainerSettings, general: Mapping[str, float], unsafe: Any
    ) -> None:
        self.work, self.recorder = work, EventRecorder()
        sets = EvaluationSets([SAMPLE], [SAMPLE] if general else [], [SAMPLE], [], [])
        progress = Progress("r", (self.recorder,))
        model = load_whisper(base)
        self.before = merged_state(model)
        self.evaluator = ScriptedEvaluator(model, base, work, wanted, sets, progress, lambda: False)
        self.evaluator.script(general, unsafe)
        after = {name: value + 1 for name, value in self.before.items()}
        self.selected: SelectedModel = ModelSelector(self.evaluator, work, wanted, progress).select_and_evaluate(
            self.before, after, self._card, ()
        )
        self.card = (self.selected.folder / "MODEL_CARD.md").read_text(encoding="utf-8")

    @staticmethod
    def _card(**outcome: Any) -> Card:
        return Card(run="r", source={}, settings={"language": "fr"}, **outcome)

    def kept_share(self) -> float:
        """Return how far the published weights lie from the base, where what was learnt is one for each."""
        published = load_file(self.selected.folder / "model.safetensors")
        name = "model.encoder.conv1.bias"
        return round(float((published[name] - self.before[name]).mean()), 3)


Select = Callable[..., Selection]


@pytest.fixture
def select(tiny: Path, tmp_path: Path) -> Select:
    """Selects with the settings that a run has by default, changed by name."""

    def make(
        general: Mapping[str, float] = GENERAL, unsafe: Sequence[WindowPolicy] = (), **changes: object
    ) -> Selection:
        given = {"interpolation_weights": (0.6, 1.0, 0.8), "general_budget": 0.01, "window_budget": 0.0, **changes}
        return Selection(tiny, tmp_path / "w", settings(tiny, tmp_path / "w", **given), general, unsafe)

    return make


def test_the_largest_share_within_the_budget_is_published_and_no_smaller_one_is_tried(select: Select) -> None:
    found = select()
    assert found.evaluator.validated == [STOCK, KEPT_ALL, KEPT_MOST]
    assert (found.selected.metrics["alpha"], found.kept_share()) == (0.8, 0.8)
    assert "budget" not in found.card
    assert "| alpha | 0.8 (" in found.card
    assert "keeping 80%: wer 0.0 %, term_recall" in found.recorder.texts


def test_exactly_the_budget_is_within_it(select: Select) -> None:
    found = select(GENERAL | {STOCK: 0.0, KEPT_ALL: 0.01})
    assert found.evaluator.validated == [STOCK, KEPT_ALL]
    assert found.kept_share() == 1.0


def test_where_no_share_keeps_the_budget_the_least_harm_is_published_and_the_card_says_so(select: Select) -> None:
    found = select({STOCK: 0.05, KEPT_ALL: 0.2, KEPT_MOST: 0.11, KEPT_LESS: 0.12})
    assert found.evaluator.validated == [STOCK, KEPT_ALL, KEPT_MOST, KEPT_LESS]
    assert found.kept_share() == 0.8
    assert "Le budget de 1.0 point sur le français général n'a pas pu être tenu." in found.card


def test_without_general_speech_all_that_was_learnt_is_kept(select: Select) -> None:
    found = select({})
    assert found.evaluator.validated == [KEPT_ALL]
    assert found.kept_share() == 1.0
    assert "validation_general_wer" not in found.selected.metrics


@pytest.mark.parametrize("changes", [{"window_budget": 0.0}, {"window_budget": 0.02, "full_window": True}])
def test_no_shorter_window_is_looked_for_where_none_may_be_used(select: Select, changes: dict[str, Any]) -> None:
    found = select({}, **changes)
    assert found.evaluator.windows == []
    assert found.selected.window == SAFE_WINDOW
    assert "Aucune fenêtre plus courte" in found.card
    assert "validation_window_rise" not in found.selected.metrics


def test_the_smallest_safe_window_is_published_with_what_it_costs(select: Select) -> None:
    found = select({}, [CANDIDATES[0]], window_budget=0.02)
    assert found.evaluator.windows == list(CANDIDATES[:2])
    assert found.selected.window == CANDIDATES[1]
    assert "Fenêtres validées : au moins 3 s, 1 s après la parole." in found.card
    assert found.selected.metrics["validation_window_rise"] == 0.0
    assert found.selected.metrics["validation_window_rise_high"] == 0.0


def test_where_no_shorter_window_is_safe_the_usual_one_is_served(select: Select) -> None:
    found = select({}, CANDIDATES, window_budget=0.02)
    assert found.evaluator.windows == list(CANDIDATES)
    assert found.selected.window == SAFE_WINDOW
    assert "Aucune fenêtre plus courte" in found.card


def test_the_test_split_is_scored_in_the_window_that_will_serve_beside_the_base(select: Select) -> None:
    found = select({}, window_budget=0.02, evaluate=True)
    assert found.evaluator.windows == [CANDIDATES[0], CANDIDATES[0]]
    metrics = found.selected.metrics
    assert (metrics["wer"], metrics["stock_wer"], metrics["validation_wer"]) == (0.25, 0.5, 0.0)
    assert "stock_wer_low" not in metrics
    assert (found.selected.folder / "report.html").is_file()
    assert "| wer | 0.5000 | 0.2500 |" in found.card


def test_a_trial_run_is_not_scored_and_its_card_says_so(select: Select) -> None:
    found = select({}, evaluate=False)
    assert not any(name == "wer" or name.startswith("stock_") for name in found.selected.metrics)
    assert not (found.selected.folder / "report.html").exists()
    assert "Non évalué." in found.card


def test_the_folder_holds_all_that_is_published_and_no_other_stays(select: Select) -> None:
    found = select({})
    assert [path.name for path in found.work.iterdir()] == ["final"]
    assert {path.name for path in found.selected.folder.iterdir()} >= {
        "model.safetensors", "tokenizer.json", "preprocessor_config.json", "samples", "MODEL_CARD.md",
    }  # fmt: skip
    assert (found.selected.folder / "samples" / "00.wav").is_file()
