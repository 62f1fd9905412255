"""Dictation over gRPC: the same sessions, in the words of the proto."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import grpc
import grpc.aio
import numpy as np
import pytest
from carabin.service.access.identity import Identity
from carabin.transcriber.core.config import SessionConfig
from carabin.transcriber.core.errors import Overloaded
from carabin.transcriber.core.events import SessionWarning
from carabin.transcriber.grpc_api.server import NAME
from carabin.transcriber.grpc_api.service import _Stream
from carabin.transcriber.http.server import Server
from carabin.transcriber.testing.dictation import FakeDictation
from carabin.transcriber.testing.transcriber import FakeTranscriber
from carabin.transcriber.v1 import transcriber_pb2 as pb
from carabin.transcriber.v1 import transcriber_pb2_grpc
from carabin.transcriber.wire.admission import Admission
from carabin.transcriber.wire.errors import WrongAudioFormat
from carabin.transcriber.wire.metrics import WireMetrics
from carabin.transcriber.wire.pcm import FORMATS
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from prometheus_client import CollectorRegistry

from ..helpers.servers import running, silence, speech, until

KEY = "correct-horse-battery"


@asynccontextmanager
async def channel(server: Server) -> AsyncIterator[grpc.aio.Channel]:
    async with grpc.aio.insecure_channel(f"127.0.0.1:{server.grpc_port}") as opened:
        yield opened


def requests(*audio: bytes, **config: object) -> Sequence[pb.DictateRequest]:
    chosen = pb.Config(audio_format=pb.AUDIO_FORMAT_FLOAT32, **config)
    return [pb.DictateRequest(config=chosen), *(pb.DictateRequest(audio=part) for part in audio)]


async def dictate(server: Server, sent: Sequence[pb.DictateRequest], **options: object) -> list[pb.DictateResponse]:
    async with channel(server) as opened:
        stub = transcriber_pb2_grpc.TranscriberServiceStub(opened)
        return [response async for response in stub.Dictate(iter(sent), timeout=10, **options)]


def finals(responses: list[pb.DictateResponse]) -> list[pb.Final]:
    return [response.final for response in responses if response.WhichOneof("event") == "final"]


async def read_to_the_error(call: grpc.aio.StreamStreamCall) -> tuple[list[pb.DictateResponse], grpc.aio.AioRpcError]:
    responses = []
    try:
        while (response := await call.read()) is not grpc.aio.EOF:
            responses.append(response)
    except grpc.aio.AioRpcError as error:
        return responses, error
    raise AssertionError("the call ended well")


async def test_stream_is_ready_first_and_final_at_the_end():
    async with running(grpc_port=0) as server:
        sent = requests(speech(0.8), silence(1), speech(0.3), word_times=True, formatted=True)
        responses = await dictate(server, sent)
    assert responses[0].ready.model_version == "fake-1"
    assert [final.text for final in finals(responses)] == [" le patient", " le"]
    first = finals(responses)[0]
    assert [word.text for word in first.words] == [" le", " patient"]
    assert (first.formatted, first.model_version) == ("le patient", "fake-1")
    assert any(response.WhichOneof("event") == "partial" for response in responses)


async def test_a_warning_of_the_session_is_sent():
    transcriber = FakeTranscriber()
    async with running(transcriber, grpc_port=0) as server, channel(server) as opened:
        call = transcriber_pb2_grpc.TranscriberServiceStub(opened).Dictate(timeout=10)
        await call.write(requests()[0])
        assert (await call.read()).WhichOneof("event") == "ready"
        next(iter(transcriber.dictations.values())).emit(SessionWarning("prompt_cut", "3 of 9 words did not fit"))
        warning = (await call.read()).warning
        assert (warning.code, warning.message) == ("prompt_cut", "3 of 9 words did not fit")
        call.cancel()


async def test_flush_is_answered_when_what_came_before_is_final():
    async with running(grpc_port=0) as server:
        flush = pb.DictateRequest(flush=pb.Flush())
        responses = await dictate(server, [*requests(speech(0.8), finals_only=True), flush])
    kinds = [response.WhichOneof("event") for response in responses]
    assert kinds[:4] == ["ready", "final", "acknowledged", "flushed"]


async def test_model_change_is_sent_between_utterances():
    transcriber = FakeTranscriber()
    async with running(transcriber, grpc_port=0) as server, channel(server) as opened:
        call = transcriber_pb2_grpc.TranscriberServiceStub(opened).Dictate()
        for request in requests(speech(0.4), silence(1)):
            await call.write(request)
        while (await call.read()).WhichOneof("event") != "acknowledged":
            pass
        transcriber.swap("fake-2")
        await call.write(pb.DictateRequest(audio=speech(0.4)))
        await call.done_writing()
        rest = []
        while (response := await call.read()) is not grpc.aio.EOF:
            rest.append(response)
    changes = [response.model_changed for response in rest if response.WhichOneof("event") == "model_changed"]
    assert [(change.previous, change.version) for change in changes] == [("fake-1", "fake-2")]
    assert finals(rest)[0].model_version == "fake-2"


@pytest.mark.parametrize(
    ("sent", "word"),
    [
        ([pb.DictateRequest(audio=b"\x00\x00")], "configuration"),
        (requests(language="xx"), "xx"),
        (requests(vocabularies=["absent"]), "absent"),
        (requests(initial_prompt="x" * 9000), "initial_prompt has 9000 characters: 8000 are allowed"),
        (requests(hotwords="x" * 9000), "hotwords has 9000 characters: 8000 are allowed"),
        (requests(b"\x00" * 6), "float32"),
        ([*requests(), pb.DictateRequest(config=pb.Config())], "twice"),
        ([*requests(), pb.DictateRequest()], "neither"),
    ],
)
async def test_bad_request_is_an_invalid_argument_with_its_reason(sent, word):
    async with running(grpc_port=0) as server:
        with pytest.raises(grpc.aio.AioRpcError) as refusal:
            await dictate(server, sent)
        assert refusal.value.code() is grpc.StatusCode.INVALID_ARGUMENT
        assert word in refusal.value.details()
        assert server.parts.admission.sessions == set()


@pytest.mark.parametrize("wrong", [pb.DictateRequest(audio=b"\x00" * 6), pb.DictateRequest()])
async def test_error_amid_speech_makes_it_final_before_the_status_says_why(wrong):
    async with running(grpc_port=0) as server, channel(server) as opened:
        call = transcriber_pb2_grpc.TranscriberServiceStub(opened).Dictate(iter([*requests(speech(0.8)), wrong]))
        responses, error = await read_to_the_error(call)
    assert [final.text for final in finals(responses)] == [" le patient"]
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT


async def test_audio_in_another_format_than_declared_is_an_error_before_any_text():
    sent = requests((8000 * np.sin(np.arange(16_000) * 0.05)).astype("<i2").tobytes())
    async with running(grpc_port=0) as server, channel(server) as opened:
        call = transcriber_pb2_grpc.TranscriberServiceStub(opened).Dictate(iter(sent))
        responses, error = await read_to_the_error(call)
    assert [response.WhichOneof("event") for response in responses] == ["ready"]
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert "audio_format" in (error.details() or "")


async def test_longest_session_ends_a_stream_too():
    async with running(grpc_port=0, session_hours=1e-9) as server, channel(server) as opened:
        call = transcriber_pb2_grpc.TranscriberServiceStub(opened).Dictate()
        await call.write(requests()[0])
        _, error = await read_to_the_error(call)
        assert server.parts.admission.sessions == set()
    assert error.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert "longest time" in (error.details() or "")


async def test_overload_says_when_to_come_back():
    transcriber = FakeTranscriber()
    transcriber.refuse_with = Overloaded(retry_after_s=30)
    async with running(transcriber, grpc_port=0) as server:
        with pytest.raises(grpc.aio.AioRpcError) as refusal:
            await dictate(server, requests())
    assert refusal.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert refusal.value.trailing_metadata()["retry-after-s"] == "30"


async def test_key_is_needed_where_keys_are_set():
    async with running(grpc_port=0, api_keys=f"ward-3:{KEY}") as server:
        with pytest.raises(grpc.aio.AioRpcError) as refusal:
            await dictate(server, requests())
        assert refusal.value.code() is grpc.StatusCode.UNAUTHENTICATED
        metadata = (("authorization", f"Bearer {KEY}"),)
        assert finals(await dictate(server, requests(speech(0.4)), metadata=metadata))
        assert server.parts.transcriber.identities == ["ward-3"]


class Expired:
    """Knows one person, whose token's time is over as soon as it is read."""

    required = True

    async def identify(self, token: str | None) -> Identity:
        return Identity.until("dr-house", 0.0)


