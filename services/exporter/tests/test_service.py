"""The long-running exporter over real sockets: it finds checkpoints, answers calls, and ends in order."""

import io
import json
import logging
import shutil
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import grpc
import pytest
from carabin.exporter.app import Running, running
from carabin.exporter.grpc_api import MAX_FOLLOWERS
from carabin.exporter.jobs.lease import LeaseRenewal
from carabin.exporter.jobs.ledger import Ledger
from carabin.exporter.jobs.pipeline import Exporter
from carabin.exporter.jobs.queue import Jobs
from carabin.exporter.jobs.watcher import CheckpointWatcher
from carabin.exporter.settings import ExporterSettings
from carabin.exporter.v1 import exporter_pb2, exporter_pb2_grpc
from carabin.registry.artifacts.checkpoints import publish_checkpoint
from carabin.registry.artifacts.publish import list_versions, read_manifest
from carabin.registry.errors import ConditionsIgnored, StoreUnreachable
from carabin.registry.settings import StoreSettings
from carabin.registry.testing.memory import MemoryStore
from carabin.service.logging import JsonFormatter
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from .conftest import FatalFault, wait_for

NOW = datetime(2026, 11, 24, 10, 15, tzinfo=UTC)
STORE = StoreSettings(endpoint="memory", access_key="x", secret_key=SecretStr("x"))


def settings(work: Path, **changes: object) -> ExporterSettings:
    values = {"model_name": "cardio", "watch": "none", "poll_s": 0.02, "work": work, "host": "127.0.0.1"}
    return ExporterSettings.load(**{**values, "grpc_port": 0, "metrics_port": 0, **changes})


@contextmanager
def service(store: MemoryStore, work: Path, **changes: object) -> Iterator[tuple[Running, grpc.Channel]]:
    with (
        running(settings(work, **changes), store, STORE, CollectorRegistry()) as ports,
        grpc.insecure_channel(f"127.0.0.1:{ports.grpc_port}") as channel,
    ):
        yield ports, channel


def publish(
    store: MemoryStore, folder: Path, run: str = "run-1", step: int = 1, *, final: bool = True, **source: str
) -> None:
    publish_checkpoint(store, "checkpoints", run, step, folder, NOW, source=source, metrics={}, final=final)


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


def test_health_and_reflection_name_the_service(store: MemoryStore, tmp_path: Path) -> None:
    with service(store, tmp_path) as (_, channel):
        request = health_pb2.HealthCheckRequest(service="carabin.exporter.v1.ExporterService")
        assert health_pb2_grpc.HealthStub(channel).Check(request).status == health_pb2.HealthCheckResponse.SERVING
        asked = reflection_pb2.ServerReflectionRequest(list_services="")
        answer = next(reflection_pb2_grpc.ServerReflectionStub(channel).ServerReflectionInfo(iter([asked])))
        assert "carabin.exporter.v1.ExporterService" in {each.name for each in answer.list_services_response.service}


def is_serving(channel: grpc.Channel) -> bool:
    answer = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=10)
    return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)


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


