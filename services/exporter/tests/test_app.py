"""The long-running exporter over real sockets: it finds checkpoints, answers calls, and ends in order."""

import io
import json
import logging
import shutil
import threading
from pathlib import Path

import grpc
import pytest
from carabin.exporter import app
from carabin.exporter.app import running
from carabin.exporter.jobs.lease import LeaseRenewal
from carabin.exporter.jobs.ledger import Ledger
from carabin.exporter.jobs.queue import Jobs
from carabin.exporter.jobs.watcher import CheckpointWatcher
from carabin.exporter.v1 import exporter_pb2, exporter_pb2_grpc
from carabin.registry.artifacts.publish import list_versions, read_manifest
from carabin.registry.errors import ClockSkewed, ConditionsIgnored, StoreUnreachable
from carabin.registry.testing.memory import MemoryStore
from carabin.service.errors import InsecureListening
from carabin.service.logging import JsonFormatter
from carabin.service.shutdown import StopFlag
from carabin.service.testing.certificates import write_certificate
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from prometheus_client import CollectorRegistry

from .conftest import FatalFault, HeldConversion, wait_for
from .helpers.service import STORE, is_serving, publish, service, settings


def test_health_and_reflection_name_the_service(store: MemoryStore, tmp_path: Path) -> None:
    with service(store, tmp_path) as (_, channel):
        request = health_pb2.HealthCheckRequest(service="carabin.exporter.v1.ExporterService")
        assert health_pb2_grpc.HealthStub(channel).Check(request).status == health_pb2.HealthCheckResponse.SERVING
        asked = reflection_pb2.ServerReflectionRequest(list_services="")
        answer = next(reflection_pb2_grpc.ServerReflectionStub(channel).ServerReflectionInfo(iter([asked])))
        assert "carabin.exporter.v1.ExporterService" in {each.name for each in answer.list_services_response.service}


def test_calls_need_the_key_and_the_tls_that_are_set_and_health_needs_the_tls_alone(
    store: MemoryStore, tmp_path: Path
) -> None:
    cert, pem = write_certificate(tmp_path)
    key = "correct-horse-battery"
    with (
        service(store, tmp_path, api_keys=f"ops:{key}", tls_cert=cert, tls_key=pem) as (ports, plain),
        grpc.secure_channel(f"127.0.0.1:{ports.grpc_port}", grpc.ssl_channel_credentials(cert.read_bytes())) as channel,
    ):
        assert is_serving(channel)
        with pytest.raises(grpc.RpcError) as refusal:
            is_serving(plain)
        assert refusal.value.code() is grpc.StatusCode.UNAVAILABLE
        listed = exporter_pb2_grpc.ExporterServiceStub(channel).ListExports
        request = exporter_pb2.ListExportsRequest()
        for metadata in ((), (("authorization", "Bearer wrong"),)):
            with pytest.raises(grpc.RpcError) as refusal:
                listed(request, metadata=metadata, timeout=30)
            assert refusal.value.code() is grpc.StatusCode.UNAUTHENTICATED
        assert list(listed(request, metadata=(("authorization", f"Bearer {key}"),), timeout=30).exports) == []


def test_it_refuses_to_listen_to_a_network_without_authentication(store: MemoryStore, tmp_path: Path) -> None:
    with pytest.raises(InsecureListening, match="CARABIN_EXPORTER_API_KEYS"), service(store, tmp_path, host="0.0.0.0"):
        pass
    with service(store, tmp_path, host="0.0.0.0", insecure=True) as (_, channel):
        assert is_serving(channel)


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
    assert states["bad@1"].reason == (
        "generation_config.json is missing: copy it from the model that training started from"
    )
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


def test_a_service_that_stops_half_way_is_continued_by_the_next(
    store: MemoryStore, pristine_checkpoint: Path, tmp_path: Path, held_conversion: HeldConversion
) -> None:
    publish(store, pristine_checkpoint)
    with service(store, tmp_path, watch="all"):
        assert held_conversion.began.wait(30)
        threading.Timer(0.2, held_conversion.go_on.set).start()
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


class LaterStore(MemoryStore):
    """Refuses this machine's time for a number of writes."""

    def __init__(self, refusals: int) -> None:
        super().__init__()
        self.ensure_bucket("models")
        self.ensure_bucket("checkpoints")
        self.refusals = refusals

    def put(self, bucket: str, key: str, data: bytes) -> None:
        if self.refusals:
            self.refusals -= 1
            raise ClockSkewed("memory/models: RequestTimeTooSkewed")
        super().put(bucket, key, data)


def test_a_clock_that_is_wrong_at_the_start_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(app, "CLOCK_PAUSE_S", 0.01)
    with service(LaterStore(3), tmp_path) as (_, channel):
        assert is_serving(channel)
    assert [record.message for record in caplog.records if getattr(record, "event", "") == "clock_skewed"] == [
        "memory/models: RequestTimeTooSkewed"
    ] * 3


def test_a_stop_ends_the_wait_for_a_clock_that_stays_wrong(tmp_path: Path) -> None:
    stop, store = StopFlag(), LaterStore(1000)
    stop.set()
    with pytest.raises(ClockSkewed), running(settings(tmp_path), store, STORE, CollectorRegistry(), stop):
        pass
    assert store.refusals == 999
