"""The gRPC port: none where none is wanted, TLS where the settings name a pair, and not serving before it is said."""

from pathlib import Path
from typing import cast

import grpc
import pytest
from carabin.service.access.identity import NoAuthentication
from carabin.service.testing.certificates import write_certificate
from carabin.transcriber.grpc_api.server import NAME, start_grpc
from carabin.transcriber.settings.server import ServerSettings
from carabin.transcriber.wire.admission import Admission
from grpc_health.v1 import health_pb2, health_pb2_grpc

UNUSED = cast(Admission, None)
"""No call of these tests reaches a session."""


async def health(channel: grpc.aio.Channel) -> int:
    request = health_pb2.HealthCheckRequest(service=NAME)
    answer = await health_pb2_grpc.HealthStub(channel).Check(request, timeout=10)
    return int(answer.status)


async def test_without_a_port_nothing_is_started() -> None:
    assert await start_grpc(UNUSED, NoAuthentication(), ServerSettings(grpc_port=None)) is None


async def test_it_listens_and_does_not_serve_before_it_is_set_serving() -> None:
    server = await start_grpc(UNUSED, NoAuthentication(), ServerSettings(grpc_port=0))
    assert server is not None
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{server.port}") as channel:
            assert await health(channel) == health_pb2.HealthCheckResponse.NOT_SERVING
    finally:
        await server.stop(0)


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    """A certificate of `localhost` with its key."""
    return write_certificate(tmp_path)


async def test_with_a_pair_it_speaks_tls_and_nothing_else(pair: tuple[Path, Path]) -> None:
    certificate, key = pair
    settings = ServerSettings(grpc_port=0, tls_cert=certificate, tls_key=key)
    server = await start_grpc(UNUSED, NoAuthentication(), settings)
    assert server is not None
    try:
        trusted = grpc.ssl_channel_credentials(certificate.read_bytes())
        async with grpc.aio.secure_channel(f"localhost:{server.port}", trusted) as channel:
            assert await health(channel) == health_pb2.HealthCheckResponse.NOT_SERVING
        async with grpc.aio.insecure_channel(f"localhost:{server.port}") as channel:
            with pytest.raises(grpc.aio.AioRpcError):
                await health(channel)
    finally:
        await server.stop(0)
