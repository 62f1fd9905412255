"""ExporterService over a real socket: its progress, its statuses, cancelling, and how many may follow."""

import errno
import threading
import urllib.request
from pathlib import Path

import grpc
import pytest
from carabin.exporter.grpc_api import MAX_FOLLOWERS
from carabin.exporter.jobs.pipeline import Exporter
from carabin.exporter.v1 import exporter_pb2, exporter_pb2_grpc
from carabin.registry.artifacts.publish import list_versions
from carabin.registry.errors import AccessDenied, ClockSkewed, StoreError, StoreUnreachable
from carabin.registry.testing.faulty import FaultyStore
from carabin.registry.testing.memory import MemoryStore
from safetensors import SafetensorError

from .conftest import HeldConversion, wait_for
from .helpers.service import is_serving, publish, service


def test_export_streams_its_progress_and_ends_with_the_outcome(
    store: MemoryStore, pristine_checkpoint: Path, tmp_path: Path
) -> None:
    publish(store, pristine_checkpoint)
    with service(store, tmp_path) as (ports, channel):
        stub = exporter_pb2_grpc.ExporterServiceStub(channel)
        request = exporter_pb2.ExportRequest(run="run-1", quantizations=["float16", "int8"])
        messages = list(stub.Export(request))
        assert [m.stage for m in messages] == [
            "queued", "fetch", "convert", "prove", "publish", "prove", "publish", "done", "done",
        ]  # fmt: skip
        outcome = messages[-1].outcome
        assert outcome.state == exporter_pb2.EXPORT_STATE_DONE
        assert set(outcome.versions) == {"float16", "int8"}
        assert sorted(outcome.versions.values()) == list_versions(store, "models", "cardio")
        assert stub.GetExport(exporter_pb2.GetExportRequest(id=outcome.id)) == outcome
        assert list(stub.ListExports(exporter_pb2.ListExportsRequest(name="cardio")).exports) == [outcome]
        assert stub.CancelExport(exporter_pb2.CancelExportRequest(id=outcome.id)).state == outcome.state
        again = list(stub.Export(request))
        assert again[-1].outcome.versions == outcome.versions
        assert [m.stage for m in again] == ["queued", "done", "done"]
        with urllib.request.urlopen(f"http://127.0.0.1:{ports.metrics_port}/metrics") as answer:
            text = answer.read().decode()
        assert 'carabin_exporter_exports_total{state="done"} 2.0' in text
        assert 'carabin_exporter_stage_seconds_count{stage="prove"} 2.0' in text


def test_streams_that_wait_for_exports_leave_the_health_check_its_thread(
    store: MemoryStore, pristine_checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(store, pristine_checkpoint)
    held = threading.Event()
    monkeypatch.setattr(Exporter, "export", lambda *_: held.wait() and [])
    with service(store, tmp_path) as (_, channel):
        stub = exporter_pb2_grpc.ExporterServiceStub(channel)
        streams = [stub.Export(exporter_pb2.ExportRequest(run="run-1")) for _ in range(3 * MAX_FOLLOWERS)]
        refused = []
        for stream in streams:
            try:
                next(stream)
            except grpc.RpcError as error:
                refused.append((error.code(), "GetExport" in error.details()))
        assert refused == [(grpc.StatusCode.RESOURCE_EXHAUSTED, True)] * 2 * MAX_FOLLOWERS
        assert is_serving(channel)
        streams[0].cancel()
        for stream in streams:
            stream.cancel()
        held.set()


def test_refusals_have_the_status_that_a_caller_can_act_on(
    store: MemoryStore, checkpoint: Path, tmp_path: Path
) -> None:
    (checkpoint / "tokenizer.json").unlink()
    publish(store, checkpoint)
    with service(store, tmp_path) as (_, channel):
        stub = exporter_pb2_grpc.ExporterServiceStub(channel)

        def refused(**request: object) -> tuple[grpc.StatusCode, str]:
            with pytest.raises(grpc.RpcError) as error:
                list(stub.Export(exporter_pb2.ExportRequest(**request)))  # type: ignore[arg-type]
            return error.value.code(), error.value.details()

        assert refused() == (
            grpc.StatusCode.INVALID_ARGUMENT,
            "`run` is empty: name the training run whose checkpoint is to be exported",
        )
        assert refused(run="run-1", quantizations=["int4"])[0] == grpc.StatusCode.INVALID_ARGUMENT
        assert refused(run="../x")[0] == grpc.StatusCode.INVALID_ARGUMENT
        assert refused(run="run-1", step=7)[0] == grpc.StatusCode.NOT_FOUND
        for _ in range(2):
            code, details = refused(run="run-1")
            assert code == grpc.StatusCode.FAILED_PRECONDITION
            assert "tokenizer.json is missing" in details
        with pytest.raises(grpc.RpcError) as error:
            stub.GetExport(exporter_pb2.GetExportRequest(id="0" * 16))
        assert error.value.code() == grpc.StatusCode.NOT_FOUND


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (StoreUnreachable("store/models: the store does not answer"), grpc.StatusCode.UNAVAILABLE),
        (
            ClockSkewed("store/models: the store's clock and this machine's are 2 days apart"),
            grpc.StatusCode.UNAVAILABLE,
        ),
        (AccessDenied("store/models: AccessDenied"), grpc.StatusCode.PERMISSION_DENIED),
    ],
    ids=["away", "clock", "denied"],
)
def test_a_store_that_refuses_is_a_status_that_says_whether_to_try_again(
    store: MemoryStore, tmp_path: Path, error: StoreError, code: grpc.StatusCode
) -> None:
    refusing = FaultyStore(store, error=error)
    with service(refusing, tmp_path) as (_, channel):
        stub = exporter_pb2_grpc.ExporterServiceStub(channel)
        refusing.fail_from_now()
        calls = (
            lambda: list(stub.Export(exporter_pb2.ExportRequest(run="run-1"))),
            lambda: stub.GetExport(exporter_pb2.GetExportRequest(id="0" * 16)),
            lambda: stub.ListExports(exporter_pb2.ListExportsRequest()),
            lambda: stub.CancelExport(exporter_pb2.CancelExportRequest(id="0" * 16)),
        )
        for call in calls:
            with pytest.raises(grpc.RpcError) as refused:
                call()
            assert (refused.value.code(), refused.value.details()) == (code, str(error))


