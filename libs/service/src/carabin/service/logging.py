"""One log line for each event: JSON for machines, a short line on a terminal.

Log ids, states and durations, never dictated text:
`log.info("loaded", extra={"event": "model_loaded", "load_s": 1.2})`.

What holds for a whole request, such as its trace id, is bound once (`bind`) and stands in every line of it.
"""

import json
import logging
import sys
import threading
import traceback
from collections.abc import Mapping
from contextvars import ContextVar
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import TextIO

_STANDARD = {*logging.makeLogRecord({}).__dict__, "message", "asctime", "taskName"}
"""What every record carries; anything else came from `extra`."""

_RETRYING = ("urllib3.connectionpool",)
"""Clients that warn of each try that failed. When the last one does, the caller's own error says so, once."""

log = logging.getLogger(__name__)

_BOUND: ContextVar[Mapping[str, object]] = ContextVar("carabin_log_fields", default=MappingProxyType({}))


_PROCESS: dict[str, object] = {}


def bind_process(**fields: object) -> None:
    """Let every later line of this process, on any thread, carry `fields`, unless something else is bound there."""
    _PROCESS.update(fields)


def bind(**fields: object) -> None:
    """Let every later line of this context carry `fields`: of this task and those that it starts, or of this thread."""
    _BOUND.set({**_BOUND.get(), **fields})


def bound_fields() -> Mapping[str, object]:
    """Return what is bound here."""
    return {**_PROCESS, **_BOUND.get()}


def describe_error(error: BaseException) -> dict[str, str]:
    """Return an error's kind and place for a log; never its text, which may hold what was dictated."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return {"error": type(error).__name__, "where": where}


class JsonFormatter(logging.Formatter):
    """Renders a record as one line of JSON: time, level, service, logger, event, message, and the extra fields."""

    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def format(self, record: logging.LogRecord) -> str:
        extra = _extra(record)
        fields = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "service": self._service,
            "logger": record.name,
            "event": extra.pop("event", record.name.rsplit(".", 1)[-1]),
            "message": record.getMessage(),
            **extra,
        }
        if record.exc_info:
            fields["error"] = self.formatException(record.exc_info)
        return json.dumps(fields, ensure_ascii=False, default=str)


class HumanFormatter(logging.Formatter):
    """Renders a record as `10:15:00 INFO event: message (name=value, …)`, in local time."""

    def format(self, record: logging.LogRecord) -> str:
        extra = _extra(record)
        event = extra.pop("event", record.name.rsplit(".", 1)[-1])
        time = datetime.fromtimestamp(record.created).strftime("%H:%M:%S")
        details = ", ".join(f"{name}={value}" for name, value in extra.items())
        line = f"{time} {record.levelname} {event}: {record.getMessage()}" + (f" ({details})" if details else "")
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


def configure_logging(service: str, level: str = "INFO", stream: TextIO | None = None) -> None:
    """Send every log of this process to `stream`, by default standard error, in one form; may be repeated.

    A thread that a library started and that dies is such a line too: Python would print what it raised, which may hold
    what was dictated.

    Args:
        service: its name in every line.
        level: the least level that is kept, by name.
    """
    stream = stream or sys.stderr
    handler = logging.StreamHandler(stream)
    handler.setFormatter(HumanFormatter() if stream.isatty() else JsonFormatter(service))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    logging.captureWarnings(True)
    threading.excepthook = _log_thread_death
    for name in _RETRYING:
        logging.getLogger(name).setLevel(logging.NOTSET if level.upper() == "DEBUG" else logging.ERROR)


def _log_thread_death(death: threading.ExceptHookArgs) -> None:
    if death.exc_value is None or isinstance(death.exc_value, SystemExit):
        return  # as Python does: a thread may end itself
    extra = {"event": "thread_died", "thread_name": death.thread.name if death.thread else ""}
    log.error("a library's thread died", extra=extra | describe_error(death.exc_value))


def _extra(record: logging.LogRecord) -> dict[str, object]:
    own = {name: value for name, value in record.__dict__.items() if name not in _STANDARD}
    # What a line says of itself wins over what is bound around it.
    return {**own, **{name: value for name, value in bound_fields().items() if name not in own}}
