"""A whole exporter on free ports over a store in memory, and what its tests publish and ask."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import grpc
from carabin.exporter.app import Running, running
from carabin.exporter.settings import ExporterSettings
from carabin.registry.artifacts.checkpoints import publish_checkpoint
from carabin.registry.settings import StoreSettings
from carabin.registry.store import ObjectStore
from carabin.registry.testing.memory import MemoryStore
from grpc_health.v1 import health_pb2, health_pb2_grpc
from prometheus_client import CollectorRegistry
from pydantic import SecretStr

NOW = datetime(2026, 11, 24, 10, 15, tzinfo=UTC)
STORE = StoreSettings(endpoint="memory", access_key="x", secret_key=SecretStr("x"))


def settings(work: Path, **changes: object) -> ExporterSettings:
    values = {"model_name": "cardio", "watch": "none", "poll_s": 0.02, "work": work, "host": "127.0.0.1"}
    return ExporterSettings.load(**{**values, "grpc_port": 0, "metrics_port": 0, **changes})


@contextmanager
def service(store: ObjectStore, work: Path, **changes: object) -> Iterator[tuple[Running, grpc.Channel]]:
    with (
        running(settings(work, **changes), store, STORE, CollectorRegistry()) as ports,
        grpc.insecure_channel(f"127.0.0.1:{ports.grpc_port}") as channel,
    ):
        yield ports, channel


def publish(
    store: MemoryStore, folder: Path, run: str = "run-1", step: int = 1, *, final: bool = True, **source: str
) -> None:
    publish_checkpoint(store, "checkpoints", run, step, folder, NOW, source=source, metrics={}, final=final)


def is_serving(channel: grpc.Channel) -> bool:
    answer = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=10)
    return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)