async def test_stream_ends_with_its_token():
    async with running(grpc_port=0, authenticator=Expired()) as server, channel(server) as opened:
        call = transcriber_pb2_grpc.TranscriberServiceStub(opened).Dictate()
        await call.write(requests()[0])
        responses, ended = await read_to_the_error(call)
        await server.parts.admission.wait_empty()
    assert [response.WhichOneof("event") for response in responses][:1] == ["ready"]
    assert (ended.code(), "expired" in (ended.details() or "")) == (grpc.StatusCode.UNAUTHENTICATED, True)


async def test_engine_failure_ends_the_call_as_internal():
    transcriber = FakeTranscriber()
    async with running(transcriber, grpc_port=0) as server, channel(server) as opened:
        call = transcriber_pb2_grpc.TranscriberServiceStub(opened).Dictate()
        await call.write(requests()[0])
        await call.read()
        next(iter(transcriber.dictations.values())).fail("the engine is gone")
        with pytest.raises(grpc.aio.AioRpcError) as failure:
            await call.read()
    assert failure.value.code() is grpc.StatusCode.INTERNAL
    assert failure.value.details() == "the engine is gone"


async def test_stream_says_why_its_session_failed_where_more_audio_came_before_that_was_read():
    transcriber = FakeTranscriber()
    await transcriber.start()
    admission = Admission(transcriber, sessions_per_identity=1, metrics=WireMetrics(CollectorRegistry()))
    admitted = admission.admit(SessionConfig(), Identity("ward-3"), "grpc", "")
    [dictation] = transcriber.dictations.values()
    failed = asyncio.Event()

    async def audio() -> AsyncIterator[pb.DictateRequest]:
        await failed.wait()
        yield pb.DictateRequest(audio=speech(0.1))

    responses = _Stream(admitted, FORMATS["float32"], None).run(audio())
    dictation.emit(SessionWarning("prompt_cut", "3 of 9 words did not fit"))
    await anext(responses)  # held here while gRPC writes it
    dictation.fail("a voice with a pitch of 50 Hz", not_audio=True)
    failed.set()
    await until(lambda: asyncio.all_tasks() == {asyncio.current_task()})  # the audio was refused
    with pytest.raises(WrongAudioFormat, match="a pitch of 50 Hz"):
        await anext(responses)


