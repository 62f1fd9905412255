from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar

from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper

DESCRIPTOR: _descriptor.FileDescriptor

class WatchRunRequest(_message.Message):
    __slots__ = ("run",)
    RUN_FIELD_NUMBER: _ClassVar[int]
    run: str
    def __init__(self, run: str | None = ...) -> None: ...

class WatchRunResponse(_message.Message):
    __slots__ = ("done", "eta_s", "kind", "metrics", "phase", "run", "step", "text", "total")
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
        def __init__(self, key: str | None = ..., value: float | None = ...) -> None: ...
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
    def __init__(self, run: str | None = ..., kind: WatchRunResponse.Kind | str | None = ..., phase: str | None = ..., done: int | None = ..., total: int | None = ..., eta_s: float | None = ..., step: int | None = ..., metrics: _Mapping[str, float] | None = ..., text: str | None = ...) -> None: ...
