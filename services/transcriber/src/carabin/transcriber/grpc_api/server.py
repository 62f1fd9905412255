"""The gRPC port: our service beside health and reflection, over TLS where the settings say so."""

import grpc
from carabin.service.grpc import AsyncGrpcServer, Service, start_async_server

from ..access.identity import Authenticator
from ..settings.server import ServerSettings
from ..v1 import transcriber_pb2, transcriber_pb2_grpc
from ..wire.admission import Admission
from .service import GrpcTranscriber

DESCRIPTOR = transcriber_pb2.DESCRIPTOR.services_by_name["TranscriberService"]
NAME = str(DESCRIPTOR.full_name)


async def start_grpc(
    admission: Admission, authenticator: Authenticator, settings: ServerSettings
) -> AsyncGrpcServer | None:
    """Start on the running event loop, not yet serving for health checks; None where the settings want no port.

    Raises:
        PortTaken: another program listens there.
    """
    if settings.grpc_port is None:
        return None
    servicer = GrpcTranscriber(admission, authenticator, settings.default_language)
    service = Service(DESCRIPTOR, transcriber_pb2_grpc.add_TranscriberServiceServicer_to_server, servicer)
    return await start_async_server(
        [service], settings.grpc_port, host=settings.host, credentials=_credentials(settings), serving=False
    )


def _credentials(settings: ServerSettings) -> grpc.ServerCredentials | None:
    if not (settings.tls_cert and settings.tls_key):
        return None
    return grpc.ssl_server_credentials([(settings.tls_key.read_bytes(), settings.tls_cert.read_bytes())])
