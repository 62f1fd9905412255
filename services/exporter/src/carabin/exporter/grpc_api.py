"""The ExporterService over gRPC: it translates between messages, jobs and the ledger."""

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any, Final, NoReturn

import grpc
from carabin.registry.errors import AccessDenied, CarabinError, StoreUnavailable, UnsafePath, VersionMissing
from carabin.registry.store import ObjectStore
from carabin.service.errors import ResourcesExhausted
from carabin.service.grpc import DEFAULT_WORKERS, Service

from .errors import (
    CheckpointRefused,
    ConversionFailed,
    ConversionRefused,
    ExportBusy,
    ExportCancelled,
    ExportFailedBefore,
    ExportUnknown,
    FollowersFull,
    LeaseLost,
    QueueFull,
    RequestInvalid,
)
from .jobs.ledger import Ledger
from .jobs.queue import ExportJob, Jobs
from .jobs.records import ExportRecord
from .jobs.request import ExportRequest
from .settings import ExporterSettings
from .sources import StoredCheckpoint
from .v1 import exporter_pb2, exporter_pb2_grpc

STATUS: Final[Mapping[type[CarabinError], grpc.StatusCode]] = MappingProxyType(
    {
        RequestInvalid: grpc.StatusCode.INVALID_ARGUMENT,
        UnsafePath: grpc.StatusCode.INVALID_ARGUMENT,
        VersionMissing: grpc.StatusCode.NOT_FOUND,
        ExportUnknown: grpc.StatusCode.NOT_FOUND,
        ExportFailedBefore: grpc.StatusCode.FAILED_PRECONDITION,
        CheckpointRefused: grpc.StatusCode.FAILED_PRECONDITION,
        ConversionRefused: grpc.StatusCode.FAILED_PRECONDITION,
        ConversionFailed: grpc.StatusCode.FAILED_PRECONDITION,
        ExportBusy: grpc.StatusCode.ABORTED,
        LeaseLost: grpc.StatusCode.ABORTED,
        ExportCancelled: grpc.StatusCode.CANCELLED,
        ResourcesExhausted: grpc.StatusCode.RESOURCE_EXHAUSTED,
        QueueFull: grpc.StatusCode.RESOURCE_EXHAUSTED,
        FollowersFull: grpc.StatusCode.RESOURCE_EXHAUSTED,
        StoreUnavailable: grpc.StatusCode.UNAVAILABLE,
        AccessDenied: grpc.StatusCode.PERMISSION_DENIED,
    }
)
"""The one place where our errors become gRPC's; what is not here is INTERNAL."""


MAX_FOLLOWERS: Final = DEFAULT_WORKERS // 2
"""Export streams served at once: each holds one of the server's threads until its export ends, and the other half stays
free for short calls, the health checks of the cluster among them."""


def exporter_service(servicer: "ExporterServicer") -> Service:
    """Return the servicer as the service library registers it."""
    descriptor = exporter_pb2.DESCRIPTOR.services_by_name["ExporterService"]
    return Service(descriptor, exporter_pb2_grpc.add_ExporterServiceServicer_to_server, servicer)


