"""How much of Whisper's 30 s window the encoder computes, and how many tokens an utterance may be worth.

The encoder is three quarters of the cost on a CPU and grows faster than its window; CTranslate2 takes any window up
to 30 s. Measured with a stock Whisper base on one core: 95 ms for 750 frames, 1030 ms for 3000. A window that fits
too tightly makes a stock model repeat itself without end, hence the floor and the margin; a model that was trained
on short windows says in its manifest that it needs less of both.
"""

from dataclasses import dataclass
from math import ceil

from ..core.config import SAMPLE_RATE_HZ

SAMPLES_PER_FRAME = 160
"""One mel frame is 10 ms."""
FULL_WINDOW = 3000
BUCKETS = (200, 300, 500, 750, 1000, 1500, 2000, FULL_WINDOW)
"""Few enough that sessions meet in one batch, close enough that little padding is computed."""

PARTIAL_TOKENS_PER_S = 8
FINAL_TOKENS_PER_S = 12
"""Fast French is 6 to 7 tokens a second; more than 12 is a model that repeats itself."""
SPARE_TOKENS = 16
"""What a very short utterance may have beyond its rate."""


@dataclass(frozen=True, slots=True)
class ServingWindow:
    """The windows that a model decodes reliably, in 10 ms mel frames; the defaults suit any stock Whisper."""

    min_frames: int = 750
    margin_frames: int = 300

    def window_for(self, n_samples: int) -> int:
        """Return the smallest bucket that holds the audio and its margin, at most the full window."""
        need = max(self.min_frames, frames_in(n_samples) + self.margin_frames)
        return next((bucket for bucket in BUCKETS if bucket >= need), FULL_WINDOW)


def next_window(window_frames: int) -> int:
    """Return the next bucket, where a repeating decode is tried again; the full window is its own successor."""
    return next((bucket for bucket in BUCKETS if bucket > window_frames), FULL_WINDOW)


def frames_in(n_samples: int) -> int:
    """Return how many mel frames the samples fill, the last one perhaps in part."""
    return -(-n_samples // SAMPLES_PER_FRAME)


def token_cap(n_samples: int, tokens_per_s: int) -> int:
    """Return the most tokens that this much audio may be worth."""
    return ceil(n_samples / SAMPLE_RATE_HZ * tokens_per_s) + SPARE_TOKENS
