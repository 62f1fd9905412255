"""The dev-cpu overlay of `make e2e-kube`: rendered with keys of its own, its pods played one by one by Podman."""

import base64
import json
import os
import re
import shutil
import time
from pathlib import Path

import kube_play
import make_secrets
import yaml
from carabin.registry.embedded.ports import free_ports
from e2e_podman import Podman
from e2e_steps import ROOT, Failed, NoEngine, private, run, store_users, until


class Overlay:
    """The rendered overlay, with keys of its own: an operator's are not read."""

    def __init__(self, folder: Path) -> None:
        tree = private(folder) / "tree"
        shutil.copytree(ROOT / "k8s", tree / "k8s", ignore=shutil.ignore_patterns("*.env.local", "secrets/*.env"))
        shutil.copytree(ROOT / "docker/e2e/kube", tree / "e2e")
        for example in (tree / "k8s/components/secrets").glob("*.env.example"):
            example.with_suffix("").write_text(make_secrets.filled(example.read_text(encoding="utf-8")))
        self.secrets: dict[str, dict[str, str]] = {}
        self.manifests = self._rendered(tree, private(folder) / "users.json")

    def _rendered(self, tree: Path, users: Path) -> list[kube_play.Manifest]:
        patch = tree / "e2e/kustomization.yaml"
        patch.write_text(patch.read_text(encoding="utf-8").replace("path: USERS", f"path: {users}"))
        rendered = run([*renderer(), str(patch.parent)], os.environ, capture=True)
        manifests = [manifest for manifest in yaml.safe_load_all(rendered) if manifest]
        for manifest in manifests:
            if manifest["kind"] == "Secret":
                self.secrets[manifest["metadata"]["name"]] = manifest["data"]
        users.write_text(json.dumps(store_users(lambda name: self.secret(f"store-{name}", "CARABIN_STORE_SECRET_KEY"))))
        users.chmod(0o644)
        return manifests

    def secret(self, name: str, key: str) -> str:
        """Return one key of the Secret whose name begins so: kustomize puts a hash behind it."""
        (found,) = (data for full, data in self.secrets.items() if re.fullmatch(f"carabin-{name}-[0-9a-z]+", full))
        return base64.b64decode(found[key]).decode()

    def owner(self, kind: str, name: str) -> kube_play.Manifest:
        """Return one manifest."""
        (found,) = (each for each in self.manifests if (each["kind"], each["metadata"]["name"]) == (kind, name))
        return found

    def sources(self) -> dict[str, dict[str, str]]:
        """Return what each ConfigMap and Secret holds, by its name."""
        return self.secrets | {each["metadata"]["name"]: each["data"] for each in self.config_maps()}

    def config_maps(self) -> list[kube_play.Manifest]:
        return [each for each in self.manifests if each["kind"] == "ConfigMap"]


class Cluster:
    """Podman, which plays the overlay's pods one by one."""

    def __init__(self, engine: Podman, overlay: Overlay) -> None:
        self.engine, self.overlay = engine, overlay
        self.port = dict(zip(("s3", "http"), free_ports(2), strict=True))
        self._pods: dict[str, kube_play.Manifest] = {}
        for name, data in overlay.secrets.items():
            engine("secret", "create", name, "-", text=json.dumps(data))

    def play(self, owner: kube_play.Manifest, name: str | None = None) -> str:
        """Start the pod that the manifest would start; return its container's name."""
        pod = kube_play.pod_of(owner, name)
        playable = kube_play.playable(pod, self.overlay.sources(), self.port)
        self.engine.play(*self.overlay.config_maps(), *kube_play.claims_of(owner), playable)
        (container,) = pod["spec"]["containers"]
        self._pods[f"{pod['metadata']['name']}-{container['name']}"] = pod
        return f"{pod['metadata']['name']}-{container['name']}"

    def names(self) -> list[str]:
        """Return the container of every pod that was played and is still there."""
        return list(self._pods)

    def declared(self, container: str) -> kube_play.Manifest:
        """Return a container as its manifest has it."""
        (found,) = self._pods[container]["spec"]["containers"]
        declared: kube_play.Manifest = found
        return declared

    def wait_for_probe(self, container: str, kind: str) -> None:
        """Ask a probe, as the kubelet would, until it answers."""
        until(f"the {kind} of {container}", lambda: True if self.probe(container, kind) else None)

    def probe(self, container: str, kind: str) -> bool:
        """Ask a probe once, inside the container.

        Raises:
            Failed: the container has ended, so that nothing will answer.
        """
        state = self.engine.state(container)["State"]
        if not state["Running"]:
            raise Failed(f"{container} ended with {state['ExitCode']}:\n{self.logs(container)[-2000:]}")
        command, text = kube_play.probe_command(self.declared(container), kind)
        try:
            self.engine("exec", "--interactive", container, *command, text=text)
        except Failed:
            return False
        return True

    def wait_for_end(self, container: str) -> None:
        """Wait until a Job's container ended, and require that it succeeded."""
        code = int(self.engine("wait", container))
        if code:
            raise Failed(f"{container} ended with {code}:\n{self.logs(container)[-4000:]}")

    def leave(self, container: str) -> float:
        """End a pod as the kubelet does, with preStop, SIGTERM and its time; return the seconds from SIGTERM."""
        before_s, rest_s = kube_play.seconds_of_leaving(self._pods[container])
        time.sleep(before_s)
        started_s = time.monotonic()
        self.engine("stop", "--time", str(int(rest_s)), container)
        code = self.engine.state(container)["State"]["ExitCode"]
        if code:
            raise Failed(f"{container} ended with {code} after SIGTERM")
        return time.monotonic() - started_s

    def logs(self, container: str) -> str:
        """Return what a container wrote to both its streams."""
        return self.engine.both("logs", container)


def renderer() -> list[str]:
    """Return the command that renders a kustomization.

    Raises:
        NoEngine: there is none.
    """
    if shutil.which("kustomize"):
        return ["kustomize", "build"]
    if shutil.which("kubectl"):
        return ["kubectl", "kustomize"]
    raise NoEngine("neither kustomize nor kubectl is installed: nothing renders the overlay")