class ExporterServicer(exporter_pb2_grpc.ExporterServiceServicer):
    """Serves proto/carabin/exporter/v1/exporter.proto."""

    def __init__(
        self, store: ObjectStore, checkpoints_bucket: str, ledger: Ledger, jobs: Jobs, settings: ExporterSettings
    ) -> None:
        self._store, self._bucket, self._ledger = store, checkpoints_bucket, ledger
        self._jobs, self._settings = jobs, settings
        self._followers = threading.BoundedSemaphore(MAX_FOLLOWERS)

    def Export(  # noqa: N802 - gRPC's own spelling
        self, request: exporter_pb2.ExportRequest, context: grpc.ServicerContext
    ) -> Iterator[exporter_pb2.ExportProgress]:
        started = time.monotonic()
        try:
            with self._follower():
                job = self._jobs.submit(self._request(request))
                yield from self._progress(job, started, context)
            if job.error:
                raise job.error
            outcome = self._ledger.read(job.request.name, job.id).record
        except CarabinError as error:
            _abort(context, error)
        elapsed_s = time.monotonic() - started
        yield exporter_pb2.ExportProgress(id=job.id, stage="done", elapsed_s=elapsed_s, outcome=_status(outcome))

    def GetExport(  # noqa: N802
        self, request: exporter_pb2.GetExportRequest, context: grpc.ServicerContext
    ) -> exporter_pb2.ExportStatus:
        try:
            return _status(self._ledger.read(self._name(request.name), request.id).record)
        except CarabinError as error:
            _abort(context, error)

    def ListExports(  # noqa: N802
        self, request: exporter_pb2.ListExportsRequest, context: grpc.ServicerContext
    ) -> exporter_pb2.ListExportsResponse:
        try:
            found = self._ledger.list(self._name(request.name))
            return exporter_pb2.ListExportsResponse(exports=[_status(record) for record in found])
        except CarabinError as error:
            _abort(context, error)

    def CancelExport(  # noqa: N802
        self, request: exporter_pb2.CancelExportRequest, context: grpc.ServicerContext
    ) -> exporter_pb2.ExportStatus:
        try:
            return _status(self._cancel(self._name(request.name), request.id))
        except CarabinError as error:
            _abort(context, error)

    @contextmanager
    def _follower(self) -> Iterator[None]:
        if not self._followers.acquire(blocking=False):
            raise FollowersFull(
                f"{MAX_FOLLOWERS} callers follow exports here already; ask for one with GetExport, or try again later"
            )
        try:
            yield
        finally:
            self._followers.release()

    def _cancel(self, name: str, number: str) -> ExportRecord:
        jobs = self._jobs.unfinished(number)
        try:
            # The record first: an export of ours that sees the stop must find that it was asked for.
            record = self._ledger.request_cancel(name, number)
        except ExportUnknown:
            if not jobs:
                raise
            # It waits here and no record of it exists: writing one keeps every watcher from it.
            source = jobs[0].request.source
            held = self._ledger.claim(name, source.identity, source.label, jobs[0].request.forms)
            record = self._ledger.finish(held, "cancelled", "asked to stop before it began")
        for job in jobs:
            job.stop.set()
        return record

    def _name(self, name: str) -> str:
        return name or self._settings.model_name

    def _request(self, request: exporter_pb2.ExportRequest) -> ExportRequest:
        if not request.run:
            raise RequestInvalid("`run` is empty: name the training run whose checkpoint is to be exported")
        step = request.step if request.HasField("step") else None
        return ExportRequest(
            source=StoredCheckpoint(self._store, self._bucket, request.run, step),
            name=self._name(request.name),
            quantizations=tuple(request.quantizations) or self._settings.quantizations,
            language=request.language or self._settings.language,
            retry=request.retry,
        )

    def _progress(
        self, job: ExportJob, started: float, context: grpc.ServicerContext
    ) -> Iterator[exporter_pb2.ExportProgress]:
        for step in job.follow():
            if not context.is_active():
                return
            if step:
                yield exporter_pb2.ExportProgress(
                    id=job.id, stage=step.stage, detail=step.detail, elapsed_s=time.monotonic() - started
                )


def _status(record: ExportRecord) -> exporter_pb2.ExportStatus:
    status = exporter_pb2.ExportStatus(
        id=record.id,
        name=record.name,
        checkpoint=record.checkpoint,
        state=f"EXPORT_STATE_{record.state.upper()}",
        stage=record.stage,
        reason=record.reason,
        versions=record.versions,
        owner=record.owner,
        cancel_requested=record.cancel_requested,
    )
    status.created_at.FromDatetime(record.created_at)
    status.expires_at.FromDatetime(record.expires_at)
    return status


def _abort(context: Any, error: CarabinError) -> NoReturn:
    code = next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), grpc.StatusCode.INTERNAL)
    context.abort(code, str(error))
    raise AssertionError("abort raises")
