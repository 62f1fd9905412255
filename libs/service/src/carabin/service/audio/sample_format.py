"""Whether samples were written in another format than they are read in. Pure.

Such samples are fluent nonsense to Whisper. What was measured, and what cannot be found:
docs/decisions/audio-formats.md.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

MAX_ABS: Final = 10.0
"""20 dB over full scale: resamplers overshoot by a tenth of it, and integers that were not scaled are far above it."""
FULL_SCALE: Final = 0.99
NOISE_RMS: Final = 0.4
"""Raw bytes of any other format are values spread over the whole scale: 0.58 in root mean square."""
NOISE_CORRELATION: Final = 0.3
"""Of each sample with the next, at most, in such bytes: 0.24 behind the filter of a browser's resampler. Recorded sound
is never that loud and that white: 0.68 and more."""
LEVEL_MEAN: Final = 0.9
"""Around this value lies what is unsigned read as signed; an offset of a sound card is a tenth of it."""
ZERO_AS_UINT8: Final = -0.998
"""Below this lies nothing but zeros that are read as unsigned: halves of the scale are at 0.996."""
OUTER_SHARE: Final = 0.8
"""Of samples beyond half of the scale: more are no sound, unless they are clipped. Measured in speech that was written
in another width: 83 to 100 %."""
OUTER_ASYMMETRY: Final = 0.03
"""In loudness, between samples at even and at odd places, on the whole scale: high and low bytes of 16-bit samples
differ by 0.04 to 0.47, sound by nothing, however it is clipped."""
LOUD_RMS: Final = 0.25
"""Below it lies no other format but the swapped bytes of a quiet sound."""
COMPANDED_DISTANCE: Final = 0.25
"""Between the histograms of high and low bytes, of 2 at most: to 0.19 where each is a sample, from 0.33 on in sound."""
COMPANDED_CORRELATION: Final = 0.4
"""Of high with low bytes: two samples that follow each other correlate, but for silence."""
SWAPPED_RMS: Final = 0.03
SWAPPED_NEAR: Final = 16
SWAPPED_SHARE: Final = 0.95
SWAPPED_SIGNS: Final = 0.05
"""What a quiet sound is with swapped bytes is loud: the low byte of nearly every sample is near 0 from above or below,
as a high byte is. The low byte of a sound as loud has any value, or always 0 where it was 8-bit once."""
SWAPPED_AGREEMENT: Final = 0.5
SPARSE: Final = 16
"""Of so many samples one is looked at first."""
SWAPPED_PEAK: Final = 1e-20
"""Floats that were 16-bit integers end in two bytes of zeros: swapped, they are smaller than any sound."""
N_BLOCKS: Final = 20
"""Half seconds with sound after which a recording is judged: before most of it is transcribed."""


class WrongFormat(NamedTuple):
    """What the samples are, and as what they were probably written."""

    found: str
    probable: str
    certain: bool = True
    """Whether half a second is enough to tell; otherwise the next one has to be the same."""


def wrong_format(samples: NDArray[np.float32]) -> WrongFormat | None:
    """Judge half a second of samples or more, (n,) float32, n even, as they were read; None where they may be sound."""
    power = float(samples @ samples) / len(samples)
    if power < SWAPPED_RMS**2:
        return _swapped_floats(samples) if power < SWAPPED_PEAK else None
    if power < LOUD_RMS**2:
        return _swapped_integers(samples)
    block = samples.astype(np.float64)
    mean = float(block.mean())
    variance = power - mean**2
    return _width(block) or _noise(block, mean, variance) or _companded(samples, variance) or _swapped_integers(samples)


class RecordingFormat:
    """Judges the uncompressed samples of one recording, at its own rate; digital silence decides nothing."""

    def __init__(self, rate_hz: int) -> None:
        self._block = rate_hz // 4 * 2
        self._held: list[NDArray[np.float32]] = []
        self._n_held = 0
        self._judged: list[WrongFormat | None] = []

    def push(self, samples: NDArray[np.float32]) -> None:
        """Take the next samples of one channel, (n,)."""
        if len(self._judged) >= N_BLOCKS:
            return
        self._held.append(samples)
        self._n_held += len(samples)
        if self._n_held < self._block:
            return
        held = np.concatenate(self._held)
        for start in range(0, len(held) - self._block + 1, self._block):
            block = held[start : start + self._block]
            # What is no sample at all, or of another scale, is counted by who takes the recording.
            if block.any() and np.abs(block).max() <= MAX_ABS:
                self._judged.append(wrong_format(block))
        self._held = [held[len(held) // self._block * self._block :]]
        self._n_held = len(self._held[0])

    def fault(self, *, ended: bool) -> WrongFormat | None:
        """Return what most of the recording is, once enough of it was seen or it ended; None where it may be sound."""
        if not ended and len(self._judged) < N_BLOCKS:
            return None
        faults = [fault for fault in self._judged if fault]
        return faults[0] if 2 * len(faults) > len(self._judged) else None


def _swapped_floats(samples: NDArray[np.float32]) -> WrongFormat | None:
    if not 0 < np.abs(samples).max(initial=0) < SWAPPED_PEAK:
        return None
    swapped = samples.byteswap()
    # The end of a filtered sound is as small, and far outside [-1, 1] where its bytes are swapped.
    if np.isfinite(swapped).all() and np.abs(swapped).max() <= 1:
        return WrongFormat("values below any sound", "32-bit floats with swapped bytes")
    return None


def _width(block: NDArray[np.float64]) -> WrongFormat | None:
    """Find integers of one width that were read as those of the other: both lie away from silence."""
    outer = np.abs(block) > 0.5
    even, odd = outer[::2].mean(), outer[1::2].mean()
    if max(even, odd) < OUTER_SHARE:
        return None
    if (block * 128 % 1 == 0).all():
        # Each 16-bit sample makes two: its low byte, spread over the scale, and its high byte, near 0 or 255.
        if abs(np.abs(block[::2]).mean() - np.abs(block[1::2]).mean()) > OUTER_ASYMMETRY:
            return WrongFormat("the bytes of 16-bit integers in turn", "16-bit integers declared as 8-bit ones")
    elif _is_16_bit(block):
        # Two 8-bit samples make one, of which both bytes are near 128.
        low = block * 32768 % 256
        if (np.abs(low - 128) < 64).mean() > OUTER_SHARE:
            return WrongFormat("pairs of 8-bit samples", "unsigned 8-bit samples declared as 16-bit ones")
    return None


def _noise(block: NDArray[np.float64], mean: float, variance: float) -> WrongFormat | None:
    level = f"silence at the level of {mean:.2f}"
    if mean < ZERO_AS_UINT8:
        return WrongFormat(level, "signed samples declared as unsigned ones, or unsigned as signed")
    if abs(mean) > LEVEL_MEAN:
        return WrongFormat(level, "unsigned or 8-bit samples declared as 16-bit ones")
    if variance < NOISE_RMS**2:
        return None
    centred = block - mean
    correlation = float(centred[:-1] @ centred[1:]) / (len(block) * variance)
    if abs(correlation) >= NOISE_CORRELATION:
        return None
    probable = "compressed audio, swapped bytes, or another format, such as 32-bit floats declared as integers"
    return WrongFormat("noise over the whole scale", probable)


def _companded(samples: NDArray[np.float32], variance: float) -> WrongFormat | None:
    """Find samples of which each is two of G.711: high and low byte are then alike, and neighbours."""
    if variance < LOUD_RMS**2 or not _is_16_bit(samples):
        return None
    high, low = np.divmod((samples * 32768).astype(np.int64) & 0xFFFF, 256)
    distance = np.abs(np.bincount(high, minlength=256) - np.bincount(low, minlength=256)).sum() / len(samples)
    if distance > COMPANDED_DISTANCE or not high.std() or not low.std():
        return None
    if np.corrcoef(high, low)[0, 1] < COMPANDED_CORRELATION:
        return None
    return WrongFormat("pairs of companded samples", "8-bit µ-law or A-law declared as 16-bit integers", False)


def _swapped_integers(samples: NDArray[np.float32]) -> WrongFormat | None:
    """Find the swapped bytes of a quiet sound; those of a loud one are noise."""
    if _swapped_bytes(samples[::SPARSE]) is None or (swapped := _swapped_bytes(samples)) is None:
        return None
    low, high = swapped
    # Swapped, a sample from -256 to -1: most are near 0, and their other byte is negative too. What was 8-bit once and
    # scaled since has low bytes as near to 0, but -1 in positive samples.
    agree = high[low == -1] < 0
    if not agree.size or agree.mean() < SWAPPED_AGREEMENT:
        return None
    return WrongFormat("low bytes that are those of high ones", "16-bit integers with swapped bytes", False)


def _swapped_bytes(samples: NDArray[np.float32]) -> tuple[NDArray[np.int8], NDArray[np.int8]] | None:
    """Return low and high bytes, (n,) int8 each, of what may be a quiet sound with swapped bytes; None of any other."""
    is_inside = np.abs(samples) < FULL_SCALE
    inside = samples[is_inside]
    if 2 * len(inside) < len(samples) or np.std(inside) < SWAPPED_RMS or not _is_16_bit(inside):
        return None
    integers = (samples * 32768).astype(np.int32)
    low, high = integers.astype(np.int8), (integers >> 8).astype(np.int8)
    judged = low[is_inside]
    negative = (judged < 0).mean()
    near = ((judged >= -SWAPPED_NEAR) & (judged <= SWAPPED_NEAR)).mean()
    return (low, high) if near >= SWAPPED_SHARE and SWAPPED_SIGNS < negative < 1 - SWAPPED_SIGNS else None


def _is_16_bit(samples: NDArray[np.float32] | NDArray[np.float64]) -> bool:
    values = samples * 32768
    return bool((values == np.rint(values)).all())