@pytest.mark.parametrize("method", ["Jobs._carry_out", "CheckpointWatcher._look_safely", "LeaseRenewal._renew"])
def test_a_thread_that_dies_is_named_and_fails_the_health_check(
    store: MemoryStore, pristine_checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    publish(store, pristine_checkpoint)
    owner = {"Jobs": Jobs, "CheckpointWatcher": CheckpointWatcher, "LeaseRenewal": LeaseRenewal}[method.split(".")[0]]
    renew = LeaseRenewal._renew

    def die(*arguments: object, **changes: object) -> None:
        if changes:  # the worker's own call, which is no thread of the renewal's
            renew(*arguments, **changes)  # type: ignore[arg-type]
            return
        raise FatalFault

    monkeypatch.setattr(owner, method.split(".")[1], die)
    with service(store, tmp_path, watch="all", lease_s=0.02) as (exporter, channel):
        assert is_serving(channel)
        wait_for(exporter.check_threads)
        names = {"Jobs": "exports", "CheckpointWatcher": "checkpoint-watcher", "LeaseRenewal": "lease-renewal"}
        assert exporter.check_threads() == (names[method.split(".")[0]],)
        assert not is_serving(channel)


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


def test_the_watcher_exports_final_checkpoints_unasked_and_never_retries_a_refused_one(
    store: MemoryStore, pristine_checkpoint: Path, checkpoint: Path, tmp_path: Path
) -> None:
    publish(store, pristine_checkpoint, "good", 1, final=False)
    publish(store, pristine_checkpoint, "good", 2)
    (checkpoint / "generation_config.json").unlink()
    publish(store, checkpoint, "bad")
    store.put("checkpoints", "broken/00000001/manifest.json", b"{")
    ledger = Ledger(store, "models", "observer")

    def settled() -> bool:
        return {r.state for r in ledger.list("cardio")} == {"done", "failed"}

    with service(store, tmp_path, watch="final"):
        wait_for(settled)
    states = {record.checkpoint: record for record in ledger.list("cardio")}
    assert {name: record.state for name, record in states.items()} == {"good@2": "done", "bad@1": "failed"}
    assert states["bad@1"].reason == "generation_config.json is missing"
    before = store.stat("models", f"cardio/exports/{states['bad@1'].id}.json").etag
    shutil.copytree(pristine_checkpoint, tmp_path / "later")
    (tmp_path / "later" / "report.html").write_text("<p>another content is another checkpoint</p>")
    publish(store, tmp_path / "later", "later")
    with service(store, tmp_path, watch="final"):
        wait_for(lambda: any(r.checkpoint == "later@1" and r.state == "done" for r in ledger.list("cardio")))
    assert store.stat("models", f"cardio/exports/{states['bad@1'].id}.json").etag == before


def test_an_export_is_logged_under_the_trace_of_its_run_and_one_that_was_asked_for_under_its_callers(
    store: MemoryStore, checkpoint: Path, tmp_path: Path
) -> None:
    of_run, of_caller = "4bf92f3577b34da6a3ce929d0e0e4736", "0af7651916cd43dd8448eb211c80319c"
    (checkpoint / "generation_config.json").unlink()
    publish(store, checkpoint, trace_id=of_run)
    ledger = Ledger(store, "models", "observer")
    stream, logger = io.StringIO(), logging.getLogger("carabin.exporter.jobs.queue")
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter("exporter"))
    logger.addHandler(handler)
    try:
        with service(store, tmp_path, watch="final") as (_, channel):
            wait_for(lambda: {record.state for record in ledger.list("cardio")} == {"failed"})
            call = exporter_pb2_grpc.ExporterServiceStub(channel).Export(
                exporter_pb2.ExportRequest(run="run-1"),
                metadata=[("traceparent", f"00-{of_caller}-00f067aa0ba902b7-01")],
            )
            with pytest.raises(grpc.RpcError):
                list(call)
    finally:
        logger.removeHandler(handler)
    said = [(line["event"], line["trace_id"]) for line in map(json.loads, stream.getvalue().splitlines())]
    assert said == [("export_failed", of_run), ("export_skipped", of_caller)]


def test_two_services_share_the_work_and_publish_once(
    store: MemoryStore, pristine_checkpoint: Path, tmp_path: Path
) -> None:
    publish(store, pristine_checkpoint)
    with service(store, tmp_path, watch="all"), service(store, tmp_path, watch="all"):
        wait_for(lambda: list_versions(store, "models", "cardio"))
    assert len(list_versions(store, "models", "cardio")) == 1


class MoodyStore(MemoryStore):
    """Refuses to list checkpoints while it is away."""

    away = True
    asked = 0

    def list(self, bucket: str, prefix: str, start_after: str = "") -> list[str]:
        if bucket == "checkpoints" and self.away:
            self.asked += 1
            raise StoreUnreachable("the object store does not answer")
        return super().list(bucket, prefix, start_after)


