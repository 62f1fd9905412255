"""The trace id that a gRPC call brings in its metadata, in the log lines that are written while it lasts."""

from collections.abc import Callable
from typing import Any

import grpc
import grpc.aio

from .tracing import HEADER, bind_trace


class TraceBinder(grpc.ServerInterceptor):  # type: ignore[type-arg]  # generic in the stubs alone
    """Binds each call's trace id to its log lines; gRPC runs a call's handler in the context of its interceptors."""

    def intercept_service(self, continuation: Callable[[Any], Any], handler_call_details: Any) -> Any:
        """Return the call's own handler."""
        _bind_trace_of(handler_call_details)
        return continuation(handler_call_details)


class AsyncTraceBinder(grpc.aio.ServerInterceptor):  # type: ignore[type-arg]  # likewise
    """`TraceBinder` on asyncio, where a call is one task."""

    async def intercept_service(self, continuation: Callable[[Any], Any], handler_call_details: Any) -> Any:
        _bind_trace_of(handler_call_details)
        return await continuation(handler_call_details)


def _bind_trace_of(details: Any) -> None:
    sent = {key: value for key, value in details.invocation_metadata or () if isinstance(value, str)}
    bind_trace(sent.get(HEADER))
