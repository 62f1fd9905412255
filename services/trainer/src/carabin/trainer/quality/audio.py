"""Judges a recording as the model will get it, at 16 kHz mono: complete, undamaged, long and loud enough, speech."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

import numpy as np
import numpy.typing as npt
from carabin.service.audio import RATE_HZ, Recording, damage_of, share_above
from carabin.service.audio.sample_format import MAX_ABS
from carabin.service.errors import AudioFileRefused, AudioHoldsNothing
from carabin.service.shortage import translate_shortage

from .report import Action, GateReport

Samples = npt.NDArray[np.float32]
Say = Callable[[str, Action, str], None]

MIN_RATE_HZ: Final = 8_000
"""Telephone speech. It is resampled with a remark: half of a consonant's energy is missing, not the words."""
MIN_DURATION_S: Final = 0.3
"""Shorter than any spoken word of a report."""
MAX_WINDOW_S: Final = 30.0
"""Whisper's window: what is beyond it is cut without a word by the usual recipe, and teaches it to make words up."""
CLIPPED_SHARE: Final = 0.01
QUIET_PEAK: Final = 0.02
"""-34 dBFS: a microphone far away, or its gain turned down."""
NARROW_HZ, NARROW_SHARE = 4_000.0, 1e-5
"""With less than this share of its power above 4 kHz, a recording went through a telephone."""
_RULES: Final = MappingProxyType({"gap": "audio-damaged", "cut-off": "audio-cut-off"})


@dataclass(frozen=True, slots=True)
class Sound:
    """A recording to be learnt from: (n,) float32 at 16 kHz."""

    samples: Samples

    @property
    def duration_s(self) -> float:
        """The length in seconds."""
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
        with translate_shortage(file), file.open("rb") as opened:
            recording = Recording(opened, name=file.name)
            samples = np.concatenate(list(recording.blocks()))
    except AudioHoldsNothing:
        say("audio-empty", "refused", "is empty: no sound that can be decoded follows its header")
        return None
    except AudioFileRefused as error:
        say("audio-unreadable", "refused", f"cannot be read as audio: {error}")
        return None
    except OSError as error:
        say("audio-unreadable", "refused", f"cannot be opened: {error.strerror or error}")
        return None
    if fault := _fault(recording, samples) or _damage(recording, say, accept_damaged=accept_damaged):
        say(fault[0], "refused", fault[1])
        return None
    if reason := recording.speech.no_speech():
        say(no_speech_rule(reason), "refused", reason)
        return None
    _say_mixdown(recording, say)
    _remark(recording, samples, say)
    return Sound(samples)


def no_speech_rule(reason: str) -> str:
    """Return the rule of a finding for a reason that `SpeechJudge` gave."""
    return "audio-silent" if reason.endswith("silence") else "audio-no-speech"


def _fault(recording: Recording, samples: Samples) -> tuple[str, str] | None:
    """Return the rule and the reason for which a decoded recording is refused."""
    if recording.mixdown.n_not_finite:
        return "audio-not-finite", f"holds {recording.mixdown.n_not_finite} samples that are not numbers"
    if (peak := float(np.abs(samples).max(initial=0.0))) > MAX_ABS:
        reason = f"has samples up to {peak:.0f}, outside [-1, 1]: floats that were not divided by 32768, or integers"
        return "audio-scale", reason
    if recording.own_rate_hz < MIN_RATE_HZ:
        return "audio-rate", f"is recorded at {recording.own_rate_hz} Hz: at least {MIN_RATE_HZ} Hz are needed"
    if recording.duration_s < MIN_DURATION_S:
        return "audio-short", f"lasts {recording.duration_s:.2f} s: at least {MIN_DURATION_S} s are needed"
    return None


def _damage(recording: Recording, say: Say, *, accept_damaged: bool) -> tuple[str, str] | None:
    """Return why a damaged or cut-off recording is refused; say it instead where such are accepted."""
    found = damage_of(recording)
    if found and not accept_damaged:
        sentences = "; ".join(damage.sentence for damage in found)
        return _RULES[found[0].kind], f"{sentences} (--accept-damaged takes what is there)"
    for damage in found:
        say(_RULES[damage.kind], "accepted", damage.sentence)
    return None


def _say_mixdown(recording: Recording, say: Say) -> None:
    mixdown = recording.mixdown
    if mixdown.channel is not None:
        alone = f"channel {mixdown.channel + 1} is taken alone there"
        how = "that cancel each other" if recording.n_channels == 2 else "whose mean loses the sound"
        reason = f"has {recording.n_channels} channels {how} for {mixdown.cancelled_s:.1f} s: {alone}"
        say("audio-stereo", "changed", reason)
    elif recording.n_channels > 1:
        say("audio-stereo", "changed", f"has {recording.n_channels} channels: their mean is taken")


def _remark(recording: Recording, samples: Samples, say: Say) -> None:
    """Say what is worth knowing of a recording that is taken."""
    if recording.header_corrected:
        say("audio-header", "changed", f"has a wrong length in its header: all {recording.duration_s:.2f} s are read")
    rate_hz = recording.own_rate_hz
    if rate_hz != RATE_HZ:
        narrow = " (telephone quality: consonants above 4 kHz are missing)" if rate_hz < RATE_HZ else ""
        say("audio-rate", "changed", f"is recorded at {rate_hz} Hz: it is resampled to {RATE_HZ} Hz{narrow}")
    elif share_above(samples, NARROW_HZ) < NARROW_SHARE:
        say("audio-narrow", "noted", "has nothing above 4 kHz: it went through a telephone, and consonants are missing")
    if recording.mixdown.n_full_scale > CLIPPED_SHARE * recording.mixdown.n_values:
        say("audio-clipped", "noted", "is overdriven: more than 1 % of its samples are at full scale")
    elif (peak := float(np.abs(samples).max())) < QUIET_PEAK:
        say("audio-quiet", "noted", f"is very quiet: its loudest sample is at {20 * np.log10(peak):.0f} dBFS")
