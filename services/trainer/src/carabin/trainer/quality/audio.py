"""Judges a recording: readable, long enough, loud enough, finite; brought to 16 kHz mono."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import soundfile

from ..data.audio import RATE_HZ, resample
from .report import Action, GateReport

Samples = npt.NDArray[np.float32]

MIN_RATE_HZ: Final = 8_000
"""Telephone speech. It is resampled with a note: half of a consonant's energy is missing, the words are still there."""

MIN_DURATION_S: Final = 0.3
"""Shorter than any spoken word of a report."""

MAX_WINDOW_S: Final = 30.0
"""Whisper's window: what lies beyond is cut in silence by the usual recipe, and teaches it to make words up."""

MIN_PEAK: Final = 1e-3
"""-60 dBFS, below which a recording holds no speech that 16 bits can carry."""

SUFFIXES: Final = (".wav", ".flac", ".ogg", ".mp3")


@dataclass(frozen=True, slots=True)
class Sound:
    """A readable recording: (n,) float32 at 16 kHz."""

    samples: Samples

    @property
    def duration_s(self) -> float:
        return len(self.samples) / RATE_HZ


def judge_sound(file: Path, report: GateReport) -> Sound | None:
    """Return the recording, or None when it is refused; what is done to it is reported."""

    def say(rule: str, action: Action, reason: str) -> None:
        report.add(file, rule, action, reason)

    if not file.is_file():
        say("audio-missing", "refused", "does not exist")
        return None
    if not file.stat().st_size:
        say("audio-empty", "refused", "is empty: it has no bytes")
        return None
    try:
        channels, rate_hz = soundfile.read(file, dtype="float32", always_2d=True)
    except (soundfile.SoundFileError, OSError) as error:
        say("audio-unreadable", "refused", f"cannot be read as audio: {str(error).split(': ', 1)[-1].rstrip('.')}")
        return None
    if fault := _fault(channels, int(rate_hz)):
        say(fault[0], "refused", fault[1])
        return None
    if channels.shape[1] > 1:
        say("audio-stereo", "changed", f"has {channels.shape[1]} channels: their mean is taken")
    if rate_hz != RATE_HZ:
        narrow = " (telephone quality: consonants above 4 kHz are missing)" if rate_hz < RATE_HZ else ""
        say("audio-rate", "changed", f"is recorded at {rate_hz} Hz: it is resampled to {RATE_HZ} Hz{narrow}")
    if np.mean(np.abs(channels) > 0.999) > 0.01:
        say("audio-clipped", "noted", "is overdriven: more than 1 % of its samples are at full scale")
    return Sound(resample(channels.mean(axis=1), int(rate_hz)))


def _fault(channels: npt.NDArray[np.float32], rate_hz: int) -> tuple[str, str] | None:
    """Return the rule and the reason for which a decoded recording is refused."""
    if not len(channels):
        return "audio-empty", "is empty: it has no samples"
    if not np.isfinite(channels).all():
        return "audio-not-finite", f"holds {int((~np.isfinite(channels)).sum())} samples that are not numbers"
    if rate_hz < MIN_RATE_HZ:
        return "audio-rate", f"is recorded at {rate_hz} Hz: at least {MIN_RATE_HZ} Hz are needed"
    if len(channels) / rate_hz < MIN_DURATION_S:
        return "audio-short", f"lasts {len(channels) / rate_hz:.2f} s: at least {MIN_DURATION_S} s are needed"
    if np.abs(channels).max() < MIN_PEAK:
        return "audio-silent", "holds only silence"
    return None
