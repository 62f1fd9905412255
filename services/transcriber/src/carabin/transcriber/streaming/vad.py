"""Where speech is: Silero's network, streamed, and the hysteresis over its probabilities.

The ONNX file is the one that faster-whisper ships. Its own wrapper restarts the recurrent state at every call; here
each session keeps its state, so that audio may come in any pieces.
"""

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import faster_whisper
import numpy as np
import onnxruntime
from numpy.typing import NDArray

from ..core.api import Samples
from ..core.config import SAMPLE_RATE_HZ, VadConfig

WINDOW = 512
"""Samples that Silero judges at once: 32 ms."""
_CONTEXT = 64
"""Samples of the window before that it sees as well."""
_STATE = (1, 1, 128)
_HYSTERESIS = 0.15
"""Speech goes on until the probability falls this far below the threshold: Silero's own default."""


def _zeros() -> NDArray[np.float32]:
    return np.zeros(_STATE, np.float32)


class SileroStream:
    """One session's recurrent state. The network is shared by all sessions; it is safe to call from several threads."""

    def __init__(self) -> None:
        self._session = _network()
        self._h = _zeros()
        self._c = _zeros()
        self._context = np.zeros(_CONTEXT, np.float32)

    def probabilities(self, samples: Samples) -> NDArray[np.float32]:
        """Return the probability of speech of each window, (n,) for samples of shape (n * WINDOW,)."""
        windows = samples.reshape(-1, WINDOW)
        before = np.concatenate([self._context[None], windows[:-1, -_CONTEXT:]])
        self._context = windows[-1, -_CONTEXT:].copy()
        out, self._h, self._c = self._session.run(
            None, {"input": np.concatenate([before, windows], axis=1), "h": self._h, "c": self._c}
        )
        return np.asarray(out, np.float32).reshape(-1)


@dataclass(slots=True)
class VoiceActivity:
    """Speech or silence, window by window; pure."""

    config: VadConfig
    speaking: bool = False
    silent_windows: int = 0
    """Windows since the last one with speech."""
    _threshold: float = field(init=False)

    def __post_init__(self) -> None:
        self._threshold = self.config.threshold

    def step(self, probability: float) -> bool:
        """Take one window's probability; return whether it holds speech."""
        limit = self._threshold - _HYSTERESIS if self.speaking else self._threshold
        self.speaking = probability >= limit
        self.silent_windows = 0 if self.speaking else self.silent_windows + 1
        return self.speaking

    @property
    def silence_s(self) -> float:
        """Seconds since the last speech."""
        return self.silent_windows * WINDOW / SAMPLE_RATE_HZ


@cache
def _network() -> Any:
    options = onnxruntime.SessionOptions()
    options.inter_op_num_threads = options.intra_op_num_threads = 1
    options.enable_cpu_mem_arena = False
    options.log_severity_level = 4
    path = Path(faster_whisper.__file__).parent / "assets" / "silero_vad_v6.onnx"
    return onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"], sess_options=options)
