"""One id that follows a request through every service's log: W3C Trace Context, read and passed on.

A service binds the id of each request that comes in (`bind_trace`), and from then on every log line of the request
carries it, whatever module writes the line. No tracing system is needed; one that is there finds its ids in our logs.
https://www.w3.org/TR/trace-context/
"""

import os
import re
import secrets

from .logging import bind, bind_process, bound_fields

HEADER = "traceparent"
"""The name in HTTP headers and in gRPC metadata."""
VARIABLE = "TRACEPARENT"
"""The name in the environment, for a process that a pipeline starts (OpenTelemetry, environment carriers)."""
FIELD = "trace_id"
"""The name in log lines."""

# Version ff and ids of zeros are invalid; a later version may append fields after another dash.
_TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-.*)?")


def trace_id_of(traceparent: str | None) -> str:
    """Return the trace id of a `traceparent` value, or a new one where there is none or it is not valid."""
    found = _TRACEPARENT.fullmatch((traceparent or "").strip())
    return found[1] if found else secrets.token_hex(16)


def bind_trace(traceparent: str | None) -> str:
    """Let every log line of this request, from here on, carry the caller's trace id, or a new one; return it."""
    trace_id = trace_id_of(traceparent)
    bind(**{FIELD: trace_id})
    return trace_id


def bind_process_trace() -> str:
    """The same for a process with one task, such as a training: the id is the one that its environment names."""
    trace_id = trace_id_of(os.environ.get(VARIABLE))
    bind_process(**{FIELD: trace_id})
    return trace_id


def current_trace_id() -> str:
    """Return the id bound to what runs now, or an empty string."""
    return str(bound_fields().get(FIELD, ""))


def traceparent() -> str:
    """Return the header for a call that goes out now, of the trace bound here, else the environment's or a new one."""
    trace_id = current_trace_id() or trace_id_of(os.environ.get(VARIABLE))
    return f"00-{trace_id}-{secrets.token_hex(8)}-01"
