"""Variables and ports in the manifests are those of the code."""

import re

import yaml
from carabin.exporter.settings import ExporterSettings
from carabin.transcriber.settings.server import ServerSettings

from .render import ROOT, Manifest, containers, environment, pods
from .settings import unknown

PORTS = {
    "Deployment/carabin-transcriber": {
        "http": ServerSettings.model_fields["port"].default,
        "grpc": ServerSettings.model_fields["grpc_port"].default,
        "metrics": 9096,
    },
    "Deployment/carabin-exporter": {
        "grpc": ExporterSettings.model_fields["grpc_port"].default,
        "metrics": ExporterSettings.model_fields["metrics_port"].default,
    },
    "CronJob/carabin-trainer": {"grpc": 9094, "metrics": 9095},
}


def dockerfile(service: str) -> str:
    return (ROOT / f"services/{service}/Dockerfile").read_text(encoding="utf-8")


def test_every_variable_is_one_that_the_code_reads(manifests: list[Manifest]) -> None:
    for owner, pod in pods(manifests):
        assert unknown(environment(manifests, pod)) == set(), owner


def test_every_variable_of_an_image_is_one_that_the_code_reads() -> None:
    for service in ("transcriber", "exporter", "trainer"):
        assert unknown(re.findall(r"^\s+(CARABIN_[A-Z_]+)=", dockerfile(service), flags=re.MULTILINE)) == set(), service


def test_ports_are_those_on_which_the_code_listens(manifests: list[Manifest]) -> None:
    for owner, pod in pods(manifests):
        for container in containers(pod):
            if owner in PORTS:
                assert {port["name"]: port["containerPort"] for port in container["ports"]} == PORTS[owner], owner


def test_images_expose_the_same_ports() -> None:
    for owner, ports in PORTS.items():
        service = owner.rpartition("-")[2]
        exposed = re.search(r"^EXPOSE (.+)$", dockerfile(service), flags=re.MULTILINE)
        assert exposed is not None
        assert {int(port) for port in exposed[1].split()} == set(ports.values()), service
    trainer = dockerfile("trainer")
    assert "CARABIN_TRAINER_GRPC_PORT=9094" in trainer
    assert "CARABIN_TRAINER_METRICS_PORT=9095" in trainer


def test_what_is_exported_is_what_is_served(manifests: list[Manifest]) -> None:
    seen = {owner: environment(manifests, pod) for owner, pod in pods(manifests)}
    exported = seen["Deployment/carabin-exporter"]["CARABIN_EXPORTER_MODEL_NAME"]
    assert seen["Deployment/carabin-transcriber"]["CARABIN_TRANSCRIBER_MODEL_NAME"] == exported


def test_a_training_saves_itself_before_kubernetes_kills_it(manifests: list[Manifest]) -> None:
    for owner, pod in pods(manifests):
        if owner in ("CronJob/carabin-trainer", "TrainingRuntime/carabin-trainer"):
            grace_s = float(environment(manifests, pod)["CARABIN_TRAINER_STOP_GRACE_S"])
            assert grace_s < pod["spec"]["terminationGracePeriodSeconds"], owner


def test_scaling_begins_while_there_is_still_room(manifests: list[Manifest]) -> None:
    pod = dict(pods(manifests))["Deployment/carabin-transcriber"]
    capacity = int(environment(manifests, pod)["CARABIN_TRANSCRIBER_MAX_SESSIONS"])
    for manifest in manifests:
        if manifest["kind"] == "ScaledObject":
            (trigger,) = manifest["spec"]["triggers"]
            assert 0 < int(trigger["metadata"]["threshold"]) <= 0.8 * capacity


def test_the_plain_autoscaler_fits_the_base() -> None:
    base = dict(line.split("=") for line in (ROOT / "k8s/base/transcriber.env").read_text().splitlines() if "=" in line)
    (scaler,) = yaml.safe_load_all((ROOT / "k8s/components/hpa/hpa.yaml").read_text())
    target = int(scaler["spec"]["metrics"][0]["pods"]["target"]["averageValue"])
    assert 0 < target <= 0.8 * int(base["CARABIN_TRANSCRIBER_MAX_SESSIONS"])


def test_series_that_are_missing_are_no_sign_that_nobody_dictates() -> None:
    (scaled,) = yaml.safe_load_all((ROOT / "k8s/components/keda/scaledobject.yaml").read_text())
    (trigger,) = scaled["spec"]["triggers"]
    assert trigger["metadata"]["ignoreNullValues"] == "false"
    fallback = scaled["spec"]["fallback"]
    assert fallback["replicas"] >= scaled["spec"]["minReplicaCount"]
    assert fallback["behavior"] == "currentReplicasIfHigher", (
        "KEDA would shrink what is busy to the fallback's replicas"
    )
