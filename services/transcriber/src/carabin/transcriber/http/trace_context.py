"""The trace id of each HTTP request and each WebSocket: the caller's, or a new one."""

from carabin.service.tracing import HEADER, bind_trace
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send


class TraceContext:
    """ASGI middleware that binds it to every log line of the request, and of the tasks that the request starts."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        bind_trace(Headers(scope=scope).get(HEADER))
        await self._app(scope, receive, send)
