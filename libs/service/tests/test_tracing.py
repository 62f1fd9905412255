"""A trace id comes in with a request, stands in each of its log lines, and goes out with its calls."""

import asyncio
import contextvars
import io
import json
import logging
import threading
from collections.abc import Iterator
from types import MappingProxyType
from typing import Any

import grpc
import grpc.aio
import pytest
from carabin.service.grpc import Service, start_async_server, start_server
from carabin.service.logging import bind, configure_logging
from carabin.service.tracing import bind_process_trace, bind_trace, current_trace_id, trace_id_of, traceparent
from google.protobuf.wrappers_pb2 import StringValue

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
HEADER = f"00-{TRACE}-00f067aa0ba902b7-01"
log = logging.getLogger("carabin.tests.traced")


@pytest.fixture(autouse=True)
def fresh_context(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bind nothing that a later test would see."""
    monkeypatch.setattr("carabin.service.logging._PROCESS", {})
    monkeypatch.setattr(
        "carabin.service.logging._BOUND", contextvars.ContextVar("of this test", default=MappingProxyType({}))
    )


@pytest.fixture
def lines() -> Iterator[Any]:
    """Yield a function that returns each line written since, as a mapping."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    stream = io.StringIO()
    configure_logging("sample", stream=stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines() if "carabin.tests" in line]
    root.handlers[:] = before
    root.setLevel(level)
    logging.captureWarnings(False)


def test_the_trace_id_is_the_callers() -> None:
    assert trace_id_of(HEADER) == trace_id_of(f" {HEADER} ") == trace_id_of(f"01-{HEADER[3:]}-later-fields") == TRACE


@pytest.mark.parametrize(
    "wrong",
    [
        None,
        "",
        "x",
        HEADER.upper(),
        f"ff-{HEADER[3:]}",
        f"00-{'0' * 32}-00f067aa0ba902b7-01",
        f"00-{TRACE}-{'0' * 16}-01",
    ],
)
def test_a_header_that_is_not_valid_starts_a_trace_of_its_own(wrong: str | None) -> None:
    first, second = trace_id_of(wrong), trace_id_of(wrong)
    assert len(first) == 32
    assert len({first, second, TRACE}) == 3


def test_every_line_of_a_context_carries_what_is_bound_there_and_no_other_line_does(lines: Any) -> None:
    def request(name: str) -> None:
        bind_trace(HEADER)
        bind(session=name)
        log.info("received")

    contextvars.copy_context().run(request, "a")
    log.info("outside")
    assert [(line.get("trace_id"), line.get("session")) for line in lines()] == [(TRACE, "a"), (None, None)]


def test_what_a_line_says_of_itself_wins(lines: Any) -> None:
    bind_trace(HEADER)
    log.info("another's", extra={"trace_id": "f" * 32})
    assert lines()[0]["trace_id"] == "f" * 32


async def test_tasks_side_by_side_keep_their_own(lines: Any) -> None:
    both = asyncio.Barrier(2)

    async def request(session: str) -> None:
        bind(session=session)
        await both.wait()
        await asyncio.create_task(asyncio.to_thread(log.info, session))

    await asyncio.gather(request("a"), request("b"))
    assert sorted((line["message"], line["session"]) for line in lines()) == [("a", "a"), ("b", "b")]


def test_a_call_that_goes_out_belongs_to_the_same_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRACEPARENT", HEADER)
    assert trace_id_of(traceparent()) == TRACE, "of a process that a pipeline started"
    assert current_trace_id() == ""
    assert bind_process_trace() == current_trace_id() == TRACE
    monkeypatch.delenv("TRACEPARENT")
    sent = traceparent()
    assert trace_id_of(sent) == TRACE
    assert sent != HEADER, "each call is a span of its own"


def test_every_thread_of_a_process_with_one_task_logs_under_its_trace(
    lines: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRACEPARENT", HEADER)
    bind_process_trace()
    thread = threading.Thread(target=log.info, args=("uploaded",))
    thread.start()
    thread.join()
    assert lines()[0]["trace_id"] == TRACE


def _ask(_: StringValue, context: Any) -> StringValue:
    log.info("asked")
    return StringValue(value=current_trace_id())


def _ask_twice(request: StringValue, context: Any) -> Iterator[StringValue]:
    yield _ask(request, context)
    yield _ask(request, context)


async def _async_ask(request: StringValue, context: Any) -> StringValue:
    return await asyncio.to_thread(_ask, request, context)


class _Sample:
    """Registers one handler without generated code."""

    full_name = "carabin.sample.v1.Traced"

    def __init__(self, handler: Any) -> None:
        self._handler = handler

    def add(self, _: Any, server: Any) -> None:
        codec = (StringValue.FromString, StringValue.SerializeToString)
        methods = {
            "Ask": grpc.unary_unary_rpc_method_handler(self._handler, *codec),
            "AskTwice": grpc.unary_stream_rpc_method_handler(_ask_twice, *codec),
        }
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(self.full_name, methods),))


def _service(handler: Any) -> Any:
    sample = _Sample(handler)
    return Service(sample, sample.add, None)  # type: ignore[arg-type]


def _call(channel: Any) -> Any:
    return channel.unary_unary(f"/{_Sample.full_name}/Ask", StringValue.SerializeToString, StringValue.FromString)


def test_a_grpc_call_is_logged_under_its_callers_trace(lines: Any) -> None:
    server = start_server([_service(_ask)], 0, host="127.0.0.1")
    try:
        with grpc.insecure_channel(f"127.0.0.1:{server.port}") as channel:
            answer = _call(channel)(StringValue(), metadata=[("traceparent", HEADER)], timeout=10)
            other = _call(channel)(StringValue(), timeout=10)
            stream = channel.unary_stream(
                f"/{_Sample.full_name}/AskTwice", StringValue.SerializeToString, StringValue.FromString
            )
            streamed = [each.value for each in stream(StringValue(), metadata=[("traceparent", HEADER)], timeout=10)]
    finally:
        server.stop(0)
    assert (answer.value, lines()[0]["trace_id"]) == (TRACE, TRACE)
    assert streamed == [TRACE, TRACE]
    assert len(other.value) == 32
    assert other.value != TRACE


async def test_so_is_one_to_the_asyncio_server(lines: Any) -> None:
    server = await start_async_server([_service(_async_ask)], 0, host="127.0.0.1")
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{server.port}") as channel:
            answer = await _call(channel)(StringValue(), metadata=[("traceparent", HEADER)], timeout=10)
            other = await _call(channel)(StringValue(), timeout=10)
    finally:
        await server.stop(0)
    assert (answer.value, lines()[0]["trace_id"]) == (TRACE, TRACE)
    assert other.value not in ("", TRACE)
