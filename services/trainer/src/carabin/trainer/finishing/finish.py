"""After the last step: how much of what was learnt to keep, how well it does, and one folder that holds it all."""

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from carabin.registry.serving_window import WindowPolicy
from torch import Tensor
from transformers import WhisperForConditionalGeneration

from ..checkpoints.samples import choose_samples, write_samples
from ..data.audio import RATE_HZ
from ..data.dictations import Dictation
from ..datasets.local import Joined, limited
from ..errors import Stopped
from ..evaluation.decoder import EvaluationDecoder
from ..evaluation.evaluate import Evaluation, evaluate_model
from ..evaluation.report import Heading, write_report
from ..evaluation.svg import Curve
from ..models.ct2_export import write_ct2, write_hf
from ..models.whisper import average
from ..runtime.progress import Progress
from ..settings import TrainerSettings
from .model_card import Card
from .weight_average import AveragedWeights, Choice, Metrics, choose
from .window_search import SAFE_WINDOW, Trial, WindowResult, beginnings, prove

TEST_PREFIX: Final = "stock_"
"""Names the base model's own scores among a checkpoint's metrics."""


@dataclass(frozen=True)
class Sets:
    """What is decoded: validation to choose by, test once."""

    validation: Sequence[Dictation]
    general_validation: Sequence[Dictation]
    test: Sequence[Dictation]
    general_test: Sequence[Dictation]
    terms: Sequence[str]


@dataclass(frozen=True)
class Finished:
    """The folder to publish and what to say of it."""

    folder: Path
    metrics: Metrics
    window: WindowPolicy
    choice: Choice


