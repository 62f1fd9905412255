"""Whether samples can be audio at all: a stream in another format than the declared one is fluent nonsense to Whisper.

Pure; one `AudioCheck` for each stream, in the order of its samples.
"""

import numpy as np

from .api import Samples
from .channel_check import BLOCK, ChannelCheck
from .errors import ImpossibleAudio

MAX_ABS = 10.0
"""20 dB over full scale: resamplers overshoot by a tenth of it, and integers that were not scaled are far above it."""
NOISE_RMS = 0.4
"""Raw bytes of any other format are values spread over the whole scale: 0.58 in root mean square."""
NOISE_CORRELATION = 0.2
"""Of each sample with the next, at most, in such bytes. Recorded sound at 16 kHz is never that loud and that white."""
LEVEL_MEAN = 0.9
"""Around this value lies what is unsigned read as signed; an offset of a sound card is a tenth of it."""
ZERO_AS_UINT8 = -0.998
"""Below this lies nothing but zeros that are read as unsigned: halves of the scale are at 0.996."""
OUTER_SHARE = 0.8
"""Of samples beyond half of the scale: more are no sound, unless they are clipped. Measured in speech that was written
in another width: 83 to 100 %."""
OUTER_ASYMMETRY = 0.03
"""In loudness, between samples at even and at odd places, on the whole scale: high and low bytes of 16-bit samples
differ by 0.04 to 0.47, sound by nothing, however it is clipped."""


class AudioCheck:
    """Refuses what cannot be audio in its declared format."""

    def __init__(self) -> None:
        self._waiting: list[Samples] = []
        self._n_waiting = 0
        self._channels = ChannelCheck()

    def check(self, samples: Samples) -> str | None:
        """Take the next samples, (n,) float32; return a sentence that the client should be told, once.

        Raises:
            ImpossibleAudio: they are not finite, far outside [-1, 1], of another width, full-scale noise, or two
                channels in turn.
        """
        if not len(samples):
            return None
        loudest = float(np.abs(samples).max())
        if not np.isfinite(loudest):
            raise ImpossibleAudio("values that are no finite numbers", "16-bit integers sent as 32-bit floats")
        if loudest > MAX_ABS:
            raise ImpossibleAudio(
                f"values up to {loudest:.3g}, outside [-1, 1]", "floats that were not divided by 32768, or integers"
            )
        self._waiting.append(samples)
        self._n_waiting += len(samples)
        return self._judge_blocks() if self._n_waiting >= BLOCK else None

    def _judge_blocks(self) -> str | None:
        waiting = np.concatenate(self._waiting)
        warning = None
        for start in range(0, len(waiting) - BLOCK + 1, BLOCK):
            block = waiting[start : start + BLOCK].astype(np.float64)
            _refuse_width(block)
            _refuse_noise(block)
            if not self._channels.done:
                warning = self._channels.push(block)
        # What fills no block waits, so that blocks begin at even places.
        rest = waiting[len(waiting) // BLOCK * BLOCK :]
        self._waiting, self._n_waiting = [rest], len(rest)
        return warning


def _refuse_width(block: np.ndarray[tuple[int], np.dtype[np.float64]]) -> None:
    """Refuse integers of one width that were read as those of the other: both lie away from silence."""
    outer = np.abs(block) > 0.5
    even, odd = outer[::2].mean(), outer[1::2].mean()
    if max(even, odd) < OUTER_SHARE:
        return
    if (block * 128 % 1 == 0).all():
        # Each 16-bit sample makes two: its low byte, spread over the scale, and its high byte, near 0 or 255.
        if abs(np.abs(block[::2]).mean() - np.abs(block[1::2]).mean()) > OUTER_ASYMMETRY:
            raise ImpossibleAudio("the bytes of 16-bit integers in turn", "16-bit integers sent as 8-bit ones")
    elif (block * 32768 % 1 == 0).all():
        # Two 8-bit samples make one, of which both bytes are near 128.
        low = block * 32768 % 256
        if (np.abs(low - 128) < 64).mean() > OUTER_SHARE:
            raise ImpossibleAudio("pairs of 8-bit samples", "unsigned 8-bit samples sent as 16-bit ones")


def _refuse_noise(block: np.ndarray[tuple[int], np.dtype[np.float64]]) -> None:
    mean = float(block.mean())
    centred = block - mean
    power = float(centred @ centred) / len(block)
    if mean < ZERO_AS_UINT8:
        raise ImpossibleAudio(
            f"silence at the level of {mean:.2f}", "signed samples sent as unsigned ones, or unsigned as signed"
        )
    if abs(mean) > LEVEL_MEAN:
        raise ImpossibleAudio(f"silence at the level of {mean:.2f}", "unsigned or 8-bit samples sent as 16-bit ones")
    if power < NOISE_RMS**2:
        return
    correlation = float(centred[:-1] @ centred[1:]) / (len(block) * power)
    if abs(correlation) < NOISE_CORRELATION:
        raise ImpossibleAudio(
            "noise over the whole scale",
            "compressed audio, swapped bytes, or another format, such as 32-bit floats sent as integers",
        )