@pytest.mark.parametrize(
    ("used", "error"),
    [
        ("faster_whisper.WhisperModel.__init__", RuntimeError("Resource temporarily unavailable")),
        ("carabin.ct2whisper.tensors.safe_open", SafetensorError("I/O error: Cannot allocate memory (os error 12)")),
        ("carabin.exporter.conversion.convert.shutil.copyfile", OSError(errno.EMFILE, "Too many open files")),
    ],
    ids=["threads", "memory", "files"],
)
def test_a_machine_that_is_short_marks_no_checkpoint_as_failed(
    store: MemoryStore,
    pristine_checkpoint: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    used: str,
    error: Exception,
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    publish(store, pristine_checkpoint)
    with service(store, tmp_path) as (_, channel):
        stub = exporter_pb2_grpc.ExporterServiceStub(channel)
        request = exporter_pb2.ExportRequest(run="run-1", quantizations=["int8"])
        with monkeypatch.context() as short:
            short.setattr(used, fail)
            with pytest.raises(grpc.RpcError) as refused:
                list(stub.Export(request))
        assert refused.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
        assert str(error) in refused.value.details()
        exports = stub.ListExports(exporter_pb2.ListExportsRequest(name="cardio")).exports
        assert [export.state for export in exports] == [exporter_pb2.EXPORT_STATE_INTERRUPTED]
        assert list(stub.Export(request))[-1].outcome.state == exporter_pb2.EXPORT_STATE_DONE


def test_a_call_cancelled_by_an_operator_ends_its_caller_too_and_leaves_nothing(
    store: MemoryStore, pristine_checkpoint: Path, tmp_path: Path, held_conversion: HeldConversion
) -> None:
    publish(store, pristine_checkpoint)
    with service(store, tmp_path) as (_, channel):
        stub = exporter_pb2_grpc.ExporterServiceStub(channel)
        call = stub.Export(exporter_pb2.ExportRequest(run="run-1"))
        first = next(call)
        assert held_conversion.began.wait(30)
        status = stub.CancelExport(exporter_pb2.CancelExportRequest(id=first.id))
        assert status.cancel_requested
        held_conversion.go_on.set()
        with pytest.raises(grpc.RpcError) as error:
            list(call)
        assert error.value.code() == grpc.StatusCode.CANCELLED
        wait_for(
            lambda: (
                stub.GetExport(exporter_pb2.GetExportRequest(id=first.id)).state == exporter_pb2.EXPORT_STATE_CANCELLED
            )
        )
    assert list_versions(store, "models", "cardio") == []


def test_an_export_that_waits_is_kept_from_starting_and_too_many_are_refused(
    store: MemoryStore,
    pristine_checkpoint: Path,
    tmp_path: Path,
    held_conversion: HeldConversion,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    publish(store, pristine_checkpoint)
    monkeypatch.setattr("carabin.exporter.app.MAX_WAITING", 2)
    with service(store, tmp_path) as (_, channel):
        stub = exporter_pb2_grpc.ExporterServiceStub(channel)
        running_call = stub.Export(exporter_pb2.ExportRequest(run="run-1", name="first"))
        assert held_conversion.began.wait(30)
        waiting = stub.Export(exporter_pb2.ExportRequest(run="run-1", name="second"))
        number = next(waiting).id
        with pytest.raises(grpc.RpcError) as refused:
            next(stub.Export(exporter_pb2.ExportRequest(run="run-1", name="third")))
        assert refused.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
        status = stub.CancelExport(exporter_pb2.CancelExportRequest(name="second", id=number))
        assert status.state == exporter_pb2.EXPORT_STATE_CANCELLED
        held_conversion.go_on.set()
        with pytest.raises(grpc.RpcError) as error:
            list(waiting)
        assert error.value.code() == grpc.StatusCode.CANCELLED
        assert list(running_call)[-1].outcome.state == exporter_pb2.EXPORT_STATE_DONE
    assert list_versions(store, "models", "second") == []
    assert len(list_versions(store, "models", "first")) == 1
