"""Between gRPC's messages and ours: pure."""

from google.protobuf.timestamp_pb2 import Timestamp

from ..core.api import ModelInfo
from ..core.config import SessionConfig
from ..core.events import (
    AudioAcknowledged,
    Event,
    Final,
    FlushFinished,
    LanguageDetected,
    ModelChanged,
    Partial,
    SessionWarning,
    Word,
)
from ..core.languages import normalise_language
from ..formatting import Carry, Formatter
from ..v1 import transcriber_pb2 as pb
from ..wire.errors import UnsupportedFormat
from ..wire.pcm import FORMATS, AudioFormat

_FORMATS = {
    pb.AUDIO_FORMAT_UNSPECIFIED: "int16",
    pb.AUDIO_FORMAT_INT16: "int16",
    pb.AUDIO_FORMAT_FLOAT32: "float32",
    pb.AUDIO_FORMAT_UINT8: "uint8",
}
_STATES = {
    "none": pb.MODEL_STATE_NONE,
    "loading": pb.MODEL_STATE_LOADING,
    "steady": pb.MODEL_STATE_STEADY,
    "failed": pb.MODEL_STATE_FAILED,
}


def session_config(config: pb.Config, default_language: str | None) -> SessionConfig:
    """Read a configuration.

    Raises:
        UnsupportedLanguage, InvalidConfig
    """
    language = None if config.language == "auto" else config.language or default_language
    return SessionConfig(
        model=config.model or None,
        language=normalise_language(language),
        task="translate" if config.task == pb.TASK_TRANSLATE else "transcribe",
        hotwords=config.hotwords or None,
        initial_prompt=config.initial_prompt or None,
        vocabularies=tuple(config.vocabularies),
        word_timestamps=config.word_times,
        partials=not config.finals_only,
    )


def audio_format(config: pb.Config) -> AudioFormat:
    """Return how the audio is written.

    Raises:
        UnsupportedFormat: a number that this release does not know.
    """
    if config.audio_format not in _FORMATS:
        raise UnsupportedFormat(f"audio_format {config.audio_format} is not known here")
    return FORMATS[_FORMATS[config.audio_format]]


class Responses:
    """Turns one session's events into responses."""

    def __init__(self, formatter: Formatter | None) -> None:
        self._formatter = formatter
        self._carry = Carry()

    def of(self, event: Event) -> pb.DictateResponse:
        """Return the response to an event that is no failure."""
        match event:
            case Partial():
                return pb.DictateResponse(partial=self._partial(event))
            case Final():
                return pb.DictateResponse(final=self._final(event))
            case LanguageDetected():
                found = pb.LanguageDetected(language=event.language, probability=event.probability)
                return pb.DictateResponse(language_detected=found)
            case ModelChanged():
                changed = pb.ModelChanged(version=event.version, previous=event.previous or "")
                return pb.DictateResponse(model_changed=changed)
            case AudioAcknowledged():
                return pb.DictateResponse(acknowledged=pb.Acknowledged(audio_s=event.audio_s))
            case FlushFinished():
                return pb.DictateResponse(flushed=pb.Flushed(audio_s=event.audio_s))
            case SessionWarning():
                return pb.DictateResponse(warning=pb.Warning(code=event.code, message=event.message))
        raise ValueError(f"{type(event).__name__} has no response")

    def _partial(self, partial: Partial) -> pb.Partial:
        formatted = ""
        if self._formatter is not None:
            formatted = self._formatter.partial(partial.stable, partial.tail, self._carry).text
        return pb.Partial(
            utterance=partial.utterance,
            revision=partial.revision,
            start_s=partial.start_s,
            end_s=partial.end_s,
            stable=partial.stable,
            tail=partial.tail,
            model_version=partial.model_version,
            language=partial.language,
            formatted=formatted,
        )

    def _final(self, final: Final) -> pb.Final:
        formatted = ""
        if self._formatter is not None:
            written = self._formatter.final(final.text, self._carry)
            formatted, self._carry = written.text, written.carry
        return pb.Final(
            utterance=final.utterance,
            start_s=final.start_s,
            end_s=final.end_s,
            text=final.text,
            words=[_word(word) for word in final.words],
            confidence=final.confidence,
            model_version=final.model_version,
            language=final.language,
            formatted=formatted,
            lexicon=final.lexicon,
        )


def model(info: ModelInfo) -> pb.Model:
    """Return how the model stands."""
    message = pb.Model(
        name=info.name,
        version=info.version or "",
        state=_STATES[info.state],
        target=info.target or "",
        reason=info.reason,
    )
    if info.loaded_at is not None:
        loaded_at = Timestamp()
        loaded_at.FromDatetime(info.loaded_at)
        message.loaded_at.CopyFrom(loaded_at)
    return message


def _word(word: Word) -> pb.Word:
    return pb.Word(text=word.text, start_s=word.start_s, end_s=word.end_s, probability=word.probability)
