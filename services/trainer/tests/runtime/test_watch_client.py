"""Tests of following a run that trains elsewhere, before real servers that end in different ways."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import grpc
import pytest
from carabin.service.access.settings import AccessSettings
from carabin.service.grpc import Service, start_server
from carabin.trainer.errors import WatchFailed
from carabin.trainer.runtime import watch_client
from carabin.trainer.runtime.progress import Progress
from carabin.trainer.runtime.watch_client import follow
from carabin.trainer.runtime.watch_server import WatchRun, serve
from carabin.trainer.v1 import trainer_pb2 as pb
from carabin.trainer.v1 import trainer_pb2_grpc

from ..helpers.training import EventRecorder


class LeavesEarly(trainer_pb2_grpc.TrainerServiceServicer):
    """A trainer that ends the stream in the midst of a run."""

    def WatchRun(self, request: pb.WatchRunRequest, context: grpc.ServicerContext) -> Iterator[pb.WatchRunResponse]:  # noqa: N802
        if request.run != "nothing":
            yield pb.WatchRunResponse(run=request.run, kind=pb.WatchRunResponse.KIND_ADVANCE, done=1)


@contextmanager
def served(servicer: trainer_pb2_grpc.TrainerServiceServicer) -> Iterator[str]:
    """Yield the address."""
    if isinstance(servicer, WatchRun):
        server = serve(servicer, 0, AccessSettings())
    else:
        descriptor = pb.DESCRIPTOR.services_by_name["TrainerService"]
        add = trainer_pb2_grpc.add_TrainerServiceServicer_to_server
        server = start_server([Service(descriptor, add, servicer)], 0, host="127.0.0.1")
    try:
        yield f"127.0.0.1:{server.port}"
    finally:
        server.stop(0.0)


def test_the_last_event_of_a_run_is_returned_and_each_is_passed_on() -> None:
    watch, recorder = WatchRun(), EventRecorder()
    with served(watch) as address:
        Progress("r", (watch.publish,)).end("run r is finished", {"wer": 0.25})
        last = follow("r", address, recorder)
    assert (last.kind, last.text, dict(last.metrics)) == ("end", "run r is finished", {"wer": 0.25})
    assert recorder.events == [last]


def test_a_trainer_on_this_machine_is_followed_past_the_proxy_of_the_site(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    for name in ("no_proxy", "no_grpc_proxy"):
        monkeypatch.delenv(name, raising=False)
    watch = WatchRun()
    with served(watch) as address:
        Progress("r", (watch.publish,)).end("run r is finished", {})
        assert follow("r", address, EventRecorder()).kind == "end"


def test_a_trainer_of_another_run_is_named_with_the_run_it_does() -> None:
    watch, recorder = WatchRun(), EventRecorder()
    with served(watch) as address:
        Progress("r", (watch.publish,)).note("begins")
        with pytest.raises(WatchFailed, match=f"cannot follow other at {address}: .*does the run r, not other"):
            follow("other", address, recorder)
    assert recorder.events == []


@pytest.mark.parametrize(("run", "events"), [("r", 1), ("nothing", 0)])
def test_a_trainer_that_goes_away_before_the_end_is_said(run: str, events: int) -> None:
    recorder = EventRecorder()
    with (
        served(LeavesEarly()) as address,
        pytest.raises(WatchFailed, match=f"the trainer at {address} went away before run {run} ended"),
    ):
        follow(run, address, recorder)
    assert len(recorder.events) == events


def test_an_address_where_nobody_answers_is_said_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch_client, "READY_TIMEOUT_S", 0.2)
    with socket.socket() as bound:  # nobody else gets the port, and nobody listens on it
        bound.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{bound.getsockname()[1]}"
        with pytest.raises(WatchFailed, match=f"no trainer answers at {address}: start it with --set grpc_port=PORT"):
            follow("r", address, EventRecorder())
