from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class WatchRunRequest(_message.Message):
    __slots__ = ("run",)
    RUN_FIELD_NUMBER: _ClassVar[int]
    run: str
    def __init__(self, run: _Optional[str] = ...) -> None: ...

class WatchRunResponse(_message.Message):
    __slots__ = ("run", "kind", "phase", "done", "total", "eta_s", "step", "metrics", "text")
    class Kind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        KIND_UNSPECIFIED: _ClassVar[WatchRunResponse.Kind]
        KIND_PHASE: _ClassVar[WatchRunResponse.Kind]
        KIND_ADVANCE: _ClassVar[WatchRunResponse.Kind]
        KIND_METRICS: _ClassVar[WatchRunResponse.Kind]
        KIND_NOTE: _ClassVar[WatchRunResponse.Kind]
        KIND_END: _ClassVar[WatchRunResponse.Kind]
    KIND_UNSPECIFIED: WatchRunResponse.Kind
    KIND_PHASE: WatchRunResponse.Kind
    KIND_ADVANCE: WatchRunResponse.Kind
    KIND_METRICS: WatchRunResponse.Kind
    KIND_NOTE: WatchRunResponse.Kind
    KIND_END: WatchRunResponse.Kind
    class MetricsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: float
        def __init__(self, key: _Optional[str] = ..., value: _Optional[float] = ...) -> None: ...
    RUN_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    PHASE_FIELD_NUMBER: _ClassVar[int]
    DONE_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    ETA_S_FIELD_NUMBER: _ClassVar[int]
    STEP_FIELD_NUMBER: _ClassVar[int]
    METRICS_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    run: str
    kind: WatchRunResponse.Kind
    phase: str
    done: int
    total: int
    eta_s: float
    step: int
    metrics: _containers.ScalarMap[str, float]
    text: str
    def __init__(self, run: _Optional[str] = ..., kind: _Optional[_Union[WatchRunResponse.Kind, str]] = ..., phase: _Optional[str] = ..., done: _Optional[int] = ..., total: _Optional[int] = ..., eta_s: _Optional[float] = ..., step: _Optional[int] = ..., metrics: _Optional[_Mapping[str, float]] = ..., text: _Optional[str] = ...) -> None: ...