async def test_session_knows_of_the_pause_that_its_budget_wants(monkeypatch):
    pauses = []

    async def wait_for_room(_: FakeDictation, delay_s: float = 0.0) -> None:
        pauses.append(delay_s)

    monkeypatch.setattr(FakeDictation, "wait_for_room", wait_for_room)
    async with running(grpc_port=0) as server:
        server.parts.admission.audio_rate, server.parts.admission.audio_burst_s = 1.0, 1.0
        await dictate(server, requests(speech(3)))
    assert pauses == [2.0]


async def test_client_that_leaves_frees_its_session():
    transcriber = FakeTranscriber()
    async with running(transcriber, grpc_port=0) as server:
        async with channel(server) as opened:
            call = transcriber_pb2_grpc.TranscriberServiceStub(opened).Dictate()
            await call.write(requests()[0])
            await call.read()
            call.cancel()
        await asyncio.wait_for(server.parts.admission.wait_empty(), 5)
        assert transcriber.dictations == {}


async def test_model_is_answered_and_watched():
    transcriber = FakeTranscriber()
    async with running(transcriber, grpc_port=0) as server, channel(server) as opened:
        stub = transcriber_pb2_grpc.TranscriberServiceStub(opened)
        assert (await stub.GetModel(pb.GetModelRequest())).model.version == "fake-1"
        watching = stub.WatchModel(pb.WatchModelRequest())
        assert (await watching.read()).model.state == pb.MODEL_STATE_STEADY
        transcriber.swap("fake-2")
        assert (await watching.read()).model.version == "fake-2"
        watching.cancel()