def test_a_store_that_is_away_is_waited_for(pristine_checkpoint: Path, tmp_path: Path) -> None:
    store = MoodyStore()
    for bucket in ("models", "checkpoints"):
        store.ensure_bucket(bucket)
    publish(store, pristine_checkpoint)
    with service(store, tmp_path, watch="all"):
        wait_for(lambda: store.asked >= 2)
        store.away = False
        wait_for(lambda: list_versions(store, "models", "cardio"))


def test_a_call_cancelled_by_an_operator_ends_its_caller_too_and_leaves_nothing(
    store: MemoryStore, pristine_checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(store, pristine_checkpoint)
    converting, go_on = threading.Event(), threading.Event()
    original = Exporter._convert

    def held_up(self: Exporter, work: object) -> None:
        converting.set()
        go_on.wait(30)
        original(self, work)  # type: ignore[arg-type]

    monkeypatch.setattr(Exporter, "_convert", held_up)
    with service(store, tmp_path) as (_, channel):
        stub = exporter_pb2_grpc.ExporterServiceStub(channel)
        call = stub.Export(exporter_pb2.ExportRequest(run="run-1"))
        first = next(call)
        assert converting.wait(30)
        status = stub.CancelExport(exporter_pb2.CancelExportRequest(id=first.id))
        assert status.cancel_requested
        go_on.set()
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
    store: MemoryStore, pristine_checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(store, pristine_checkpoint)
    converting, go_on = threading.Event(), threading.Event()
    original = Exporter._convert

    def held_up(self: Exporter, work: object) -> None:
        converting.set()
        go_on.wait(30)
        original(self, work)  # type: ignore[arg-type]

    monkeypatch.setattr(Exporter, "_convert", held_up)
    with service(store, tmp_path, max_waiting=2) as (_, channel):
        stub = exporter_pb2_grpc.ExporterServiceStub(channel)
        running_call = stub.Export(exporter_pb2.ExportRequest(run="run-1", name="first"))
        assert converting.wait(30)
        waiting = stub.Export(exporter_pb2.ExportRequest(run="run-1", name="second"))
        number = next(waiting).id
        with pytest.raises(grpc.RpcError) as refused:
            next(stub.Export(exporter_pb2.ExportRequest(run="run-1", name="third")))
        assert refused.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
        status = stub.CancelExport(exporter_pb2.CancelExportRequest(name="second", id=number))
        assert status.state == exporter_pb2.EXPORT_STATE_CANCELLED
        go_on.set()
        with pytest.raises(grpc.RpcError) as error:
            list(waiting)
        assert error.value.code() == grpc.StatusCode.CANCELLED
        assert list(running_call)[-1].outcome.state == exporter_pb2.EXPORT_STATE_DONE
    assert list_versions(store, "models", "second") == []
    assert len(list_versions(store, "models", "first")) == 1


def test_a_service_that_stops_half_way_is_continued_by_the_next(
    store: MemoryStore, pristine_checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(store, pristine_checkpoint)
    converting, go_on = threading.Event(), threading.Event()
    original = Exporter._convert

    def held_up(self: Exporter, work: object) -> None:
        converting.set()
        go_on.wait(30)
        original(self, work)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(Exporter, "_convert", held_up)
        with service(store, tmp_path, watch="all"):
            assert converting.wait(30)
            threading.Timer(0.2, go_on.set).start()
    record = next(iter(Ledger(store, "models", "x").list("cardio")))
    assert record.state == "interrupted"
    with service(store, tmp_path, watch="all"):
        wait_for(lambda: list_versions(store, "models", "cardio"))
    assert read_manifest(store, "models", "cardio", list_versions(store, "models", "cardio")[0])


def test_a_store_without_conditional_writes_is_refused_at_the_start(tmp_path: Path) -> None:
    class Careless(MemoryStore):
        def create(self, bucket: str, key: str, data: bytes, tags: object = None) -> None:
            self.put(bucket, key, data)

    store = Careless()
    store.ensure_bucket("models")
    with pytest.raises(ConditionsIgnored), running(settings(tmp_path), store, STORE, CollectorRegistry()):
        pass
