"""What uvicorn writes about a request that broke, in our form: one line with the kind and place of the error alone.

Uvicorn writes the whole traceback, and the text of an error may hold what was dictated.
"""

import logging

from carabin.service.logging import describe_error
from starlette.requests import ClientDisconnect
from starlette.websockets import WebSocketDisconnect
from uvicorn.protocols.utils import ClientDisconnected

_CLIENT_LEFT = (ClientDisconnect, ClientDisconnected, WebSocketDisconnect)
"""Of each layer, the error that says so: the end of a request, not a failure."""


class FailureLines(logging.Filter):
    """Rewrites the records that carry an exception, and drops those of clients that left."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, _CLIENT_LEFT):
            return False
        if error is not None:
            record.msg, record.args, record.exc_info, record.exc_text = "a request failed", (), None, None
            record.__dict__.update({"event": "request_failed"} | describe_error(error))
        return True


_FAILURE_LINES = FailureLines()


def adapt_uvicorn_log() -> None:
    """Let uvicorn's log hold failures alone, in our form; may be repeated."""
    log = logging.getLogger("uvicorn.error")
    # Its INFO lines hold whole request lines, query included; ours hold ids.
    log.setLevel(logging.WARNING)
    log.addFilter(_FAILURE_LINES)
