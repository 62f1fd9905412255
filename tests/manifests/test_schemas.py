"""Every object is what Kubernetes would accept, field by field, without a cluster."""

from pathlib import Path

import kubernetes_validate
import pytest
import yaml

from .render import Manifest, identity, render

KUBERNETES_VERSIONS = ("1.32", "1.37")
"""The oldest that we support (the preStop `sleep` action is on by default since 1.30) and the newest of the schemas."""

OPERATORS = {
    ("gateway.networking.k8s.io/v1", "GRPCRoute"),
    ("gateway.networking.k8s.io/v1", "HTTPRoute"),
    ("keda.sh/v1alpha1", "ScaledObject"),
    ("monitoring.coreos.com/v1", "PodMonitor"),
    ("monitoring.coreos.com/v1", "PrometheusRule"),
    ("monitoring.coreos.com/v1", "ServiceMonitor"),
    ("route.openshift.io/v1", "Route"),
    ("trainer.kubeflow.org/v1alpha1", "TrainJob"),
    ("trainer.kubeflow.org/v1alpha1", "TrainingRuntime"),
}
"""Kinds that an operator brings; their schemas are not Kubernetes' own."""

COMPONENTS = (
    "backup", "bootstrap", "gateway", "hpa", "ingress", "keda", "kube-prometheus-stack", "kueue",
    "networkpolicy", "nvidia-runtime", "object-store", "openshift", "rollout", "secrets", "servicemonitor", "tools",
    "trainjob",
)  # fmt: skip


def validate(manifest: Manifest, version: str) -> None:
    """Raise ValidationError unless Kubernetes `version` would take the manifest."""
    if (manifest["apiVersion"], manifest["kind"]) not in OPERATORS:
        kubernetes_validate.validate(manifest, version, strict=True)


@pytest.mark.parametrize("version", KUBERNETES_VERSIONS)
def test_kubernetes_accepts_every_object_of_an_overlay(manifests: list[Manifest], version: str) -> None:
    assert manifests
    for manifest in manifests:
        validate(manifest, version)


@pytest.mark.parametrize("component", COMPONENTS)
def test_each_component_stands_on_the_base_alone(component: str, tree: Path) -> None:
    site = tree / "overlays" / f"site-{component}"
    site.mkdir()
    needed = {"backup": ["secrets"], "bootstrap": ["secrets"], "rollout": ["secrets"], "tools": ["secrets"]}.get(
        component, []
    )
    kustomization = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": ["../../base"],
        "components": [f"../../components/{name}" for name in [*needed, component]],
    }
    (site / "kustomization.yaml").write_text(yaml.safe_dump(kustomization))
    for manifest in render(site):
        validate(manifest, KUBERNETES_VERSIONS[0])


def test_every_component_is_tested(tree: Path) -> None:
    assert sorted(path.name for path in (tree / "components").iterdir()) == sorted(COMPONENTS)


def test_a_misspelt_field_is_refused(manifests: list[Manifest]) -> None:
    deployment = next(manifest for manifest in manifests if manifest["kind"] == "Deployment")
    misspelt = {**deployment, "spec": {**deployment["spec"], "replica": 2}}
    with pytest.raises(kubernetes_validate.ValidationError):
        validate(misspelt, KUBERNETES_VERSIONS[0])


def test_every_object_of_ours_lies_in_our_namespace(manifests: list[Manifest]) -> None:
    clusterwide = {"Namespace", "PriorityClass"}
    strays = [
        identity(manifest)
        for manifest in manifests
        if manifest["kind"] not in clusterwide and manifest["metadata"].get("namespace") != "carabin"
    ]
    assert strays == []
