"""What `kubectl apply -k` would send, and the few questions that the tests ask of it."""

import importlib.util
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
OVERLAYS = ("dev-cpu", "gpu", "openshift")

Manifest = dict[str, Any]


def renderer() -> list[str] | None:
    """Return the command that renders a kustomization, or None where this machine has none."""
    if shutil.which("kustomize"):
        return ["kustomize", "build"]
    return ["kubectl", "kustomize"] if shutil.which("kubectl") else None


def script(name: str) -> ModuleType:
    """Import scripts/<name>.py, which no distribution installs."""
    spec = importlib.util.spec_from_file_location(name, ROOT / f"scripts/{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def tree_with_secrets(folder: Path) -> Path:
    """Copy k8s/ and give it the secrets that an operator would, without touching the operator's own."""
    tree = folder / "k8s"
    shutil.copytree(ROOT / "k8s", tree, ignore=shutil.ignore_patterns("*.env.local"))
    for example in (tree / "components/secrets").glob("*.env.example"):
        script("make_secrets").write(example)
    return tree


def render(folder: Path) -> list[Manifest]:
    """Render one kustomization; an error of kustomize fails the test with its own words."""
    command = renderer()
    assert command is not None
    done = subprocess.run([*command, str(folder)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [manifest for manifest in yaml.safe_load_all(done.stdout) if manifest]


def identity(manifest: Manifest) -> str:
    return f"{manifest['kind']}/{manifest['metadata']['name']}"


def pods(manifests: list[Manifest]) -> Iterator[tuple[str, Manifest]]:
    """Yield (owner, pod template) of everything that starts a pod."""
    for manifest in manifests:
        name, spec = identity(manifest), manifest.get("spec", {})
        match manifest["kind"]:
            case "Deployment" | "StatefulSet" | "DaemonSet" | "Job":
                yield name, spec["template"]
            case "CronJob":
                yield name, spec["jobTemplate"]["spec"]["template"]
            case "TrainingRuntime":
                for job in spec["template"]["spec"]["replicatedJobs"]:
                    yield name, job["template"]["spec"]["template"]


def containers(pod: Manifest) -> list[Manifest]:
    return [*pod["spec"]["containers"], *pod["spec"].get("initContainers", [])]


def references(pod: Manifest) -> set[tuple[str, str]]:
    """Return every (kind, name) of a Secret or ConfigMap that the pod reads."""
    found: set[tuple[str, str]] = set()
    for container in containers(pod):
        for source in container.get("envFrom", []):
            found |= {("Secret", source["secretRef"]["name"])} if "secretRef" in source else set()
            found |= {("ConfigMap", source["configMapRef"]["name"])} if "configMapRef" in source else set()
        for variable in container.get("env", []):
            origin = variable.get("valueFrom", {})
            found |= {("Secret", origin["secretKeyRef"]["name"])} if "secretKeyRef" in origin else set()
            found |= {("ConfigMap", origin["configMapKeyRef"]["name"])} if "configMapKeyRef" in origin else set()
    for volume in pod["spec"].get("volumes", []):
        found |= {("Secret", volume["secret"]["secretName"])} if "secret" in volume else set()
        found |= {("ConfigMap", volume["configMap"]["name"])} if "configMap" in volume else set()
    return found


def environment(manifests: list[Manifest], pod: Manifest) -> dict[str, str]:
    """Return the variables that the pod's containers see; those from a Secret without their value."""
    data = {identity(manifest): manifest.get("data", {}) for manifest in manifests}
    seen: dict[str, str] = {}
    for container in containers(pod):
        for source in container.get("envFrom", []):
            prefix = source.get("prefix", "")
            if "configMapRef" in source:
                seen |= {prefix + k: v for k, v in data[f"ConfigMap/{source['configMapRef']['name']}"].items()}
            if "secretRef" in source:
                seen |= {prefix + k: "" for k in data[f"Secret/{source['secretRef']['name']}"]}
        seen |= {variable["name"]: variable.get("value", "") for variable in container.get("env", [])}
    return seen
