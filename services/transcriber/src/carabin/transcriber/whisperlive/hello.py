"""The first message of a WhisperLive client, of release 0.10 and of those before: pure, from JSON to choices.

Every field that a published client sends is read and checked. What we do otherwise than WhisperLive is told in
`Hello.warnings`, one sentence each; what cannot be meant is an error.
"""

from dataclasses import dataclass, field, replace

from ..core.config import SessionConfig, VadConfig
from ..core.languages import normalise_language
from ..formatting import FormatOptions
from ..wire.errors import BadField, UnsupportedFormat
from ..wire.pcm import FLOAT32, FORMATS, AudioFormat
from .fields import Fields, parse_object

END_OF_AUDIO = "END_OF_AUDIO"
"""Sent as a binary frame by the Python client and as a text frame by the iOS one."""
MAX_HELLO_BYTES = 16 * 1024
"""A configuration with a long prompt has 4 KiB; only `known_speakers`, which we do not use, would need more."""
DEFAULT_SEGMENTS = 10
"""Completed segments that each message repeats, as in WhisperLive since 0.7."""
MAX_SEGMENTS = 1000


@dataclass(frozen=True, slots=True)
class Hello:
    """What one client chose."""

    uid: str
    session: SessionConfig
    audio: AudioFormat = FLOAT32
    send_last_n_segments: int = DEFAULT_SEGMENTS
    model: str | None = None
    """What the client would have loaded; only compared with what is served."""
    warnings: tuple[str, ...] = ()
    format: FormatOptions | None = field(default_factory=FormatOptions)
    """None leaves `formatted` out."""
    events: bool = False
    """Our own client's wish for messages that others would not know: acknowledged, flushed, model, command."""
    resume: bool = False
    """Keep the session for a while when the connection breaks."""
    resume_token: str | None = field(default=None, repr=False)
    resume_after: int = -1
    """The number of the last utterance whose final the client has."""
    token: str | None = field(default=None, repr=False)


def parse_hello(message: str | bytes, default_language: str | None = "fr") -> Hello:
    """Read a configuration.

    Args:
        default_language: for a client that leaves the field out; null in the field means detect.

    Raises:
        BadMessage, BadField, UnsupportedFormat, UnsupportedLanguage, InvalidConfig
    """
    values = parse_object(message)
    fields = Fields(values)
    warnings: list[str] = []
    uid = fields.text("uid", limit=128)
    if not uid:
        raise BadField("uid is missing: send a string that is yours alone, such as a UUID")
    language = fields.text("language", limit=40) if "language" in values else default_language
    hello = Hello(
        uid=uid,
        session=_session(fields, normalise_language(language or None), warnings),
        audio=_audio_format(fields),
        send_last_n_segments=_segments(fields, warnings),
        model=fields.text("model"),
        format=_format(fields),
        events=fields.flag("events", False),
        resume=fields.flag("resume", False),
        resume_token=fields.text("resume_token"),
        resume_after=fields.whole("resume_after", -1),
        token=fields.text("token", limit=8192),
    )
    _read_what_we_leave(fields, warnings)
    unknown = fields.unknown()
    if unknown:
        warnings.append(f"unknown fields are ignored: {', '.join(unknown)}")
    return replace(hello, warnings=tuple(warnings))


def _session(fields: Fields, language: str | None, warnings: list[str]) -> SessionConfig:
    task = fields.text("task") or "transcribe"
    if task not in ("transcribe", "translate"):
        raise BadField("task must be 'transcribe' or 'translate'")
    return SessionConfig(
        language=language,
        task="translate" if task == "translate" else "transcribe",
        hotwords=", ".join(fields.names("hotwords")) or None,
        initial_prompt=fields.text("initial_prompt", limit=8000) or None,
        vocabularies=fields.names("vocabularies"),
        use_vad=fields.flag("use_vad", True),
        vad=_vad(fields.child("vad_parameters"), warnings),
        no_speech_threshold=_clamped(fields, "no_speech_thresh", SessionConfig.no_speech_threshold, 0, 1, warnings),
        word_timestamps=fields.flag("word_timestamps", False),
        partials=fields.flag("partials", True),
    )


