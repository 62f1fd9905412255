"""How much of Whisper's 30 s window is computed for an utterance, and how much text it may be worth.

One answer for the whole project: the trainer searches the smallest policy that a model bears with it, the exporter
checks that policy with it, and the transcriber serves with it. What was measured in one place is what runs in another.

The encoder is three quarters of the cost on a CPU and grows faster than its window; CTranslate2 takes any window up to
30 s. Measured with a stock Whisper base on one core: 95 ms for 750 frames, 1030 ms for 3000. A window that fits too
tightly makes a stock model repeat itself without end, hence the smallest window and the margin; a model that was
trained on short windows says in its manifest that it needs less of both.
"""

import zlib
from math import ceil
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

SAMPLES_PER_FRAME: Final = 160
"""One mel frame is 10 ms of audio at 16 kHz."""
FRAMES_PER_S: Final = 100
FULL_WINDOW: Final = 3000
"""Whisper's own window: 30 s (Radford et al. 2022)."""
BUCKETS: Final = (200, 300, 500, 750, 1000, 1500, 2000, FULL_WINDOW)
"""Few enough that sessions meet in one batch, close enough that little padding is computed."""

DEFAULT_MIN_WINDOW_FRAMES: Final = 750
DEFAULT_WINDOW_MARGIN_FRAMES: Final = 300
"""Measured safe for the published Whisper base: 7.5 s of context at least, 3 s more than the speech."""

PARTIAL_TOKENS_PER_S: Final = 8
FINAL_TOKENS_PER_S: Final = 12
"""Fast French is 6 to 7 tokens a second; more than 12 is a model that repeats itself."""
SPARE_TOKENS: Final = 16
"""What a very short utterance may have beyond its rate."""
MAX_TOKENS: Final = 224
"""Half of the decoder's 448 positions: CTranslate2 writes no more in one call."""

MAX_COMPRESSION_RATIO: Final = 2.4
"""Text that zlib makes this much smaller repeats itself (openai/whisper, transcribe.py)."""


class WindowPolicy(BaseModel):
    """The windows in which a model decodes reliably, in 10 ms mel frames; the defaults suit any stock Whisper."""

    model_config = ConfigDict(frozen=True)

    min_frames: int = Field(default=DEFAULT_MIN_WINDOW_FRAMES, gt=0)
    margin_frames: int = Field(default=DEFAULT_WINDOW_MARGIN_FRAMES, ge=0)

    def window_for(self, n_frames: int) -> int:
        """Return the smallest bucket that holds `n_frames` of speech and the margin; at most the full window."""
        need = max(self.min_frames, n_frames + self.margin_frames)
        return next((bucket for bucket in BUCKETS if bucket >= need), FULL_WINDOW)


def next_window(window_frames: int) -> int:
    """Return the next bucket, where a repeating decode is tried again; the full window is its own successor."""
    return next((bucket for bucket in BUCKETS if bucket > window_frames), FULL_WINDOW)


def frames_in(n_samples: int) -> int:
    """Return how many mel frames the samples (16 kHz) fill, the last one perhaps in part."""
    return -(-n_samples // SAMPLES_PER_FRAME)


def token_cap(n_frames: int, tokens_per_s: int = FINAL_TOKENS_PER_S) -> int:
    """Return the most tokens that `n_frames` of audio may be worth; a model that needs more repeats itself."""
    return min(MAX_TOKENS, ceil(n_frames * tokens_per_s / FRAMES_PER_S) + SPARE_TOKENS)


def compression_ratio(text: str) -> float:
    """Return how many times smaller zlib makes the text (openai/whisper, utils.py); 0 for an empty one."""
    data = text.encode()
    return len(data) / len(zlib.compress(data)) if data else 0.0
