"""The smallest encoder window that a model bears, found on its own validation: short windows are cheap to serve.

A window that fits too tightly makes Whisper repeat itself or write on after the speech. Two things are required of each
candidate, beside the window that suits any stock Whisper: that nothing runs away, neither complete dictations nor
beginnings of them that are just as short as the window's floor allows; and that, dictation by dictation, word errors do
not rise by more than what is allowed, with 95 % confidence. Too few words decide nothing, and the safe window stays.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Final

import numpy as np
import numpy.typing as npt
from carabin.registry.serving_window import MAX_COMPRESSION_RATIO, SAMPLES_PER_FRAME, WindowPolicy, compression_ratio

from ..data.dictations import Dictation
from ..evaluation.bootstrap import interval
from ..evaluation.error_rates import Counts, corpus_rate
from ..evaluation.evaluate import Evaluation, ScoredDictation

SAFE_WINDOW: Final = WindowPolicy()
"""What serving uses when nothing smaller is validated (research: 0 loops of 32 on the published base)."""
CANDIDATES: Final = (
    WindowPolicy(min_frames=200, margin_frames=100),
    WindowPolicy(min_frames=300, margin_frames=100),
    WindowPolicy(min_frames=500, margin_frames=150),
    WindowPolicy(min_frames=500, margin_frames=200),
)
"""From the cheapest upwards. Training shows windows from 200 frames on, with 50 to 400 frames after the speech."""
BEGINNINGS: Final = 16
"""Short utterances that are tried, one each from so many dictations."""
_WORDS_A_SECOND, _SPARE_WORDS = 5, 5
"""Fast French is 4 words a second."""

Samples = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class WindowResult:
    """What a model wrote in one window: of the validation dictations, and of beginnings of them (text, seconds)."""

    evaluation: Evaluation
    beginnings: Sequence[tuple[str, float]] = ()


@dataclass(frozen=True, slots=True)
class WindowTrial:
    """What a candidate costs: change of the word error rate, its 95 % upper bound, texts that ran away."""

    window: WindowPolicy
    rise: float
    rise_high: float
    runaways: int
    """Texts that repeat themselves, or have more words than anybody says, where the safe window's do not."""
    budget: float
    """What `rise_high` may be."""

    @property
    def safe(self) -> bool:
        """Whether it may be served."""
        return not self.runaways and self.rise_high <= self.budget

    def __str__(self) -> str:
        floor_s, margin_s = self.window.min_frames / 100, self.window.margin_frames / 100
        name = f"window of at least {floor_s:g} s with {margin_s:g} s after the speech"
        if self.runaways:
            return f"{name}: {self.runaways} of its texts run away"
        verdict = "safe" if self.safe else f"not safe, {100 * self.budget:g} may be"
        return f"{name}: {100 * self.rise:+.1f} points of errors, at most {100 * self.rise_high:+.1f}: {verdict}"


def search_window(
    evaluate: Callable[[WindowPolicy], WindowResult],
    reference: Evaluation,
    budget: float,
    report: Callable[[str], None],
) -> WindowTrial | None:
    """Return the trial of the smallest window that is safe; None where none is.

    Args:
        evaluate: decodes the validation in a window.
        reference: what the same model wrote of the same dictations in SAFE_WINDOW.
        budget: what the 95 % interval of the rise of the word error rate must stay below.
        report: receives one sentence for each window tried.
    """
    for window in CANDIDATES:
        trial = compare(window, evaluate(window), reference, budget)
        report(str(trial))
        if trial.safe:
            return trial
    return None


def compare(window: WindowPolicy, result: WindowResult, reference: Evaluation, budget: float) -> WindowTrial:
    """Compare a window with the safe one, dictation by dictation."""
    found, before = _rows(result.evaluation), _rows(reference)
    changes = [
        Counts(row.words.errors - other.words.errors, row.words.total) for row, other in zip(found, before, strict=True)
    ]
    runaways = sum(
        runs_away(row.hypothesis, row.duration_s) and not runs_away(other.hypothesis, other.duration_s)
        for row, other in zip(found, before, strict=True)
    )
    runaways += sum(runs_away(text, duration_s) for text, duration_s in result.beginnings)
    runaways += _n_words(result.evaluation.silence) > _n_words(reference.silence)
    return WindowTrial(window, corpus_rate(changes), interval(changes)[1], runaways, budget)


def beginnings(dictations: Sequence[Dictation], window: WindowPolicy, most: int = BEGINNINGS) -> list[Samples]:
    """Return first parts of dictations, evenly spread, as long as the window's floor is meant for."""
    length = (window.min_frames - window.margin_frames) * SAMPLES_PER_FRAME
    count = min(most, len(dictations))
    return [dictations[number * len(dictations) // count].audio[:length] for number in range(count)]


def runs_away(text: str, duration_s: float) -> bool:
    """Return whether a text repeats itself, or has more words than anybody says in that time."""
    repeats = compression_ratio(text) > MAX_COMPRESSION_RATIO
    return repeats or len(text.split()) > ceil(_WORDS_A_SECOND * duration_s) + _SPARE_WORDS


def _rows(evaluation: Evaluation) -> tuple[ScoredDictation, ...]:
    return evaluation.rows + evaluation.general_rows


def _n_words(texts: dict[str, str]) -> int:
    return sum(len(text.split()) for text in texts.values())