def _vad(fields: Fields | None, warnings: list[str]) -> VadConfig:
    """Read faster-whisper's `VadOptions`, by the names of every release that WhisperLive used."""
    default = VadConfig()
    if fields is None:
        return default
    threshold = _clamped(fields, "threshold", default.threshold, 0.05, 0.95, warnings)
    if fields.given("onset"):
        threshold = _clamped(fields, "onset", default.threshold, 0.05, 0.95, warnings)
    vad = VadConfig(
        threshold=threshold,
        min_silence_s=_clamped(fields, "min_silence_duration_ms", default.min_silence_s, 0.1, 5.0, warnings, 1000),
        speech_pad_s=_clamped(fields, "speech_pad_ms", default.speech_pad_s, 0.0, 1.0, warnings, 1000),
        min_speech_s=_clamped(fields, "min_speech_duration_ms", default.min_speech_s, 0.0, 2.0, warnings, 1000),
    )
    for name in ("neg_threshold", "offset"):
        if fields.number(name) is not None:
            warnings.append(f"vad_parameters.{name} is not used: speech goes on down to 0.15 below the threshold")
    for name in ("max_speech_duration_s", "min_silence_at_max_speech", "window_size_samples"):
        if fields.number(name) is not None:
            warnings.append(f"vad_parameters.{name} is not used: long utterances are cut at their longest pause")
    fields.given("use_max_poss_sil_at_max_speech")
    if fields.unknown():
        raise BadField(f"vad_parameters has unknown keys: {', '.join(fields.unknown())}")
    return vad


def _clamped(
    fields: Fields, name: str, default: float, low: float, high: float, warnings: list[str], per_unit: float = 1
) -> float:
    """Read a number in `1 / per_unit` of our unit and bring it into range, with a warning where it was outside."""
    value = fields.number(name)
    if value is None:
        return default
    within = min(max(value / per_unit, low), high)
    if within != value / per_unit:
        warnings.append(f"{name} {value:g} is out of range: {within * per_unit:g} is used")
    return within


def _audio_format(fields: Fields) -> AudioFormat:
    name = fields.text("audio_format") or FLOAT32.name
    if name not in FORMATS:
        raise UnsupportedFormat(f"audio_format {name[:40]!r} is not read: use {', '.join(FORMATS)} at 16 kHz, mono")
    return FORMATS[name]


def _segments(fields: Fields, warnings: list[str]) -> int:
    return int(_clamped(fields, "send_last_n_segments", DEFAULT_SEGMENTS, 1, MAX_SEGMENTS, warnings))


def _format(fields: Fields) -> FormatOptions | None:
    """Read `format`: false leaves formatted text out, an object chooses."""
    if not fields.given("format"):
        return FormatOptions()
    try:
        return FormatOptions() if fields.flag("format", True) else None
    except BadField:
        chosen = fields.child("format")
    assert chosen is not None
    typography = chosen.text("typography") or "french"
    punctuation = chosen.text("punctuation") or "both"
    if typography not in ("french", "plain"):
        raise BadField("format.typography must be 'french' or 'plain'")
    if punctuation not in ("both", "spoken", "automatic"):
        raise BadField("format.punctuation must be 'both', 'spoken' or 'automatic'")
    options = FormatOptions(
        typography=typography,  # type: ignore[arg-type]
        punctuation=punctuation,  # type: ignore[arg-type]
        numbers=chosen.flag("numbers", True),
        commands=chosen.flag("commands", True),
        autotexts=chosen.names("autotexts"),
    )
    if chosen.unknown():
        raise BadField(f"format has unknown keys: {', '.join(chosen.unknown())}")
    return options


def _read_what_we_leave(fields: Fields, warnings: list[str]) -> None:
    """Check the fields of WhisperLive's other features, and say what happens instead."""
    if fields.flag("clip_audio", False):
        warnings.append("clip_audio is not used: no audio is ever skipped")
    if fields.whole("same_output_threshold", DEFAULT_SEGMENTS) not in (7, DEFAULT_SEGMENTS):
        warnings.append("same_output_threshold is not used: an utterance is final at the speaker's pause")
    translation = fields.flag("enable_translation", False)
    fields.text("target_language")
    if translation:
        warnings.append("enable_translation is not offered: task 'translate' writes English")
    diarization = fields.flag("enable_diarization", False) or fields.has_items("known_speakers")
    fields.whole("max_speakers", 10)
    fields.number("diarization_threshold")
    fields.text("hf_token")
    if diarization:
        warnings.append("enable_diarization and known_speakers are not offered: a dictation has one speaker")
    for name in ("max_clients", "max_connection_time"):
        if fields.number(name) is not None:
            warnings.append(f"{name} is not used: the server sets its own limits")
    fields.flag("multilingual", True)
