"""The first message of a WhisperLive client, of release 0.10 and of those before: pure, from JSON to choices.

Every field that a published client sends is read and checked by `hello_message`. What we do otherwise than WhisperLive
stands in `Hello.warnings`, one sentence each; what cannot be meant is an error.
"""

from dataclasses import dataclass, field

from ..core.config import SessionConfig, VadConfig
from ..core.languages import normalise_language
from ..formatting import FormatOptions
from ..wire.errors import UnsupportedFormat
from ..wire.pcm import FLOAT32, FORMATS, AudioFormat
from .hello_message import FormatChoice, HelloMessage, VadParameters, read_hello

END_OF_AUDIO = "END_OF_AUDIO"
"""Sent as a binary frame by the Python client and as a text frame by the iOS one."""
MAX_HELLO_BYTES = 16 * 1024
"""A configuration with a long prompt has 4 KiB; only `known_speakers`, which we do not use, would need more."""
DEFAULT_SEGMENTS = 10
"""Completed segments that each message repeats, as in WhisperLive since 0.7."""
MAX_SEGMENTS = 1000
MAX_UNKNOWN = 10
"""Unknown fields that a warning names."""


@dataclass(frozen=True, slots=True)
class Hello:
    """What one client chose."""

    uid: str
    session: SessionConfig
    audio: AudioFormat = FLOAT32
    send_last_n_segments: int = DEFAULT_SEGMENTS
    model: str | None = None
    """What the client would have loaded: chooses among the names that are served, and loads nothing else."""
    warnings: tuple[str, ...] = ()
    format: FormatOptions | None = field(default_factory=FormatOptions)
    """None leaves `formatted` out."""
    events: bool = False
    """Send the messages that only our own clients know: acknowledged, flushed, model, command."""
    resume: bool = False
    """Keep the session for a while when the connection breaks."""
    resume_token: str | None = field(default=None, repr=False)
    resume_after: int = -1
    """The number of the last utterance whose final the client has."""
    resume_commands: int | None = None
    """How many `command` messages of the session the client has; None for a client that does not count them."""
    token: str | None = field(default=None, repr=False)


def parse_hello(message: str | bytes, default_language: str | None = "fr") -> Hello:
    """Read a configuration.

    Args:
        default_language: for a client that leaves the field out; null in the field means detect.

    Raises:
        BadMessage, BadField, UnsupportedFormat, UnsupportedLanguage, InvalidConfig
    """
    sent = read_hello(message)
    warnings: list[str] = []
    language = sent.language if "language" in sent.model_fields_set else default_language
    session = _session(sent, normalise_language(language or None), warnings)
    segments = _clamped("send_last_n_segments", sent.send_last_n_segments, DEFAULT_SEGMENTS, 1, MAX_SEGMENTS, warnings)
    audio = _audio_format(sent.audio_format or FLOAT32.name)
    _warn_of_what_is_left(sent, warnings)
    unknown = sorted(name[:40] for name in sent.model_extra or ())[:MAX_UNKNOWN]
    if unknown:
        warnings.append(f"unknown fields are ignored: {', '.join(unknown)}")
    return Hello(
        uid=sent.uid,
        session=session,
        audio=audio,
        send_last_n_segments=int(segments),
        model=sent.model,
        warnings=tuple(warnings),
        format=_format(sent.format),
        events=sent.events,
        resume=sent.resume,
        resume_token=sent.resume_token,
        resume_after=sent.resume_after,
        resume_commands=sent.resume_commands,
        token=sent.token,
    )


def _session(sent: HelloMessage, language: str | None, warnings: list[str]) -> SessionConfig:
    default = SessionConfig.no_speech_threshold
    return SessionConfig(
        language=language,
        task=sent.task,
        hotwords=",".join(sent.hotwords) or None,
        initial_prompt=sent.initial_prompt or None,
        vocabularies=sent.vocabularies,
        use_vad=sent.use_vad,
        vad=_vad(sent.vad_parameters, warnings),
        no_speech_threshold=_clamped("no_speech_thresh", sent.no_speech_thresh, default, 0, 1, warnings),
        word_timestamps=sent.word_timestamps,
        partials=sent.partials is not False,
        steady=sent.partials != "early",
    )