async def test_health_and_reflection_are_the_standard_ones():
    async with running(grpc_port=0) as server, channel(server) as opened:
        request = health_pb2.HealthCheckRequest(service=NAME)
        watching = health_pb2_grpc.HealthStub(opened).Watch(request)
        while (await watching.read()).status != health_pb2.HealthCheckResponse.SERVING:
            pass
        watching.cancel()
        stub = reflection_pb2_grpc.ServerReflectionStub(opened)
        asked = reflection_pb2.ServerReflectionRequest(list_services="")
        [answer] = [each async for each in stub.ServerReflectionInfo(iter([asked]))]
        assert NAME in [service.name for service in answer.list_services_response.service]


async def test_health_does_not_serve_again_where_a_model_arrives_while_the_service_leaves():
    transcriber = FakeTranscriber()
    async with running(transcriber, grpc_port=0, drain_s=60) as server, channel(server) as opened:
        call = transcriber_pb2_grpc.TranscriberServiceStub(opened).Dictate(timeout=10)
        await call.write(requests()[0])
        await call.read()
        check = health_pb2_grpc.HealthStub(opened).Check
        asked = health_pb2.HealthCheckRequest(service=NAME)
        server.leave()
        await until(lambda: server.parts.admission.draining)
        assert (await check(asked)).status == health_pb2.HealthCheckResponse.NOT_SERVING
        transcriber.swap("fake-2")
        assert (await check(asked)).status == health_pb2.HealthCheckResponse.NOT_SERVING
        call.cancel()


async def test_reflection_asks_for_the_token_of_a_dictation():
    async with running(grpc_port=0, api_keys=f"ward:{KEY}") as server, channel(server) as opened:
        reflect = reflection_pb2_grpc.ServerReflectionStub(opened).ServerReflectionInfo
        asked = reflection_pb2.ServerReflectionRequest(list_services="")
        with pytest.raises(grpc.aio.AioRpcError) as refusal:
            [each async for each in reflect(iter([asked]))]
        assert refusal.value.code() is grpc.StatusCode.UNAUTHENTICATED
        [answer] = [each async for each in reflect(iter([asked]), metadata=(("authorization", f"Bearer {KEY}"),))]
        assert NAME in [service.name for service in answer.list_services_response.service]


async def test_shutdown_makes_a_stream_final_before_it_ends_as_unavailable():
    async with running(grpc_port=0, drain_s=0.1) as server, channel(server) as opened:
        call = transcriber_pb2_grpc.TranscriberServiceStub(opened).Dictate()
        for request in requests(speech(0.8)):
            await call.write(request)
        while (await call.read()).WhichOneof("event") != "partial":
            pass
        server.leave()
        responses, ended = await read_to_the_error(call)
    assert ended.code() is grpc.StatusCode.UNAVAILABLE
    assert [final.text for final in finals(responses)] == [" le patient"]


async def test_model_is_chosen_by_name_and_an_unknown_one_is_not_found():
    transcriber = FakeTranscriber(others=("radiologie",))
    async with running(transcriber, grpc_port=0) as server:
        first, *_ = await dictate(server, requests(speech(0.8), model="radiologie"))
        assert first.ready.model_version == "radiologie-1"
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await dictate(server, requests(model="dermatologie"))
        assert refused.value.code() is grpc.StatusCode.NOT_FOUND
        assert "served: fake, radiologie" in refused.value.details()
        async with channel(server) as opened:
            stub = transcriber_pb2_grpc.TranscriberServiceStub(opened)
            assert (await stub.GetModel(pb.GetModelRequest(name="radiologie"))).model.version == "radiologie-1"
            assert (await stub.GetModel(pb.GetModelRequest())).model.name == "fake"
            with pytest.raises(grpc.aio.AioRpcError):
                await stub.GetModel(pb.GetModelRequest(name="dermatologie"))
