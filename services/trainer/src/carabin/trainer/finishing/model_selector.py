"""After the last step: how much of what was learnt to keep, its scores, and one folder that holds all of it."""

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from carabin.registry.serving_window import WindowPolicy
from torch import Tensor

from ..checkpoints.samples import choose_samples, write_samples
from ..evaluation.evaluate import Evaluation
from ..evaluation.report import Heading, write_report
from ..evaluation.svg import Curve
from ..models.ct2_export import write_ct2
from ..models.whisper import average
from ..runtime.progress import Progress
from ..settings import TrainerSettings
from .candidate_evaluation import CandidateEvaluator
from .model_card import Card
from .weight_average import AveragedWeights, Choice, Metrics, choose
from .window_search import SAFE_WINDOW, WindowTrial, search_window

TEST_PREFIX: Final = "stock_"
"""Names the base model's own scores among a checkpoint's metrics."""


@dataclass(frozen=True)
class SelectedModel:
    """The folder to publish, its metrics and the window to serve it with."""

    folder: Path
    metrics: Metrics
    window: WindowPolicy
    choice: Choice


class ModelSelector:
    """Chooses, evaluates and lays out one run's outcome in `work`."""

    def __init__(
        self, evaluator: CandidateEvaluator, work: Path, settings: TrainerSettings, progress: Progress
    ) -> None:
        self._evaluator, self._work = evaluator, work
        self._settings, self._progress = settings, progress
        self._measured: dict[float, Evaluation] = {}

    def select_and_evaluate(
        self,
        base: Mapping[str, Tensor],
        tuned: Mapping[str, Tensor],
        card: Callable[..., Card],
        curves: Sequence[Curve],
    ) -> SelectedModel:
        """Return the outcome; `base` and `tuned` are the weights before and after training.

        Raises:
            Stopped: between two dictations; nothing is published.
        """
        choice = self._choose(base, tuned)
        weight = choice.candidate.weight
        folder = self._evaluator.write(self._work / "final", average(base, tuned, weight))
        ct2 = write_ct2(folder, self._work / "final-ct2")
        trial = self._search_window(ct2, weight)
        window = trial.window if trial else SAFE_WINDOW
        stock: Metrics = {}
        metrics: Metrics = {
            f"validation_{name}": value for name, value in choice.candidate.metrics.items() if name in _KEPT
        }
        if trial:
            metrics |= {"validation_window_rise": trial.rise, "validation_window_rise_high": trial.rise_high}
        if self._settings.evaluate:
            before, after = self._evaluator.test(base, ct2, window)
            stock, metrics = before.metrics, metrics | after.metrics
            heading = Heading(model=self._progress.run, dataset=self._settings.dataset)
            write_report(after, folder, heading=heading, baseline=stock, curves=curves)
        samples = choose_samples(self._evaluator.sets.validation)
        write_samples(folder, samples, self._evaluator.decoder(ct2, window).text)
        shutil.rmtree(ct2, ignore_errors=True)
        written = card(metrics=metrics, stock=stock, alpha=weight, notes=self._notes(trial, choice)).render()
        (folder / "MODEL_CARD.md").write_text(written, encoding="utf-8")
        metrics |= {f"{TEST_PREFIX}{name}": value for name, value in stock.items() if name in _KEPT}
        return SelectedModel(folder, {**metrics, "alpha": weight}, window, choice)

    def _choose(self, base: Mapping[str, Tensor], tuned: Mapping[str, Tensor]) -> Choice:
        stock: Metrics = {}
        if len(self._evaluator.sets.general_validation):
            stock = self._evaluator.validate(base, "stock on validation").metrics
        tried: list[AveragedWeights] = []
        for weight in sorted(self._settings.interpolation_weights, reverse=True):
            averaged = average(base, tuned, weight)
            measured = self._evaluator.validate(averaged, f"{weight:.0%} of it on validation")
            self._measured[weight] = measured
            tried.append(AveragedWeights(weight, measured.metrics))
            self._progress.note(f"keeping {weight:.0%}: {_figures(measured.metrics)}")
            if _within_budget(measured.metrics, stock, self._settings.general_budget):
                break  # a smaller share would only know fewer medical words
        return choose(tried, stock, self._settings.general_budget)

    def _search_window(self, ct2: Path, weight: float) -> WindowTrial | None:
        """Return the smallest window that validation shows to be safe; None where it is the usual one."""
        if self._settings.full_window or not self._settings.window_budget:
            return None
        return search_window(
            lambda window: self._evaluator.validate_window(ct2, window),
            self._measured[weight],
            self._settings.window_budget,
            self._progress.note,
        )

    def _notes(self, trial: WindowTrial | None, choice: Choice) -> list[str]:
        notes = [_USUAL_WINDOW]
        if trial:
            notes = [_WINDOW.format(trial.window.min_frames / 100, trial.window.margin_frames / 100)]
        if not choice.within_budget:
            notes.append(_OVER_BUDGET.format(100 * self._settings.general_budget))
        return notes


_KEPT: Final = ("wer", "wer_raw", "cer", "term_recall", "critical_errors", "general_wer", "hallucinated_words")
_WINDOW: Final = (
    "Fenêtres validées : au moins {0:g} s, {1:g} s après la parole. "
    "*Windows validated: at least {0:g} s, with {1:g} s after the speech.*"
)
_USUAL_WINDOW: Final = (
    "Aucune fenêtre plus courte que l'usuelle n'a été validée. *No window shorter than the usual one was validated.*"
)
_OVER_BUDGET: Final = (
    "Le budget de {0:.1f} point sur le français général n'a pas pu être tenu. "
    "*No share of what was learnt keeps within the budget of {0:.1f} points of general French.*"
)


def _within_budget(metrics: Metrics, stock: Metrics, budget: float) -> bool:
    return metrics.get("general_wer", 0.0) <= stock.get("general_wer", 0.0) + budget


def _figures(metrics: Mapping[str, Any]) -> str:
    return ", ".join(
        f"{name} {100 * metrics[name]:.1f} %" for name in ("wer", "term_recall", "general_wer") if name in metrics
    )
