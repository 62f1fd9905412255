"""What a model writes when nobody speaks: every word is made up."""

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

from ..data.audio import RATE_HZ

Samples = npt.NDArray[np.float32]


def silent_clips(seed: int = 0) -> Mapping[str, Samples]:
    """Return clips without speech, (n,) float32 at 16 kHz: silence, hiss, mains hum, a ward's rumble, knocks."""
    draw = np.random.default_rng(seed)
    time_s = np.arange(6 * RATE_HZ) / RATE_HZ
    white = draw.standard_normal(len(time_s))
    rumble = np.cumsum(white - white.mean())
    knocks = np.where(time_s % 1.5 < 0.02, white, 0)
    clips = {
        "silence": np.zeros(len(time_s)),
        "hiss": 0.01 * white,
        "loud hiss": 0.1 * white,
        "mains hum": 0.05 * np.sin(2 * np.pi * 50 * time_s) + 0.02 * np.sin(2 * np.pi * 150 * time_s),
        "rumble": 0.1 * rumble / np.abs(rumble).max(),
        "knocks": 0.3 * knocks,
    }
    return {name: clip.astype(np.float32) for name, clip in clips.items()}


def hallucinated_words(decode: Callable[[Samples], str]) -> dict[str, str]:
    """Return what `decode` wrote for each clip without speech."""
    return {name: decode(clip) for name, clip in silent_clips().items()}
