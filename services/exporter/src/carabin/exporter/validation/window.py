"""How small an encoder window this very model bears: too tight a window makes Whisper repeat itself."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from carabin.registry.serving_window import FULL_WINDOW, WindowPolicy, next_window
from carabin.registry.word_error import smoke_error

from ..errors import ConversionRefused
from .decode import ModelDecoder, Transcribed

MARGINS: Final = (100, 200, 300, 500, 800, 1200, FULL_WINDOW)
"""Candidates of the margin, in 10 ms mel frames. The stock base repeats itself with less than 300."""

MAX_RISE: Final = 0.5
"""By so much the word error rate of a sample may be above that in the 30 s window: more has cost the sentence, not a
letter. What counts is what was said: a text that differs from that of the 30 s window may be the better one."""


def measure_window(
    folder: Path, decoder: ModelDecoder, transcribed: Sequence[Transcribed], trained: WindowPolicy
) -> WindowPolicy:
    """Return the tightest policy, from the one it was trained with upwards, under which no sample repeats itself.

    A handful of samples can show that a policy is too tight and never that a tighter one would do for every voice:
    so the policy of the training is where the search starts.

    Args:
        trained: the checkpoint's own policy; the registry's default where it names none.

    Raises:
        ConversionRefused: it repeats itself on every sample even in the full window.
    """
    cases = [each for each in transcribed if not each.hypothesis.loops]
    if not cases:
        raise ConversionRefused(folder, f"it repeats itself on all of its {len(transcribed)} sample dictations")
    policy = trained
    while failed := next((case for case in cases if not _bears(decoder, case, policy)), None):
        policy = _wider(policy, failed.mel.shape[1])
    return policy


def _wider(policy: WindowPolicy, n_frames: int) -> WindowPolicy:
    """Return the next policy that gives speech of `n_frames` a larger window."""
    window = policy.window_for(n_frames)
    floor, margin = policy.min_frames, policy.margin_frames
    if n_frames + margin <= floor:
        return WindowPolicy(min_frames=next_window(window), margin_frames=margin)
    wider = (candidate for candidate in MARGINS if n_frames + candidate > window)
    return WindowPolicy(min_frames=floor, margin_frames=next(wider, FULL_WINDOW))


def _bears(decoder: ModelDecoder, case: Transcribed, policy: WindowPolicy) -> bool:
    window = policy.window_for(case.mel.shape[1])
    if window >= FULL_WINDOW:
        return True
    hypothesis = decoder.decode(case.mel, window)
    said = case.sample.sentence
    return (
        not hypothesis.loops
        and smoke_error(said, hypothesis.text) <= smoke_error(said, case.hypothesis.text) + MAX_RISE
    )
