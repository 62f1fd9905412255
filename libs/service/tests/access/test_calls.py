"""A real gRPC client before servers that ask for a token: refused without, served with it; health is for anybody."""

import logging
from collections.abc import AsyncIterator, Iterator
from typing import Any

import grpc
import grpc.aio
import pytest
from carabin.service.access.identity import Authenticator, ChainedAuthenticator, StaticKeys
from carabin.service.access.jwks import KeyFile
from carabin.service.access.oidc import OidcTokens
from carabin.service.grpc import Service, start_async_server, start_server
from carabin.service.testing.issuer import AUDIENCE, ISSUER, FileIssuer
from google.protobuf import descriptor_pb2, descriptor_pool
from google.protobuf.wrappers_pb2 import StringValue
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

NAME = "carabin.guarded.v1.EchoService"
KEY = "correct-horse-battery"
KINDS = ("unary_unary", "unary_stream", "stream_unary", "stream_stream")
REFUSED, FORBIDDEN = grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED


@pytest.fixture
def authenticator(issuer: FileIssuer) -> Authenticator:
    """Takes one key, and the tokens of an issuer that grant `export`."""
    tokens = OidcTokens(ISSUER, AUDIENCE, "export", KeyFile(issuer.jwks))
    return ChainedAuthenticator([StaticKeys([("ward", KEY)]), tokens])


@pytest.fixture(scope="module")
def descriptor() -> Any:
    pool = descriptor_pool.Default()
    file = descriptor_pb2.FileDescriptorProto(
        name="carabin/guarded/v1/guarded.proto",
        package="carabin.guarded.v1",
        dependency=["google/protobuf/wrappers.proto"],
    )
    service = file.service.add(name="EchoService")
    for kind in KINDS:
        method = service.method.add(name=kind)
        method.input_type = method.output_type = ".google.protobuf.StringValue"
        method.client_streaming, method.server_streaming = kind.startswith("stream"), kind.endswith("stream")
    pool.Add(file) if hasattr(pool, "Add") else pool.AddSerializedFile(file.SerializeToString())
    return pool.FindServiceByName(NAME)


class Echo:
    """Answers each kind of call with what was sent, and counts the calls that reached it."""

    def __init__(self) -> None:
        self.reached = 0

    def add(self, servicer: Any, server: Any) -> None:
        coders = {
            "request_deserializer": StringValue.FromString, "response_serializer": StringValue.SerializeToString,
        }  # fmt: skip
        handlers = {
            kind: getattr(grpc, f"{kind}_rpc_method_handler")(getattr(servicer, kind), **coders) for kind in KINDS
        }
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(NAME, handlers),))

    def unary_unary(self, request: StringValue, context: Any) -> StringValue:
        self.reached += 1
        return request

    def unary_stream(self, request: StringValue, context: Any) -> Iterator[StringValue]:
        self.reached += 1
        yield request

    def stream_unary(self, requests: Iterator[StringValue], context: Any) -> StringValue:
        self.reached += 1
        return list(requests)[-1]

    def stream_stream(self, requests: Iterator[StringValue], context: Any) -> Iterator[StringValue]:
        self.reached += 1
        yield from requests


def bearing(token: str | None) -> tuple[tuple[str, str], ...]:
    return (("authorization", f"Bearer {token}"),) if token else ()


def call(channel: grpc.Channel, kind: str, token: str | None) -> str:
    stub = getattr(channel, kind)(f"/{NAME}/{kind}", StringValue.SerializeToString, StringValue.FromString)
    asked = StringValue(value="oui")
    answer = stub(iter([asked]) if kind.startswith("stream") else asked, metadata=bearing(token), timeout=30)
    return str(next(iter(answer)).value if kind.endswith("stream") else answer.value)


def reflected(channel: grpc.Channel, token: str | None) -> set[str]:
    ask = reflection_pb2.ServerReflectionRequest(list_services="")
    stub = reflection_pb2_grpc.ServerReflectionStub(channel)
    (answer,) = stub.ServerReflectionInfo(iter([ask]), metadata=bearing(token), timeout=30)
    return {service.name for service in answer.list_services_response.service}


@pytest.fixture
def echo() -> Echo:
    return Echo()


@pytest.fixture
def guarded(descriptor: Any, authenticator: Authenticator, echo: Echo) -> Iterator[grpc.Channel]:
    server = start_server([Service(descriptor, echo.add, echo)], 0, host="127.0.0.1", authenticator=authenticator)
    with grpc.insecure_channel(f"127.0.0.1:{server.port}") as channel:
        yield channel
    server.stop(0)


