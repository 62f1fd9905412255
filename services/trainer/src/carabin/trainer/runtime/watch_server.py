"""`WatchRun`: a run's events over gRPC, to any number of watchers, none of whom can slow the run."""

import queue
import threading
from collections.abc import Iterator
from typing import Final

import grpc
from carabin.service.access.factory import make_authenticator, refuse_insecure, server_credentials
from carabin.service.access.settings import AccessSettings
from carabin.service.grpc import GrpcServer, Service, start_server

from ..v1 import trainer_pb2 as pb
from ..v1 import trainer_pb2_grpc
from .progress import Kind, RunEvent

BACKLOG: Final = 1024
"""Events that a watcher may lag behind; a slower one misses the oldest."""

KINDS: Final[dict[Kind, "pb.WatchRunResponse.Kind"]] = {
    "phase": pb.WatchRunResponse.KIND_PHASE,
    "advance": pb.WatchRunResponse.KIND_ADVANCE,
    "metrics": pb.WatchRunResponse.KIND_METRICS,
    "note": pb.WatchRunResponse.KIND_NOTE,
    "end": pb.WatchRunResponse.KIND_END,
}


class WatchRun(trainer_pb2_grpc.TrainerServiceServicer):
    """Keeps the newest event, which holds the run's full state, and passes on those that follow."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._newest: RunEvent | None = None
        self._watchers: list[queue.Queue[RunEvent]] = []

    def publish(self, event: RunEvent) -> None:
        """Pass an event on; never waits."""
        with self._lock:
            self._newest = event
            for watcher in self._watchers:
                if watcher.full():
                    watcher.get_nowait()
                watcher.put_nowait(event)

    def WatchRun(self, request: pb.WatchRunRequest, context: grpc.ServicerContext) -> Iterator[pb.WatchRunResponse]:  # noqa: N802
        """Stream events until the run ends or the watcher leaves."""
        watcher: queue.Queue[RunEvent] = queue.Queue(BACKLOG)
        with self._lock:
            newest = self._newest
            if request.run and newest is not None and newest.run != request.run:
                context.abort(grpc.StatusCode.NOT_FOUND, f"this trainer does the run {newest.run}, not {request.run}")
            if newest is not None:
                watcher.put_nowait(newest)
            self._watchers.append(watcher)
        try:
            while context.is_active():
                try:
                    event = watcher.get(timeout=1.0)
                except queue.Empty:
                    continue
                yield to_message(event)
                if event.kind == "end":
                    return
        finally:
            with self._lock:
                self._watchers.remove(watcher)


def to_message(event: RunEvent) -> pb.WatchRunResponse:
    """Return the event as it travels."""
    return pb.WatchRunResponse(
        run=event.run,
        kind=KINDS[event.kind],
        phase=event.phase,
        done=event.done,
        total=event.total,
        eta_s=event.eta_s,
        step=event.step,
        metrics=event.metrics,
        text=event.text,
    )


def from_message(message: pb.WatchRunResponse) -> RunEvent:
    """Return a travelled event."""
    kinds = {value: name for name, value in KINDS.items()}
    return RunEvent(
        run=message.run,
        kind=kinds.get(message.kind, "note"),
        phase=message.phase,
        done=message.done,
        total=message.total,
        eta_s=message.eta_s if message.HasField("eta_s") else None,
        step=message.step,
        metrics=dict(message.metrics),
        text=message.text,
    )


def serve(watch: WatchRun, port: int, access: AccessSettings) -> GrpcServer:
    """Serve `watch` in threads, to those whom `access` lets in.

    Raises:
        InsecureListening: that would be everybody on a network.
        PortTaken: another program listens there.
    """
    authenticator = make_authenticator(access)
    refuse_insecure(access, authenticator)
    service = Service(
        pb.DESCRIPTOR.services_by_name["TrainerService"], trainer_pb2_grpc.add_TrainerServiceServicer_to_server, watch
    )
    return start_server(
        [service],
        port,
        host=access.host,
        credentials=server_credentials(access),
        authenticator=authenticator,
        header_timeout_s=access.header_timeout_s,
    )
