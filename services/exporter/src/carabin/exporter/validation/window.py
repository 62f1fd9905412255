"""How small an encoder window this very model bears: too tight a window makes Whisper repeat itself."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from carabin.registry.artifacts.checkpoints import WindowPolicy
from carabin.registry.word_error import smoke_error

from ..errors import ConversionRefused
from .decode import FULL_WINDOW, ModelDecoder, Transcribed

FLOORS: Final = (500, 750, 1000, 1500, 2000, FULL_WINDOW)
MARGINS: Final = (100, 200, 300, 500, 800, 1200, FULL_WINDOW)
"""Candidates, in 10 ms mel frames. The stock base repeats itself below 750 and with less than 300 to spare."""

MAX_CHANGE: Final = 0.5
"""Word errors against the 30 s window beyond which a window has cost the sentence, not a letter."""


def measure_window(
    folder: Path, decoder: ModelDecoder, heard: Sequence[Transcribed], trained: WindowPolicy
) -> WindowPolicy:
    """Return the tightest policy, from the one it was trained with upwards, under which no sample repeats itself.

    A handful of samples can show that a policy is too tight and never that a tighter one would do for every voice:
    so the policy of the training is where the search starts.

    Args:
        trained: the checkpoint's own policy; the registry's default where it names none.

    Raises:
        ModelRefused: it repeats itself on every sample even in the full window.
    """
    cases = [each for each in heard if not each.hypothesis.loops]
    if not cases:
        raise ConversionRefused(folder, f"it repeats itself on all of its {len(heard)} sample dictations")
    floor, margin = trained.min_frames, trained.margin_frames
    while failed := next((case for case in cases if not _bears(decoder, case, floor, margin)), None):
        if failed.mel.shape[1] + margin <= floor:
            floor = _next(FLOORS, floor)
        else:
            margin = _next(MARGINS, margin)
    return WindowPolicy(min_frames=floor, margin_frames=margin)


def tightest_window(n_frames: int, floor: int, margin: int) -> int:
    """Return the smallest window that the policy allows for `n_frames` of speech: even, as the encoder halves it."""
    frames = max(floor, n_frames + margin)
    return min(FULL_WINDOW, frames + frames % 2)


def _bears(decoder: ModelDecoder, case: Transcribed, floor: int, margin: int) -> bool:
    window = tightest_window(case.mel.shape[1], floor, margin)
    if window >= FULL_WINDOW:
        return True
    hypothesis = decoder.decode(case.mel, window)
    return not hypothesis.loops and smoke_error(case.hypothesis.text, hypothesis.text) <= MAX_CHANGE


def _next(candidates: Sequence[int], current: int) -> int:
    return next((candidate for candidate in candidates if candidate > current), FULL_WINDOW)
