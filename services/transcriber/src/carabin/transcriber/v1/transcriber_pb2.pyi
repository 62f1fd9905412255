import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class AudioFormat(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    AUDIO_FORMAT_UNSPECIFIED: _ClassVar[AudioFormat]
    AUDIO_FORMAT_INT16: _ClassVar[AudioFormat]
    AUDIO_FORMAT_FLOAT32: _ClassVar[AudioFormat]
    AUDIO_FORMAT_UINT8: _ClassVar[AudioFormat]

class Task(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TASK_UNSPECIFIED: _ClassVar[Task]
    TASK_TRANSCRIBE: _ClassVar[Task]
    TASK_TRANSLATE: _ClassVar[Task]

class ModelState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    MODEL_STATE_UNSPECIFIED: _ClassVar[ModelState]
    MODEL_STATE_NONE: _ClassVar[ModelState]
    MODEL_STATE_LOADING: _ClassVar[ModelState]
    MODEL_STATE_STEADY: _ClassVar[ModelState]
    MODEL_STATE_FAILED: _ClassVar[ModelState]
AUDIO_FORMAT_UNSPECIFIED: AudioFormat
AUDIO_FORMAT_INT16: AudioFormat
AUDIO_FORMAT_FLOAT32: AudioFormat
AUDIO_FORMAT_UINT8: AudioFormat
TASK_UNSPECIFIED: Task
TASK_TRANSCRIBE: Task
TASK_TRANSLATE: Task
MODEL_STATE_UNSPECIFIED: ModelState
MODEL_STATE_NONE: ModelState
MODEL_STATE_LOADING: ModelState
MODEL_STATE_STEADY: ModelState
MODEL_STATE_FAILED: ModelState

class DictateRequest(_message.Message):
    __slots__ = ("config", "audio", "flush")
    CONFIG_FIELD_NUMBER: _ClassVar[int]
    AUDIO_FIELD_NUMBER: _ClassVar[int]
    FLUSH_FIELD_NUMBER: _ClassVar[int]
    config: Config
    audio: bytes
    flush: Flush
    def __init__(self, config: _Optional[_Union[Config, _Mapping]] = ..., audio: _Optional[bytes] = ..., flush: _Optional[_Union[Flush, _Mapping]] = ...) -> None: ...

class Flush(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class Config(_message.Message):
    __slots__ = ("language", "task", "audio_format", "hotwords", "initial_prompt", "vocabularies", "word_times", "finals_only", "formatted", "model")
    LANGUAGE_FIELD_NUMBER: _ClassVar[int]
    TASK_FIELD_NUMBER: _ClassVar[int]
    AUDIO_FORMAT_FIELD_NUMBER: _ClassVar[int]
    HOTWORDS_FIELD_NUMBER: _ClassVar[int]
    INITIAL_PROMPT_FIELD_NUMBER: _ClassVar[int]
    VOCABULARIES_FIELD_NUMBER: _ClassVar[int]
    WORD_TIMES_FIELD_NUMBER: _ClassVar[int]
    FINALS_ONLY_FIELD_NUMBER: _ClassVar[int]
    FORMATTED_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    language: str
    task: Task
    audio_format: AudioFormat
    hotwords: str
    initial_prompt: str
    vocabularies: _containers.RepeatedScalarFieldContainer[str]
    word_times: bool
    finals_only: bool
    formatted: bool
    model: str
    def __init__(self, language: _Optional[str] = ..., task: _Optional[_Union[Task, str]] = ..., audio_format: _Optional[_Union[AudioFormat, str]] = ..., hotwords: _Optional[str] = ..., initial_prompt: _Optional[str] = ..., vocabularies: _Optional[_Iterable[str]] = ..., word_times: _Optional[bool] = ..., finals_only: _Optional[bool] = ..., formatted: _Optional[bool] = ..., model: _Optional[str] = ...) -> None: ...

class DictateResponse(_message.Message):
    __slots__ = ("ready", "partial", "final", "language_detected", "model_changed", "acknowledged", "flushed", "warning")
    READY_FIELD_NUMBER: _ClassVar[int]
    PARTIAL_FIELD_NUMBER: _ClassVar[int]
    FINAL_FIELD_NUMBER: _ClassVar[int]
    LANGUAGE_DETECTED_FIELD_NUMBER: _ClassVar[int]
    MODEL_CHANGED_FIELD_NUMBER: _ClassVar[int]
    ACKNOWLEDGED_FIELD_NUMBER: _ClassVar[int]
    FLUSHED_FIELD_NUMBER: _ClassVar[int]
    WARNING_FIELD_NUMBER: _ClassVar[int]
    ready: Ready
    partial: Partial
    final: Final
    language_detected: LanguageDetected
    model_changed: ModelChanged
    acknowledged: Acknowledged
    flushed: Flushed
    warning: Warning
    def __init__(self, ready: _Optional[_Union[Ready, _Mapping]] = ..., partial: _Optional[_Union[Partial, _Mapping]] = ..., final: _Optional[_Union[Final, _Mapping]] = ..., language_detected: _Optional[_Union[LanguageDetected, _Mapping]] = ..., model_changed: _Optional[_Union[ModelChanged, _Mapping]] = ..., acknowledged: _Optional[_Union[Acknowledged, _Mapping]] = ..., flushed: _Optional[_Union[Flushed, _Mapping]] = ..., warning: _Optional[_Union[Warning, _Mapping]] = ...) -> None: ...

class Ready(_message.Message):
    __slots__ = ("session", "model_version")
    SESSION_FIELD_NUMBER: _ClassVar[int]
    MODEL_VERSION_FIELD_NUMBER: _ClassVar[int]
    session: str
    model_version: str
    def __init__(self, session: _Optional[str] = ..., model_version: _Optional[str] = ...) -> None: ...

class Partial(_message.Message):
    __slots__ = ("utterance", "revision", "start_s", "end_s", "stable", "tail", "model_version", "language", "formatted")
    UTTERANCE_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    START_S_FIELD_NUMBER: _ClassVar[int]
    END_S_FIELD_NUMBER: _ClassVar[int]
    STABLE_FIELD_NUMBER: _ClassVar[int]
    TAIL_FIELD_NUMBER: _ClassVar[int]
    MODEL_VERSION_FIELD_NUMBER: _ClassVar[int]
    LANGUAGE_FIELD_NUMBER: _ClassVar[int]
    FORMATTED_FIELD_NUMBER: _ClassVar[int]
    utterance: int
    revision: int
    start_s: float
    end_s: float
    stable: str
    tail: str
    model_version: str
    language: str
    formatted: str
    def __init__(self, utterance: _Optional[int] = ..., revision: _Optional[int] = ..., start_s: _Optional[float] = ..., end_s: _Optional[float] = ..., stable: _Optional[str] = ..., tail: _Optional[str] = ..., model_version: _Optional[str] = ..., language: _Optional[str] = ..., formatted: _Optional[str] = ...) -> None: ...

class Final(_message.Message):
    __slots__ = ("utterance", "start_s", "end_s", "text", "words", "confidence", "model_version", "language", "formatted", "lexicon")
    UTTERANCE_FIELD_NUMBER: _ClassVar[int]
    START_S_FIELD_NUMBER: _ClassVar[int]
    END_S_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    WORDS_FIELD_NUMBER: _ClassVar[int]
    CONFIDENCE_FIELD_NUMBER: _ClassVar[int]
    MODEL_VERSION_FIELD_NUMBER: _ClassVar[int]
    LANGUAGE_FIELD_NUMBER: _ClassVar[int]
    FORMATTED_FIELD_NUMBER: _ClassVar[int]
    LEXICON_FIELD_NUMBER: _ClassVar[int]
    utterance: int
    start_s: float
    end_s: float
    text: str
    words: _containers.RepeatedCompositeFieldContainer[Word]
    confidence: float
    model_version: str
    language: str
    formatted: str
    lexicon: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, utterance: _Optional[int] = ..., start_s: _Optional[float] = ..., end_s: _Optional[float] = ..., text: _Optional[str] = ..., words: _Optional[_Iterable[_Union[Word, _Mapping]]] = ..., confidence: _Optional[float] = ..., model_version: _Optional[str] = ..., language: _Optional[str] = ..., formatted: _Optional[str] = ..., lexicon: _Optional[_Iterable[str]] = ...) -> None: ...

class Word(_message.Message):
    __slots__ = ("text", "start_s", "end_s", "probability")
    TEXT_FIELD_NUMBER: _ClassVar[int]
    START_S_FIELD_NUMBER: _ClassVar[int]
    END_S_FIELD_NUMBER: _ClassVar[int]
    PROBABILITY_FIELD_NUMBER: _ClassVar[int]
    text: str
    start_s: float
    end_s: float
    probability: float
    def __init__(self, text: _Optional[str] = ..., start_s: _Optional[float] = ..., end_s: _Optional[float] = ..., probability: _Optional[float] = ...) -> None: ...

class LanguageDetected(_message.Message):
    __slots__ = ("language", "probability")
    LANGUAGE_FIELD_NUMBER: _ClassVar[int]
    PROBABILITY_FIELD_NUMBER: _ClassVar[int]
    language: str
    probability: float
    def __init__(self, language: _Optional[str] = ..., probability: _Optional[float] = ...) -> None: ...

class ModelChanged(_message.Message):
    __slots__ = ("version", "previous")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    PREVIOUS_FIELD_NUMBER: _ClassVar[int]
    version: str
    previous: str
    def __init__(self, version: _Optional[str] = ..., previous: _Optional[str] = ...) -> None: ...

class Acknowledged(_message.Message):
    __slots__ = ("audio_s",)
    AUDIO_S_FIELD_NUMBER: _ClassVar[int]
    audio_s: float
    def __init__(self, audio_s: _Optional[float] = ...) -> None: ...

class Flushed(_message.Message):
    __slots__ = ("audio_s",)
    AUDIO_S_FIELD_NUMBER: _ClassVar[int]
    audio_s: float
    def __init__(self, audio_s: _Optional[float] = ...) -> None: ...

class Warning(_message.Message):
    __slots__ = ("code", "message")
    CODE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    code: str
    message: str
    def __init__(self, code: _Optional[str] = ..., message: _Optional[str] = ...) -> None: ...

class GetModelRequest(_message.Message):
    __slots__ = ("name",)
    NAME_FIELD_NUMBER: _ClassVar[int]
    name: str
    def __init__(self, name: _Optional[str] = ...) -> None: ...

class GetModelResponse(_message.Message):
    __slots__ = ("model",)
    MODEL_FIELD_NUMBER: _ClassVar[int]
    model: Model
    def __init__(self, model: _Optional[_Union[Model, _Mapping]] = ...) -> None: ...

class WatchModelRequest(_message.Message):
    __slots__ = ("name",)
    NAME_FIELD_NUMBER: _ClassVar[int]
    name: str
    def __init__(self, name: _Optional[str] = ...) -> None: ...

class WatchModelResponse(_message.Message):
    __slots__ = ("model",)
    MODEL_FIELD_NUMBER: _ClassVar[int]
    model: Model
    def __init__(self, model: _Optional[_Union[Model, _Mapping]] = ...) -> None: ...

class Model(_message.Message):
    __slots__ = ("name", "version", "state", "target", "reason", "loaded_at")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    TARGET_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    LOADED_AT_FIELD_NUMBER: _ClassVar[int]
    name: str
    version: str
    state: ModelState
    target: str
    reason: str
    loaded_at: _timestamp_pb2.Timestamp
    def __init__(self, name: _Optional[str] = ..., version: _Optional[str] = ..., state: _Optional[_Union[ModelState, str]] = ..., target: _Optional[str] = ..., reason: _Optional[str] = ..., loaded_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...
