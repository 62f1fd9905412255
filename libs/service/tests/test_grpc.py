"""Servers answer health and reflection under the names that their descriptors give."""

import socket
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import pytest
from carabin.service.errors import PortTaken
from carabin.service.grpc import Service, start_async_server, start_server
from carabin.service.testing.certificates import write_certificate
from carabin.service.testing.slow_client import is_let_go
from google.protobuf import descriptor_pb2, descriptor_pool
from google.protobuf.wrappers_pb2 import StringValue
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

NAME = "carabin.sample.v1.EchoService"
SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


def _descriptor() -> Any:
    """What generated code would give for a service with one method."""
    pool = descriptor_pool.Default()
    file = descriptor_pb2.FileDescriptorProto(
        name="carabin/sample/v1/sample.proto",
        package="carabin.sample.v1",
        dependency=["google/protobuf/wrappers.proto"],
    )
    method = file.service.add(name="EchoService").method.add(name="Echo")
    method.input_type = method.output_type = ".google.protobuf.StringValue"
    pool.Add(file) if hasattr(pool, "Add") else pool.AddSerializedFile(file.SerializeToString())
    return pool.FindServiceByName(NAME)


def _add(servicer: Any, server: Any) -> None:
    handler = grpc.unary_unary_rpc_method_handler(
        servicer, request_deserializer=StringValue.FromString, response_serializer=StringValue.SerializeToString
    )
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(NAME, {"Echo": handler}),))


def _echo(request: StringValue, context: Any) -> StringValue:
    return request


async def _async_echo(request: StringValue, context: Any) -> StringValue:
    return request


def _call(channel: Any) -> Any:
    return channel.unary_unary(f"/{NAME}/Echo", StringValue.SerializeToString, StringValue.FromString)


@pytest.mark.parametrize("first", [b"", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"], ids=["silent", "preface alone"])
def test_a_connection_that_never_completes_its_handshake_is_closed(first: bytes) -> None:
    server = start_server([Service(_descriptor(), _add, _echo)], 0, host="127.0.0.1", header_timeout_s=1.0)
    try:
        with grpc.insecure_channel(f"127.0.0.1:{server.port}") as channel:
            assert _call(channel)(StringValue(value="avant")).value == "avant"
            assert is_let_go(server.port, first)
            assert _call(channel)(StringValue(value="après")).value == "après"
    finally:
        server.stop()


def test_a_service_is_called_checked_found_by_reflection_and_stopped() -> None:
    server = start_server([Service(_descriptor(), _add, _echo)], 0, host="127.0.0.1")
    try:
        with grpc.insecure_channel(f"127.0.0.1:{server.port}") as channel:
            assert _call(channel)(StringValue(value="oui")).value == "oui"
            check = health_pb2_grpc.HealthStub(channel).Check
            for name in ("", NAME):
                assert check(health_pb2.HealthCheckRequest(service=name)).status == SERVING
            server.set_serving(False)
            assert check(health_pb2.HealthCheckRequest(service=NAME)).status == NOT_SERVING
            ask = reflection_pb2.ServerReflectionRequest(list_services="")
            (answer,) = reflection_pb2_grpc.ServerReflectionStub(channel).ServerReflectionInfo(iter([ask]))
            found = {service.name for service in answer.list_services_response.service}
            assert {NAME, "grpc.health.v1.Health"} <= found
        with pytest.raises(PortTaken, match=f"gRPC port {server.port} on 127"):
            start_server([], server.port, host="127.0.0.1")
    finally:
        server.stop(0)


def test_a_port_that_is_taken_leaves_no_line_of_the_librarys_own(capfd: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(PortTaken, match="another program listens"):
        start_server([], taken.getsockname()[1], host="127.0.0.1")
    assert capfd.readouterr() == ("", "")


def test_an_address_of_version_6_is_listened_on() -> None:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this machine has no IPv6 loopback")
    server = start_server([], 0, host="::1")
    try:
        with grpc.insecure_channel(f"[::1]:{server.port}") as channel:
            answer = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=10)
            assert answer.status == SERVING
    finally:
        server.stop(0)


async def test_the_asyncio_server_does_the_same() -> None:
    server = await start_async_server([Service(_descriptor(), _add, _async_echo)], 0, host="127.0.0.1")
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{server.port}") as channel:
            assert (await _call(channel)(StringValue(value="oui"))).value == "oui"
            check = health_pb2_grpc.HealthStub(channel).Check
            assert (await check(health_pb2.HealthCheckRequest(service=NAME))).status == SERVING
            await server.set_serving(False)
            assert (await check(health_pb2.HealthCheckRequest())).status == NOT_SERVING
        with pytest.raises(PortTaken, match="gRPC port"):
            await start_async_server([], server.port, host="127.0.0.1")
    finally:
        await server.stop(0)


def test_tls_is_spoken_where_credentials_are_given(tmp_path: Path) -> None:
    certificate, key = (path.read_bytes() for path in write_certificate(tmp_path))
    credentials = grpc.ssl_server_credentials([(key, certificate)])
    server = start_server([], 0, host="127.0.0.1", credentials=credentials, serving=False)
    try:
        trusting = grpc.ssl_channel_credentials(certificate)
        with grpc.secure_channel(f"127.0.0.1:{server.port}", trusting) as channel:
            answer = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest())
            assert answer.status == NOT_SERVING, "health reports what it was given at first"
        with grpc.insecure_channel(f"127.0.0.1:{server.port}") as channel, pytest.raises(grpc.RpcError):
            health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest())
    finally:
        server.stop(0)
