"""One table from our errors to what each protocol says: a WebSocket close code, an HTTP status, a gRPC status."""

from dataclasses import dataclass

import grpc
from carabin.service import errors as service_errors

from ..access.errors import IdentityLimit
from ..core import errors
from ..core.events import SessionFailed
from . import errors as protocol_errors

MAX_REASON_BYTES = 123
"""What fits beside the code in a close frame (RFC 6455, section 5.5)."""
_CUT = "…"


@dataclass(frozen=True, slots=True)
class Status:
    """What each protocol says of one kind of error."""

    close_code: int
    """RFC 6455 section 7.4.1, and the IANA registry for 1012 and 1013."""
    http: int
    grpc: grpc.StatusCode
    label: str
    """For metrics and for `error.code` in HTTP answers."""


_CODE = grpc.StatusCode
_TABLE: dict[type[Exception], Status] = {
    errors.Overloaded: Status(1013, 429, _CODE.RESOURCE_EXHAUSTED, "overloaded"),
    errors.NotReady: Status(1013, 503, _CODE.UNAVAILABLE, "not_ready"),
    errors.Draining: Status(1012, 503, _CODE.UNAVAILABLE, "draining"),
    errors.UnknownModel: Status(1008, 404, _CODE.NOT_FOUND, "model_not_found"),
    errors.UnknownVocabulary: Status(1008, 400, _CODE.INVALID_ARGUMENT, "unknown_vocabulary"),
    errors.UnsupportedLanguage: Status(1008, 400, _CODE.INVALID_ARGUMENT, "unsupported_language"),
    errors.InvalidConfig: Status(1008, 400, _CODE.INVALID_ARGUMENT, "invalid_config"),
    errors.ImpossibleAudio: Status(1003, 400, _CODE.INVALID_ARGUMENT, "impossible_audio"),
    errors.SessionClosed: Status(1008, 409, _CODE.FAILED_PRECONDITION, "session_closed"),
    errors.DecodeFailed: Status(1011, 500, _CODE.INTERNAL, "decode_failed"),
    protocol_errors.BadMessage: Status(1007, 400, _CODE.INVALID_ARGUMENT, "bad_message"),
    protocol_errors.BadField: Status(1008, 400, _CODE.INVALID_ARGUMENT, "bad_field"),
    protocol_errors.UnsupportedFormat: Status(1003, 415, _CODE.INVALID_ARGUMENT, "unsupported_format"),
    protocol_errors.WrongAudioFormat: Status(1003, 400, _CODE.INVALID_ARGUMENT, "impossible_audio"),
    protocol_errors.TornFrame: Status(1007, 400, _CODE.INVALID_ARGUMENT, "torn_frame"),
    protocol_errors.FrameTooLarge: Status(1009, 413, _CODE.RESOURCE_EXHAUSTED, "frame_too_large"),
    protocol_errors.ConfigTimeout: Status(1008, 408, _CODE.DEADLINE_EXCEEDED, "config_timeout"),
    protocol_errors.SessionTooLong: Status(1000, 408, _CODE.DEADLINE_EXCEEDED, "session_too_long"),
    protocol_errors.UploadsFull: Status(1013, 429, _CODE.RESOURCE_EXHAUSTED, "uploads_full"),
    protocol_errors.UploadTooSlow: Status(1008, 408, _CODE.DEADLINE_EXCEEDED, "upload_too_slow"),
    protocol_errors.SlowReader: Status(1008, 408, _CODE.RESOURCE_EXHAUSTED, "slow_reader"),
    service_errors.AudioFileRefused: Status(1003, 400, _CODE.INVALID_ARGUMENT, "bad_audio_file"),
    service_errors.ResourcesExhausted: Status(1013, 503, _CODE.RESOURCE_EXHAUSTED, "resources_exhausted"),
    service_errors.Unauthenticated: Status(1008, 401, _CODE.UNAUTHENTICATED, "unauthenticated"),
    service_errors.TokenExpired: Status(1008, 401, _CODE.UNAUTHENTICATED, "token_expired"),
    service_errors.Forbidden: Status(1008, 403, _CODE.PERMISSION_DENIED, "forbidden"),
    IdentityLimit: Status(1013, 429, _CODE.RESOURCE_EXHAUSTED, "identity_limit"),
}
_UNEXPECTED = Status(1011, 500, _CODE.INTERNAL, "internal")


def status_of(error: BaseException) -> Status:
    """Return the status of an error; what is in no row is our own fault and says `internal`."""
    for kind in type(error).__mro__:
        if kind in _TABLE:
            return _TABLE[kind]
    return _UNEXPECTED


def error_of(failed: SessionFailed) -> errors.TranscriberError:
    """Return the error that ends a session's protocol where the session itself failed."""
    kind = protocol_errors.WrongAudioFormat if failed.not_audio else errors.DecodeFailed
    return kind(failed.reason)


def sentence_of(error: BaseException) -> str:
    """Return what a client may read: our own sentence, and nothing of an unexpected error's inside."""
    if status_of(error) is _UNEXPECTED:
        return "the server failed; its log says why"
    return str(error)


def close_reason(text: str) -> str:
    """Cut a sentence to what a close frame holds: at a word, or between letters where one word is too long alone."""
    if len(text.encode()) <= MAX_REASON_BYTES:
        return text
    room = text.encode()[: MAX_REASON_BYTES - len(_CUT.encode())].decode(errors="ignore")
    # A space that follows ends a word; else the last one in it does, and the mark shows that there was more.
    whole = room if text[len(room)].isspace() else room[: room.rfind(" ")] if " " in room else room
    return whole.rstrip(" ,;:") + _CUT
