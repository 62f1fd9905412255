"""The gRPC port: our service beside health and reflection, over TLS where the settings say so."""

from carabin.service.access.factory import server_credentials
from carabin.service.access.identity import Authenticator
from carabin.service.grpc import AsyncGrpcServer, Service, start_async_server

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
        [service],
        settings.grpc_port,
        host=settings.host,
        credentials=server_credentials(settings),
        authenticator=authenticator,
        serving=False,
        header_timeout_s=settings.header_timeout_s,
    )
