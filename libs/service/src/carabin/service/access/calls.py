"""The authentication of a gRPC server: an interceptor that asks each call for its token, except health checks."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any, Final

import grpc
import grpc.aio
from grpc_health.v1 import health
from grpc_reflection.v1alpha import reflection

from ..errors import AccessRefused, Forbidden
from .identity import Authenticator, bearer

log = logging.getLogger(__name__)

_MAKERS: Final[dict[tuple[bool, bool], Callable[..., Any]]] = {
    (False, False): grpc.unary_unary_rpc_method_handler,
    (False, True): grpc.unary_stream_rpc_method_handler,
    (True, False): grpc.stream_unary_rpc_method_handler,
    (True, True): grpc.stream_stream_rpc_method_handler,
}
"""How a handler is made, by whether its requests and its responses are streams."""


class TokenCheck(grpc.ServerInterceptor):  # type: ignore[type-arg]  # generic in the stubs alone
    """Of a synchronous server: lets a call begin once its metadata entry `authorization` is accepted.

    The cluster's health checks have no token: `grpc.health.v1.Health` answers everybody.
    """

    def __init__(self, authenticator: Authenticator) -> None:
        self._authenticator = authenticator

    def intercept_service(self, continuation: Callable[[Any], Any], handler_call_details: Any) -> Any:
        """Return the call's handler behind the check, or as it is for health checks and unknown methods."""
        handler = continuation(handler_call_details)
        if handler is None or handler_call_details.method.startswith(f"/{health.SERVICE_NAME}/"):
            return handler
        method, token = handler_call_details.method, _token(handler_call_details)

        # The check belongs into the call's own thread: an issuer that is slow must not keep others from being accepted.
        def checked(request: Any, context: Any) -> Any:
            try:
                identity = asyncio.run(self._authenticator.identify(token))
            except AccessRefused as error:
                _log_refused(method, context.peer(), error)
                context.abort(_code(error), str(error))
            log.info("call", extra={"event": "call", "method": method, "identity": identity.name})
            return _behaviour(handler)(request, context)

        return _handler_like(handler, checked)


class AsyncReflectionCheck(grpc.aio.ServerInterceptor):  # type: ignore[type-arg]  # likewise
    """Of an asyncio server whose servicers identify their callers themselves: asks reflection for a token."""

    def __init__(self, authenticator: Authenticator) -> None:
        self._authenticator = authenticator

    async def intercept_service(self, continuation: Callable[[Any], Any], handler_call_details: Any) -> Any:
        handler = await continuation(handler_call_details)
        if handler is None or not handler_call_details.method.startswith(f"/{reflection.SERVICE_NAME}/"):
            return handler
        try:
            await self._authenticator.identify(_token(handler_call_details))
        except AccessRefused as error:
            code, sentence = _code(error), str(error)
            method = handler_call_details.method

            async def refuse(_: Any, context: Any) -> None:
                _log_refused(method, context.peer(), sentence)
                await context.abort(code, sentence)

            return _handler_like(handler, refuse)
        return handler


def _behaviour(handler: Any) -> Callable[[Any, Any], Any]:
    found: Callable[[Any, Any], Any] = (
        handler.unary_unary or handler.unary_stream or handler.stream_unary or handler.stream_stream
    )
    return found


def _handler_like(handler: Any, behaviour: Callable[[Any, Any], Any]) -> Any:
    make = _MAKERS[bool(handler.request_streaming), bool(handler.response_streaming)]
    return make(behaviour, handler.request_deserializer, handler.response_serializer)


def _token(details: Any) -> str | None:
    sent = {key: value for key, value in details.invocation_metadata or () if isinstance(value, str)}
    return bearer(sent.get("authorization"))


def _code(error: AccessRefused) -> grpc.StatusCode:
    forbidden = isinstance(error, Forbidden)
    return grpc.StatusCode.PERMISSION_DENIED if forbidden else grpc.StatusCode.UNAUTHENTICATED


def _log_refused(method: str, peer: str, reason: object) -> None:
    extra = {"event": "call_refused", "method": method, "address": peer, "reason": str(reason)}
    log.warning("a call was refused", extra=extra)
