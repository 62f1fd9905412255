"""Whether mono samples are two channels in turn: interleaved stereo comes at half its speed, and is no speech.

Of mono sound, the samples at even and at odd places have the same power, and a sample differs from the one before it as
much as from the one behind. Measured over six synthetic voices, at 16 kHz, as telephone speech and brought up from
8 kHz by interpolation: powers within 4 %, differences within 2 %. Two channels in turn: 53 % and more apart, or, with a
silent channel, powers by a factor of 4000. What was tried, and what cannot be told: docs/decisions/audio-formats.md.
"""

import numpy as np

from .config import SAMPLE_RATE_HZ
from .errors import ImpossibleAudio

BLOCK = SAMPLE_RATE_HZ // 2
"""Samples that are judged at once: shorter than the speech before the first text, and even, so that places keep their
parity."""
N_BLOCKS = 4
"""Audible blocks that are judged together: two seconds."""
MIN_RMS = 0.01
MIN_CHANNEL_CORRELATION = 0.3
"""Of each sample with the next of its own channel. Speech has 0.8 and more; a tone that happens to fall on every second
sample has none."""
MAX_DIFFERENCE_RATIO = 0.75
MAX_POWER_RATIO = 2.0
SAME = 1e-6
"""Up to this difference the two samples of a pair are the same, and above its inverse one channel is empty."""


class ChannelCheck:
    """Takes the samples of one stream in whole blocks, until enough of it was audible."""

    def __init__(self) -> None:
        self._audible = 0
        self._sums = np.zeros(6)

    @property
    def done(self) -> bool:
        """Whether the stream was judged: what it is does not change."""
        return self._audible >= N_BLOCKS

    def push(self, block: np.ndarray[tuple[int], np.dtype[np.float64]]) -> str | None:
        """Take the next `BLOCK` samples; return a warning where they may be two channels in turn, or padded mono.

        Raises:
            ImpossibleAudio: they are two channels in turn.
        """
        block = block - block.mean()
        power = float(block @ block)
        if power < len(block) * MIN_RMS**2:
            return None
        even, odd = block[::2], block[1::2]
        within, across = odd - even, even[1:] - odd[:-1]
        self._sums += (
            power, float(block[:-2] @ block[2:]), float(even @ even), float(odd @ odd), float(within @ within),
            float(across @ across),
        )  # fmt: skip
        self._audible += 1
        return self._judge() if self.done else None

    def _judge(self) -> str | None:
        power, next_of_channel, even, odd, within, across = self._sums
        if next_of_channel < MIN_CHANNEL_CORRELATION * power:
            return None
        differences = min(within, across) / max(within, across)
        powers = max(even, odd) / max(min(even, odd), power * 1e-12)
        if differences < SAME:
            return (
                "every sample comes twice: if the audio is interleaved stereo, send one of its channels; "
                "if it was 8 kHz, resample it with a filter"
            )
        if powers > 1 / SAME:
            return (
                "every second sample is silence: if the audio is interleaved stereo, send the channel that holds the "
                "voice; if it was 8 kHz, resample it with a filter"
            )
        if differences < MAX_DIFFERENCE_RATIO or powers > MAX_POWER_RATIO:
            raise ImpossibleAudio(
                "samples of two signals in turn", "interleaved stereo, of which one channel must be sent"
            )
        return None
