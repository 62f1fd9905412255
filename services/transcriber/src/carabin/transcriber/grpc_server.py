"""The gRPC port: our service with the standard health and reflection services, over TLS where the settings say so."""

from typing import Any

import grpc
import grpc.aio
from carabin.service.errors import PortTaken
from carabin.service.grpc import MAX_MESSAGE_BYTES, AsyncGrpcServer
from grpc_health.v1 import health, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from .admission import Admission
from .auth import Authenticator
from .grpc_service import GrpcTranscriber
from .server_settings import ServerSettings
from .v1 import transcriber_pb2, transcriber_pb2_grpc

NAME = str(transcriber_pb2.DESCRIPTOR.services_by_name["TranscriberService"].full_name)
_OPTIONS = (
    # A second server on the port must fail, not share the calls.
    ("grpc.so_reuseport", 0),
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
    # As on the WebSocket: a workstation that was unplugged is noticed.
    ("grpc.keepalive_time_ms", 20_000),
    ("grpc.keepalive_timeout_ms", 20_000),
)


async def start_grpc(
    admission: Admission, authenticator: Authenticator, settings: ServerSettings
) -> AsyncGrpcServer | None:
    """Start on the running event loop, not yet serving for health checks; None where the settings want no port.

    Raises:
        PortTaken: another program listens there.
    """
    if settings.grpc_port is None:
        return None
    server = grpc.aio.server(options=_OPTIONS)
    servicer = GrpcTranscriber(admission, authenticator, settings.default_language)
    transcriber_pb2_grpc.add_TranscriberServiceServicer_to_server(servicer, server)  # type: ignore[no-untyped-call]
    health_servicer: Any = health.aio.HealthServicer()  # type: ignore[attr-defined]  # the stubs lack it
    health_pb2_grpc.add_HealthServicer_to_server(health_servicer, server)
    reflection.enable_server_reflection([NAME, health.SERVICE_NAME, reflection.SERVICE_NAME], server)
    running = AsyncGrpcServer(_bind(server, settings), server, health_servicer, [NAME])
    await running.set_serving(False)
    await server.start()
    return running


def _bind(server: grpc.aio.Server, settings: ServerSettings) -> int:
    address = f"{settings.host}:{settings.grpc_port}"
    try:
        if settings.tls_cert and settings.tls_key:
            pair = (settings.tls_key.read_bytes(), settings.tls_cert.read_bytes())
            return int(server.add_secure_port(address, grpc.ssl_server_credentials([pair])))
        return int(server.add_insecure_port(address))
    except RuntimeError as error:
        raise PortTaken(f"gRPC port {settings.grpc_port} on {settings.host} is taken by another program") from error