@pytest.mark.parametrize("kind", KINDS)
def test_a_call_of_any_kind_begins_with_a_good_token_alone(
    kind: str, guarded: grpc.Channel, echo: Echo, issuer: FileIssuer, caplog: pytest.LogCaptureFixture
) -> None:
    wrong = [(None, REFUSED), ("wrong", REFUSED), (issuer.token(exp=1), REFUSED), (issuer.token(), FORBIDDEN)]
    for token, code in wrong:
        with pytest.raises(grpc.RpcError) as refusal:
            call(guarded, kind, token)
        assert refusal.value.code() is code
    assert echo.reached == 0, "a call that was refused began all the same"
    assert KEY not in caplog.text
    with caplog.at_level(logging.INFO, logger="carabin.service.access.calls"):
        assert call(guarded, kind, KEY) == "oui"
        assert call(guarded, kind, issuer.token(scope="export")) == "oui"
    assert [record.identity for record in caplog.records if getattr(record, "event", "") == "call"] == [
        "ward",
        "dr-house",
    ]
    assert len([record for record in caplog.records if getattr(record, "event", "") == "call_refused"]) == len(wrong)


def test_health_is_checked_without_a_token_and_reflection_is_not(guarded: grpc.Channel) -> None:
    answer = health_pb2_grpc.HealthStub(guarded).Check(health_pb2.HealthCheckRequest(service=NAME), timeout=30)
    assert answer.status == health_pb2.HealthCheckResponse.SERVING
    with pytest.raises(grpc.RpcError) as refusal:
        reflected(guarded, None)
    assert refusal.value.code() is REFUSED
    assert NAME in reflected(guarded, KEY)


def test_a_method_that_is_not_there_is_unimplemented_and_no_failure(guarded: grpc.Channel) -> None:
    with pytest.raises(grpc.RpcError) as refusal:
        guarded.unary_unary("/nothing/Here", StringValue.SerializeToString, StringValue.FromString)(StringValue())
    assert refusal.value.code() is grpc.StatusCode.UNIMPLEMENTED


@pytest.fixture
async def watched(descriptor: Any, authenticator: Authenticator) -> AsyncIterator[grpc.aio.Channel]:
    server = await start_async_server([], 0, host="127.0.0.1", authenticator=authenticator)
    async with grpc.aio.insecure_channel(f"127.0.0.1:{server.port}") as channel:
        yield channel
    await server.stop(0)


async def test_the_asyncio_server_asks_reflection_for_a_token_and_leaves_the_rest_to_its_servicers(
    watched: grpc.aio.Channel,
) -> None:
    ask = reflection_pb2.ServerReflectionRequest(list_services="")
    reflect = reflection_pb2_grpc.ServerReflectionStub(watched).ServerReflectionInfo
    with pytest.raises(grpc.aio.AioRpcError) as refusal:
        async for _ in reflect(iter([ask]), timeout=30):
            pass
    assert refusal.value.code() is REFUSED
    answers = [each async for each in reflect(iter([ask]), metadata=bearing(KEY), timeout=30)]
    assert answers[0].list_services_response.service
    answer = await health_pb2_grpc.HealthStub(watched).Check(health_pb2.HealthCheckRequest(), timeout=30)
    assert answer.status == health_pb2.HealthCheckResponse.SERVING


def test_beyond_loopback_there_is_no_reflection_without_authentication(descriptor: Any, echo: Echo) -> None:
    server = start_server([Service(descriptor, echo.add, echo)], 0, host="0.0.0.0")
    try:
        with grpc.insecure_channel(f"127.0.0.1:{server.port}") as channel:
            assert call(channel, "unary_unary", None) == "oui"
            with pytest.raises(grpc.RpcError) as refusal:
                reflected(channel, None)
            assert refusal.value.code() is grpc.StatusCode.UNIMPLEMENTED
    finally:
        server.stop(0)


async def test_nor_of_the_asyncio_server() -> None:
    server = await start_async_server([], 0, host="0.0.0.0")
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{server.port}") as channel:
            ask = reflection_pb2.ServerReflectionRequest(list_services="")
            with pytest.raises(grpc.aio.AioRpcError) as refusal:
                async for _ in reflection_pb2_grpc.ServerReflectionStub(channel).ServerReflectionInfo(iter([ask])):
                    pass
            assert refusal.value.code() is grpc.StatusCode.UNIMPLEMENTED
    finally:
        await server.stop(0)
