"""Decodes and scores weights as they would be served: converted to CTranslate2, on validation or on the test split."""

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from carabin.registry.serving_window import WindowPolicy
from torch import Tensor
from transformers import WhisperForConditionalGeneration

from ..data.audio import RATE_HZ
from ..data.dictations import Dictation
from ..datasets.local import Joined, limited
from ..errors import Stopped
from ..evaluation.decoder import EvaluationDecoder
from ..evaluation.evaluate import Evaluation, evaluate_model
from ..models.ct2_export import write_ct2, write_hf
from ..runtime.progress import Progress
from ..settings import TrainerSettings
from .window_search import SAFE_WINDOW, WindowResult, beginnings


@dataclass(frozen=True)
class EvaluationSets:
    """What is decoded: validation to choose by, test once."""

    validation: Sequence[Dictation]
    general_validation: Sequence[Dictation]
    test: Sequence[Dictation]
    general_test: Sequence[Dictation]
    terms: Sequence[str]


class CandidateEvaluator:
    """Scores weights of one run's architecture.

    Args:
        model: any Whisper of that architecture; its weights are overwritten.
        base: the Hugging Face folder that training started from.
        stopped: asked between two dictations.
    """

    def __init__(
        self,
        model: WhisperForConditionalGeneration,
        base: Path,
        work: Path,
        settings: TrainerSettings,
        sets: EvaluationSets,
        progress: Progress,
        stopped: Callable[[], bool],
    ) -> None:
        self._model, self._base, self._work = model, base, work
        self._settings, self._progress, self._stopped = settings, progress, stopped
        self.sets = sets

    def write(self, target: Path, state: Mapping[str, Tensor]) -> Path:
        """Write `state` as a Hugging Face folder."""
        return write_hf(self._model, self._base, target, state)

    def validate(self, state: Mapping[str, Tensor], name: str) -> Evaluation:
        """Score `state` on validation, greedily, in the window that suits any Whisper."""
        folder = self.write(self._work / "validation", state)
        ct2 = write_ct2(folder, self._work / "validation-ct2")
        return self._decode(ct2, name, validation=True, window=SAFE_WINDOW)

    def validate_window(self, ct2: Path, window: WindowPolicy) -> WindowResult:
        """Score a CTranslate2 folder on validation, and on beginnings of its dictations, in `window`."""
        name = f"window of {window.min_frames}+{window.margin_frames} frames"
        evaluation = self._decode(ct2, name, validation=True, window=window)
        decoder = self.decoder(ct2, window, beam_size=1)
        parts = beginnings(Joined((self.sets.validation, self.sets.general_validation)), window)
        return WindowResult(evaluation, [(decoder.text(part), len(part) / RATE_HZ) for part in parts])

    def test(self, base: Mapping[str, Tensor], tuned: Path, window: WindowPolicy) -> tuple[Evaluation, Evaluation]:
        """Score the base model and the CTranslate2 folder `tuned` on the test split, each in its serving window."""
        stock = write_ct2(self.write(self._work / "stock", base), self._work / "stock-ct2")
        try:
            return (
                self._decode(stock, "stock on test", validation=False, window=SAFE_WINDOW),
                self._decode(tuned, "fine-tuned on test", validation=False, window=window),
            )
        finally:
            for name in ("stock", "stock-ct2"):
                shutil.rmtree(self._work / name, ignore_errors=True)

    def decoder(self, ct2: Path, window: WindowPolicy, beam_size: int | None = None) -> EvaluationDecoder:
        """Open a CTranslate2 folder for single recordings."""
        return EvaluationDecoder(
            ct2,
            beam_size=beam_size or self._settings.beam_size,
            language=self._settings.language,
            cpu_threads=self._settings.threads or 0,
            window=window,
        )

    def _decode(self, ct2: Path, name: str, *, validation: bool, window: WindowPolicy) -> Evaluation:
        limit, sets = self._settings.evaluate_limit, self.sets
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
