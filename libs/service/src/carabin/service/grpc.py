"""A gRPC server with the standard health and reflection services and trace ids, synchronous or on asyncio."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import grpc
import grpc.aio
from google.protobuf.descriptor import ServiceDescriptor
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from .access.calls import AsyncReflectionCheck, TokenCheck
from .access.factory import is_loopback
from .access.identity import Authenticator, NoAuthentication
from .access.settings import HEADER_TIMEOUT_S
from .errors import PortTaken
from .grpc_tracing import AsyncTraceBinder, TraceBinder
from .ports import require_free
from .threads import LoggedPool

DEFAULT_WORKERS = 16
"""Calls served at once by the synchronous server; a stream holds one for as long as it lasts."""
MAX_MESSAGE_BYTES = 16 * 1024 * 1024
"""Eight minutes of 16 kHz 16-bit audio in one message; longer audio is streamed."""

KEEPALIVE_MS = 20_000

_OPTIONS = (
    # Two servers on one port would each get some of the calls; the second must fail instead.
    ("grpc.so_reuseport", 0),
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
    # A peer whose cable was pulled is noticed within two of these.
    ("grpc.keepalive_time_ms", KEEPALIVE_MS),
    ("grpc.keepalive_timeout_ms", KEEPALIVE_MS),
)


@dataclass(frozen=True)
class Service:
    """A servicer, and how generated code registers it.

    Example: `Service(exporter_pb2.DESCRIPTOR.services_by_name["ExporterService"],
    exporter_pb2_grpc.add_ExporterServiceServicer_to_server, servicer)`.
    """

    descriptor: ServiceDescriptor
    add: Callable[[Any, Any], None]
    servicer: Any

    @property
    def name(self) -> str:
        """The full name, such as carabin.exporter.v1.ExporterService."""
        return str(self.descriptor.full_name)


@dataclass(frozen=True)
class GrpcServer:
    """A running synchronous server."""

    port: int
    _server: grpc.Server
    _health: health.HealthServicer
    _names: Sequence[str]

    def set_serving(self, serving: bool) -> None:
        """Report to health checks, of the server and of each service, whether calls are accepted."""
        for name in ("", *self._names):
            self._health.set(name, _status(serving))

    def stop(self, grace_s: float = 5.0) -> None:
        """Refuse new calls at once, and end those that run after `grace_s`."""
        self._health.enter_graceful_shutdown()
        self._server.stop(grace_s).wait()


@dataclass(frozen=True)
class AsyncGrpcServer:
    """A running asyncio server."""

    port: int
    _server: grpc.aio.Server
    _health: Any
    _names: Sequence[str]

    async def set_serving(self, serving: bool) -> None:
        """Report to health checks, of the server and of each service, whether calls are accepted."""
        for name in ("", *self._names):
            await self._health.set(name, _status(serving))

    async def leave(self) -> None:
        """Report to health checks that no calls are accepted, whatever `set_serving` is told from here on."""
        await self._health.enter_graceful_shutdown()

    async def stop(self, grace_s: float = 5.0) -> None:
        """Refuse new calls at once, and end those that run after `grace_s`."""
        await self._health.enter_graceful_shutdown()
        await self._server.stop(grace_s)


def start_server(
    servicers: Sequence[Service],
    port: int,
    *,
    host: str = "0.0.0.0",
    workers: int = DEFAULT_WORKERS,
    credentials: grpc.ServerCredentials | None = None,
    authenticator: Authenticator | None = None,
    serving: bool = True,
    header_timeout_s: float = HEADER_TIMEOUT_S,
) -> GrpcServer:
    """Start a server in threads, with health and reflection; port 0 takes a free one.

    Args:
        credentials: for TLS; None speaks in the clear.
        authenticator: asked for the token of every call but health checks; None lets everybody call. Without one that
            asks for a token there is no reflection beyond loopback.
        serving: what health checks report at first.
        header_timeout_s: within which a connection completes its handshakes, TLS's and HTTP/2's, or is closed.

    Raises:
        PortTaken: another program listens there.
    """
    authenticator = authenticator or NoAuthentication()
    server = grpc.server(
        LoggedPool(workers, thread_name_prefix="grpc"),
        interceptors=[TraceBinder(), *([TokenCheck(authenticator)] if authenticator.required else [])],
        options=_options(header_timeout_s),
    )
    servicer = health.HealthServicer()
    names = _register(server, servicers, servicer, reflected=authenticator.required or is_loopback(host))
    running = GrpcServer(_bind(server, host, port, credentials), server, servicer, names)
    running.set_serving(serving)
    server.start()
    return running


async def start_async_server(
    servicers: Sequence[Service],
    port: int,
    *,
    host: str = "0.0.0.0",
    credentials: grpc.ServerCredentials | None = None,
    authenticator: Authenticator | None = None,
    serving: bool = True,
    header_timeout_s: float = HEADER_TIMEOUT_S,
) -> AsyncGrpcServer:
    """Start a server on the running event loop, with health and reflection; otherwise as `start_server`.

    Args:
        authenticator: asked for the token of reflection alone: the servicers identify their own callers.
    """
    authenticator = authenticator or NoAuthentication()
    checks = [AsyncReflectionCheck(authenticator)] if authenticator.required else []
    server = grpc.aio.server(interceptors=[AsyncTraceBinder(), *checks], options=_options(header_timeout_s))
    servicer = health.aio.HealthServicer()  # type: ignore[attr-defined]  # the stubs lack it
    names = _register(server, servicers, servicer, reflected=authenticator.required or is_loopback(host))
    running = AsyncGrpcServer(_bind(server, host, port, credentials), server, servicer, names)
    await running.set_serving(serving)
    await server.start()
    return running


def _options(header_timeout_s: float) -> Sequence[tuple[str, int]]:
    return (*_OPTIONS, ("grpc.server_handshake_timeout_ms", int(header_timeout_s * 1000)))


def _register(server: Any, servicers: Sequence[Service], health_servicer: Any, *, reflected: bool) -> list[str]:
    for service in servicers:
        service.add(service.servicer, server)
    health_pb2_grpc.add_HealthServicer_to_server(health_servicer, server)
    names = [service.name for service in servicers]
    if reflected:
        reflection.enable_server_reflection([*names, health.SERVICE_NAME, reflection.SERVICE_NAME], server)
    return names


def _bind(server: Any, host: str, port: int, credentials: grpc.ServerCredentials | None) -> int:
    # gRPC's core writes a line of its own where it cannot bind: it is not let try.
    require_free(host, port, "gRPC port")
    address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    try:
        bound = int(server.add_secure_port(address, credentials) if credentials else server.add_insecure_port(address))
    except RuntimeError as error:
        raise PortTaken(f"gRPC port {port} on {host} cannot be opened: another program listens there") from error
    if bound == 0:
        raise PortTaken(f"gRPC port {port} on {host} cannot be opened: another program listens there")
    return bound


def _status(serving: bool) -> Any:
    status = health_pb2.HealthCheckResponse
    return status.SERVING if serving else status.NOT_SERVING
