"""Judges a recording as the model will get it, at 16 kHz mono: complete, undamaged, long and loud enough, speech."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from carabin.service.errors import AudioFileRefused
from scipy.signal import welch

from ..data.audio import RATE_HZ
from ..data.recording import DecodedRecording, decode_recording
from .report import Action, GateReport
from .speech import no_speech, no_speech_rule

Samples = npt.NDArray[np.float32]
Say = Callable[[str, Action, str], None]

MIN_RATE_HZ: Final = 8_000
"""Telephone speech. It is resampled with a remark: half of a consonant's energy is missing, not the words."""
MIN_DURATION_S: Final = 0.3
"""Shorter than any spoken word of a report."""
MAX_WINDOW_S: Final = 30.0
"""Whisper's window: what is beyond it is cut without a word by the usual recipe, and teaches it to make words up."""
CUT_OFF_SHARE, CUT_OFF_S = 0.02, 0.25
"""A file that holds so much less than its header promises was cut off; encoders pad by less (AAC and MP3: 0.1 s)."""
CANCELLED_SHARE: Final = 0.1
"""Channels whose mean keeps less than this share of the louder one's power cancel each other."""
QUIET_PEAK: Final = 0.02
"""-34 dBFS: a microphone far away, or its gain turned down."""
NARROW_HZ, NARROW_SHARE = 4_000.0, 1e-5
"""With less than this share of its power above 4 kHz, a recording went through a telephone."""


@dataclass(frozen=True, slots=True)
class Sound:
    """A recording to be learnt from: (n,) float32 at 16 kHz."""

    samples: Samples

    @property
    def duration_s(self) -> float:
        return len(self.samples) / RATE_HZ


def judge_sound(file: Path, report: GateReport, *, accept_damaged: bool = False) -> Sound | None:
    """Return the recording, or None when it is refused; what is done to it is reported.

    Args:
        accept_damaged: take a recording with undecodable parts, or one that was cut off, with a remark.
    """

    def say(rule: str, action: Action, reason: str) -> None:
        report.add(file, rule, action, reason)

    if not file.is_file():
        say("audio-missing", "refused", "does not exist")
        return None
    if not file.stat().st_size:
        say("audio-empty", "refused", "is empty: it has no bytes")
        return None
    try:
        recording = decode_recording(file)
    except AudioFileRefused as error:
        say("audio-unreadable", "refused", f"cannot be read as audio: {error}")
        return None
    except OSError as error:
        say("audio-unreadable", "refused", f"cannot be opened: {error.strerror or error}")
        return None
    if fault := _fault(recording) or _damage(recording, say, accept_damaged=accept_damaged):
        say(fault[0], "refused", fault[1])
        return None
    samples = _mono(recording, say)
    if reason := no_speech(samples):
        say(no_speech_rule(reason), "refused", reason)
        return None
    _remark(recording, samples, say)
    return Sound(samples)


def _fault(recording: DecodedRecording) -> tuple[str, str] | None:
    """Return the rule and the reason for which a decoded recording is refused."""
    channels = recording.channels
    if not len(channels):
        return "audio-empty", "is empty: it has no samples"
    if not np.isfinite(channels).all():
        return "audio-not-finite", f"holds {int((~np.isfinite(channels)).sum())} samples that are not numbers"
    if recording.rate_hz < MIN_RATE_HZ:
        return "audio-rate", f"is recorded at {recording.rate_hz} Hz: at least {MIN_RATE_HZ} Hz are needed"
    if recording.duration_s < MIN_DURATION_S:
        return "audio-short", f"lasts {recording.duration_s:.2f} s: at least {MIN_DURATION_S} s are needed"
    return None


def _damage(recording: DecodedRecording, say: Say, *, accept_damaged: bool) -> tuple[str, str] | None:
    """Return why a damaged or cut-off recording is refused; say it instead where such are accepted."""
    promised_s, held_s = recording.promised_s, recording.duration_s
    found: list[tuple[str, str]] = []
    if recording.gaps:
        where = ", ".join(f"{start:.2f} to {end:.2f} s" for start, end in recording.gaps)
        found.append(("audio-damaged", f"is damaged: nothing can be decoded from {where}"))
    elif promised_s is not None and promised_s - held_s > max(CUT_OFF_S, CUT_OFF_SHARE * promised_s):
        reason = f"was cut off: its header promises {promised_s:.2f} s and the file holds {held_s:.2f} s"
        found.append(("audio-cut-off", reason))
    for rule, reason in found:
        if not accept_damaged:
            return rule, f"{reason} (--accept-damaged takes what is there)"
        say(rule, "noted", reason)
    return None


def _mono(recording: DecodedRecording, say: Say) -> Samples:
    """Return the (n,) mean of the channels, or the louder one where they cancel."""
    channels = recording.channels
    if channels.shape[1] == 1:
        return np.ascontiguousarray(channels[:, 0])
    mean = channels.mean(axis=1)
    powers = np.mean(np.square(channels, dtype=np.float64), axis=0)
    if np.mean(np.square(mean, dtype=np.float64)) < CANCELLED_SHARE * powers.max():
        best = int(powers.argmax())
        say("audio-stereo", "changed", f"has channels that cancel each other: channel {best + 1} is taken alone")
        return np.ascontiguousarray(channels[:, best])
    say("audio-stereo", "changed", f"has {channels.shape[1]} channels: their mean is taken")
    return np.ascontiguousarray(mean)


def _remark(recording: DecodedRecording, samples: Samples, say: Say) -> None:
    """Say what is worth knowing of a recording that is taken."""
    if recording.header_corrected:
        say("audio-header", "changed", f"has a wrong length in its header: all {recording.duration_s:.2f} s are read")
    if recording.rate_hz != RATE_HZ:
        narrow = " (telephone quality: consonants above 4 kHz are missing)" if recording.rate_hz < RATE_HZ else ""
        say("audio-rate", "changed", f"is recorded at {recording.rate_hz} Hz: it is resampled to {RATE_HZ} Hz{narrow}")
    elif _share_above(samples, NARROW_HZ) < NARROW_SHARE:
        say("audio-narrow", "noted", "has nothing above 4 kHz: it went through a telephone, and consonants are missing")
    if np.mean(np.abs(recording.channels) > 0.999) > 0.01:
        say("audio-clipped", "noted", "is overdriven: more than 1 % of its samples are at full scale")
    elif (peak := float(np.abs(samples).max())) < QUIET_PEAK:
        say("audio-quiet", "noted", f"is very quiet: its loudest sample is at {20 * np.log10(peak):.0f} dBFS")


def _share_above(samples: Samples, hz: float) -> float:
    frequency, power = welch(samples, RATE_HZ, nperseg=min(1024, len(samples)))
    return float(power[frequency > hz].sum() / (power.sum() or 1.0))