class ModelSelector:
    """Chooses, evaluates and lays out one run's outcome.

    Args:
        model: any Whisper of the run's architecture; its weights are overwritten.
        base: the Hugging Face folder that training started from.
        stopped: asked between two dictations.
    """

    def __init__(
        self,
        model: WhisperForConditionalGeneration,
        base: Path,
        work: Path,
        settings: TrainerSettings,
        sets: Sets,
        progress: Progress,
        stopped: Callable[[], bool],
    ) -> None:
        self._model, self._base, self._work = model, base, work
        self._settings, self._sets = settings, sets
        self._progress, self._stopped = progress, stopped
        self._measured: dict[float, Evaluation] = {}

    def finish(
        self,
        base: Mapping[str, Tensor],
        tuned: Mapping[str, Tensor],
        card: Callable[..., Card],
        curves: Sequence[Curve],
    ) -> Finished:
        """Return the outcome; `base` and `tuned` are the weights before and after training."""
        choice = self._choose(base, tuned)
        folder = self._write(self._work / "final", average(base, tuned, choice.candidate.alpha))
        ct2 = write_ct2(folder, self._work / "final-ct2")
        trial = self._prove_window(ct2, choice.candidate.alpha)
        window = trial.window if trial else SAFE_WINDOW
        stock: Metrics = {}
        metrics: Metrics = {
            f"validation_{name}": value for name, value in choice.candidate.metrics.items() if name in _KEPT
        }
        if trial:
            metrics |= {"validation_window_rise": trial.rise, "validation_window_rise_high": trial.rise_high}
        proven = _WINDOW.format(window.min_frames / 100, window.margin_frames / 100)
        notes = [proven if trial else _USUAL_WINDOW]
        if not choice.within_budget:
            notes.append(_OVER_BUDGET.format(100 * self._settings.general_budget))
        if self._settings.evaluate:
            before, after = self._evaluate(base, ct2, window)
            stock, metrics = before.metrics, metrics | after.metrics
            heading = Heading(model=self._progress.run, dataset=self._settings.dataset)
            write_report(after, folder, heading=heading, baseline=stock, curves=curves)
        write_samples(folder, choose_samples(self._sets.validation), self._decoder(ct2, window).text)
        shutil.rmtree(ct2, ignore_errors=True)
        written = card(metrics=metrics, stock=stock, alpha=choice.candidate.alpha, notes=notes).render()
        (folder / "MODEL_CARD.md").write_text(written, encoding="utf-8")
        metrics |= {f"{TEST_PREFIX}{name}": value for name, value in stock.items() if name in _KEPT}
        return Finished(folder, {**metrics, "alpha": choice.candidate.alpha}, window, choice)

    def _choose(self, base: Mapping[str, Tensor], tuned: Mapping[str, Tensor]) -> Choice:
        alphas = sorted(self._settings.alphas, reverse=True)
        stock: Metrics = {}
        if len(self._sets.general_validation):
            stock = self._validate(base, "stock on validation").metrics
        tried: list[AveragedWeights] = []
        for alpha in alphas:
            measured = self._validate(average(base, tuned, alpha), f"{alpha:.0%} of it on validation")
            self._measured[alpha] = measured
            tried.append(AveragedWeights(alpha, measured.metrics))
            self._progress.note(f"keeping {alpha:.0%}: {_figures(measured.metrics)}")
            if _costs_nothing(measured.metrics, stock, self._settings.general_budget):
                break  # a smaller share would only know fewer medical words
        return choose(tried, stock, self._settings.general_budget)

    def _prove_window(self, ct2: Path, alpha: float) -> Trial | None:
        """Return the smallest window that validation proves safe; None where it is the usual one."""
        if self._settings.full_window or not self._settings.window_budget:
            return None

        def hear(window: WindowPolicy) -> WindowResult:
            name = f"window of {window.min_frames}+{window.margin_frames} frames"
            evaluation = self._decode(ct2, name, validation=True, window=window)
            decoder = self._decoder(ct2, window, beam_size=1)
            parts = beginnings(Joined((self._sets.validation, self._sets.general_validation)), window)
            return WindowResult(evaluation, [(decoder.text(part), len(part) / RATE_HZ) for part in parts])

        return prove(hear, self._measured[alpha], self._settings.window_budget, self._progress.note)

    def _evaluate(self, base: Mapping[str, Tensor], tuned: Path, window: WindowPolicy) -> tuple[Evaluation, Evaluation]:
        """Score the test split with the windows that serving would use for either."""
        stock = write_ct2(self._write(self._work / "stock", base), self._work / "stock-ct2")
        try:
            return (
                self._decode(stock, "stock on test", validation=False, window=SAFE_WINDOW),
                self._decode(tuned, "fine-tuned on test", validation=False, window=window),
            )
        finally:
            for name in ("stock", "stock-ct2"):
                shutil.rmtree(self._work / name, ignore_errors=True)

    def _validate(self, state: Mapping[str, Tensor], name: str) -> Evaluation:
        folder = self._write(self._work / "validation", state)
        return self._decode(write_ct2(folder, self._work / "validation-ct2"), name, validation=True, window=SAFE_WINDOW)

    def _decode(self, ct2: Path, name: str, *, validation: bool, window: WindowPolicy | None = None) -> Evaluation:
        limit, sets = self._settings.evaluate_limit, self._sets
        medical = limited(sets.validation if validation else sets.test, limit)
        general = limited(sets.general_validation if validation else sets.general_test, limit)
        with self._progress.phase(f"decode: {name}", len(medical) + len(general)) as advance:

            def move(done: int, total: int) -> None:
                if self._stopped():
                    raise Stopped("stopped while the model was evaluated; what was learnt is kept")
                advance(done, total)

            return evaluate_model(
                ct2,
                medical,
                terms=sets.terms,
                general=general,
                beam_size=1 if validation else self._settings.beam_size,
                language=self._settings.language,
                cpu_threads=self._settings.threads or 0,
                window=window,
                progress=move,
            )

    def _decoder(self, ct2: Path, window: WindowPolicy, beam_size: int | None = None) -> EvaluationDecoder:
        return EvaluationDecoder(
            ct2,
            beam_size=beam_size or self._settings.beam_size,
            language=self._settings.language,
            cpu_threads=self._settings.threads or 0,
            window=window,
        )

    def _write(self, target: Path, state: Mapping[str, Tensor]) -> Path:
        return write_hf(self._model, self._base, target, state)


_KEPT: Final = ("wer", "wer_raw", "cer", "term_recall", "critical_errors", "general_wer", "hallucinated_words")
_WINDOW: Final = (
    "Fenêtres prouvées sur la validation : au moins {0:g} s, {1:g} s après la parole. "
    "*Windows proven on validation: at least {0:g} s, with {1:g} s after the speech.*"
)
_USUAL_WINDOW: Final = (
    "Aucune fenêtre plus courte que l'usuelle n'a été prouvée. *No window shorter than the usual one was proven.*"
)
_OVER_BUDGET: Final = (
    "Le budget de {0:.1f} point sur le français général n'a pas pu être tenu. "
    "*No share of what was learnt keeps within the budget of {0:.1f} points of general French.*"
)


def _costs_nothing(metrics: Metrics, stock: Metrics, budget: float) -> bool:
    return metrics.get("general_wer", 0.0) <= stock.get("general_wer", 0.0) + budget


def _figures(metrics: Mapping[str, Any]) -> str:
    return ", ".join(
        f"{name} {100 * metrics[name]:.1f} %" for name in ("wer", "term_recall", "general_wer") if name in metrics
    )