def _vad(sent: VadParameters | None, warnings: list[str]) -> VadConfig:
    default = VadConfig()
    if sent is None:
        return default
    name, threshold = ("threshold", sent.threshold) if sent.onset is None else ("onset", sent.onset)

    def seconds(name: str, value_ms: float | None, default_s: float, low_s: float, high_s: float) -> float:
        return _clamped(name, value_ms, default_s, low_s, high_s, warnings, 1000)

    vad = VadConfig(
        threshold=_clamped(name, threshold, default.threshold, 0.05, 0.95, warnings),
        adaptive=sent.min_silence_duration_ms is None,
        min_silence_s=seconds("min_silence_duration_ms", sent.min_silence_duration_ms, default.min_silence_s, 0.1, 5.0),
        speech_pad_s=seconds("speech_pad_ms", sent.speech_pad_ms, default.speech_pad_s, 0.0, 1.0),
        min_speech_s=seconds("min_speech_duration_ms", sent.min_speech_duration_ms, default.min_speech_s, 0.0, 2.0),
    )
    given = sent.model_dump(exclude_none=True)
    for unused, instead in _UNUSED_VAD.items():
        if unused in given:
            warnings.append(f"vad_parameters.{unused} is not used: {instead}")
    return vad


_ONE_THRESHOLD = "speech goes on down to 0.15 below the threshold"
_LONGEST_PAUSE = "long utterances are cut at their longest pause"
_UNUSED_VAD = {
    "neg_threshold": _ONE_THRESHOLD,
    "offset": _ONE_THRESHOLD,
    "max_speech_duration_s": _LONGEST_PAUSE,
    "min_silence_at_max_speech": _LONGEST_PAUSE,
    "window_size_samples": _LONGEST_PAUSE,
}
"""Parameters that are read and not used -> what happens instead."""


def _clamped(
    name: str,
    value: float | None,
    default: float,
    low: float,
    high: float,
    warnings: list[str],
    per_unit: float = 1,
) -> float:
    """Bring a number in `1 / per_unit` of our unit into range, with a warning where it was outside."""
    if value is None:
        return default
    within = min(max(value / per_unit, low), high)
    if within != value / per_unit:
        warnings.append(f"{name} {value:g} is out of range: {within * per_unit:g} is used")
    return within


def _audio_format(name: str) -> AudioFormat:
    if name not in FORMATS:
        raise UnsupportedFormat(f"audio_format {name[:40]!r} is not read: use {', '.join(FORMATS)} at 16 kHz, mono")
    return FORMATS[name]


def _format(chosen: FormatChoice | None) -> FormatOptions | None:
    return None if chosen is None else FormatOptions(**chosen.model_dump())


def _warn_of_what_is_left(sent: HelloMessage, warnings: list[str]) -> None:
    """Say what happens instead of WhisperLive's features that we do not have."""
    if sent.clip_audio:
        warnings.append("clip_audio is not used: no audio is ever skipped")
    if sent.same_output_threshold not in (None, 7, DEFAULT_SEGMENTS):
        warnings.append("same_output_threshold is not used: an utterance is final at the speaker's pause")
    if sent.enable_translation:
        warnings.append("enable_translation is not offered: task 'translate' writes English")
    if sent.enable_diarization or sent.known_speakers:
        warnings.append("enable_diarization and known_speakers are not offered: a dictation has one speaker")
    for name, value in (("max_clients", sent.max_clients), ("max_connection_time", sent.max_connection_time)):
        if value is not None:
            warnings.append(f"{name} is not used: the server sets its own limits")
