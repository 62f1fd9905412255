"""Of rendered manifests, what `podman play kube` can play, and in words what it cannot.

It is written for Podman 4.3, Debian 12's. What is left out here is done by `make e2e-kube` itself where it can be:
probes are asked, the time of `preStop` is waited, a pod's user, root file system and limits are looked at.
"""

import copy
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

Manifest = dict[str, Any]

PLAYED_AS_PODS = ("Deployment", "StatefulSet", "Job", "CronJob")
READ = ("ConfigMap", "Secret")
PROBES = ("startupProbe", "readinessProbe", "livenessProbe")
UNKNOWN_OF_PODS = (
    "serviceAccountName", "automountServiceAccountToken", "enableServiceLinks", "topologySpreadConstraints",
    "terminationGracePeriodSeconds",
)  # fmt: skip
USER = 10001
HEALTHCHECK = Path(__file__).resolve().parents[1] / "docker/healthcheck.py"

CANNOT = {
    "Namespace": "not enforced: what the restricted profile asks for is looked at in each container",
    "ServiceAccount": "there are no identities",
    "Service": "there is no balancing; the name of the store's Service is its pod's",
    "NetworkPolicy": "every pod reaches every other",
    "PodDisruptionBudget": "nobody evicts",
    "Deployment": "its one pod is played; nobody replaces it, and nothing rolls",
    "StatefulSet": "its one pod is played, with its claim",
    "Job": "its pod is played, and its exit code is read here; no retry, no deadline",
    "CronJob": "no schedule: `carabin train --kubernetes` makes the Job of a training of it",
    "fsGroup": "a volume's owner is that of its folder in the image",
    "seccompProfile": "Podman's own profile stands for RuntimeDefault",
    "probes": "no kubelet: each is asked here until it answers, and once more at the end",
    "preStop": "its seconds are waited here before SIGTERM",
    "envFrom": "each key becomes a variable of its own: Podman knows no prefix and lets it go before `env`",
    "emptyDir": "no sizeLimit, `medium: Memory` is a folder on the disk, and its name is made the pod's own",
    "/dev/shm": "not mounted: it would belong to root; Podman gives its own 64 MB",
    "requests": "no scheduler: limits alone are set",
}
"""What a cluster does with manifests and Podman does not."""


def pod_of(manifest: Manifest, name: str | None = None) -> Manifest:
    """Return the pod that a Deployment, StatefulSet, Job or CronJob would start, under the owner's name or another.

    Raises:
        ValueError: it starts none.
    """
    kind, spec = manifest["kind"], manifest.get("spec", {})
    if kind not in PLAYED_AS_PODS:
        raise ValueError(f"{kind} starts no pod")
    template = copy.deepcopy((spec["jobTemplate"]["spec"] if kind == "CronJob" else spec)["template"])
    labels = template.get("metadata", {}).get("labels", {})
    name = name or manifest["metadata"]["name"]
    if kind == "Job":
        # As the controller of Jobs does; a training's run is named by it.
        labels["batch.kubernetes.io/job-name"] = name
    claims = [claim["metadata"]["name"] for claim in spec.get("volumeClaimTemplates", [])]
    template["spec"].setdefault("volumes", []).extend(
        {"name": claim, "persistentVolumeClaim": {"claimName": f"{claim}-{name}-0"}} for claim in claims
    )
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": labels}, "spec": template["spec"]}


def claims_of(manifest: Manifest) -> list[Manifest]:
    """Return the claims of a StatefulSet's first pod, owned by the services' user as fsGroup would have it."""
    owner = {"volume.podman.io/uid": str(USER), "volume.podman.io/gid": str(USER)}
    return [
        {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": {"name": f"{claim['metadata']['name']}-{manifest['metadata']['name']}-0", "annotations": owner},
            "spec": claim["spec"],
        }
        for claim in manifest.get("spec", {}).get("volumeClaimTemplates", [])
    ]


def playable(pod: Manifest, sources: Mapping[str, Iterable[str]], published: Mapping[str, int]) -> Manifest:
    """Return the pod without what Podman does not know, and with the same environment.

    Args:
        sources: the keys of each ConfigMap and Secret, by its name.
        published: ports of this machine's loopback by the name of the pod's port, as `kubectl port-forward` would open.
    """
    pod = copy.deepcopy(pod)
    spec = pod["spec"]
    for unknown in UNKNOWN_OF_PODS:
        spec.pop(unknown, None)
    own = {volume["name"]: f"{pod['metadata']['name']}-{volume['name']}" for volume in spec.get("volumes", [])}
    for container in spec["containers"]:
        for unknown in (*PROBES, "lifecycle"):
            container.pop(unknown, None)
        container.get("resources", {}).pop("requests", None)
        _name_each_variable(container, sources)
        for port in container.get("ports", []):
            if port["name"] in published:
                port |= {"hostPort": published[port["name"]], "hostIP": "127.0.0.1"}
        mounts = container.get("volumeMounts", [])
        container["volumeMounts"] = [
            mount | {"name": own[mount["name"]]} for mount in mounts if mount["mountPath"] != "/dev/shm"
        ]
    mounted = {mount["name"] for container in spec["containers"] for mount in container["volumeMounts"]}
    # Podman makes one volume of all `tmp` of all pods: each gets its pod's name before its own.
    volumes = [volume | {"name": own[volume["name"]]} for volume in spec.get("volumes", [])]
    spec["volumes"] = [
        volume | ({"emptyDir": {}} if "emptyDir" in volume else {}) for volume in volumes if volume["name"] in mounted
    ]
    return pod


def _name_each_variable(container: Manifest, sources: Mapping[str, Iterable[str]]) -> None:
    """Replace each ConfigMap and Secret that is read whole by one variable for each of its keys.

    Podman 4.3 knows no prefix, and lets such a source go before `env`, where Kubernetes has it the other way about.
    """
    named: dict[str, Manifest] = {}
    for source in container.pop("envFrom", []):
        kind = "configMap" if "configMapRef" in source else "secret"
        name = source[f"{kind}Ref"]["name"]
        for key in sorted(sources[name]):
            variable = source.get("prefix", "") + key
            named[variable] = {"name": variable, "valueFrom": {f"{kind}KeyRef": {"name": name, "key": key}}}
    named |= {variable["name"]: variable for variable in container.get("env", [])}
    if named:
        container["env"] = list(named.values())


def limits_of_podman(manifests: Iterable[Manifest]) -> list[str]:
    """Return one line for each thing in the manifests that a cluster would do and Podman does not.

    Raises:
        KeyError: a kind that is neither played nor named here.
    """
    found: set[str] = set()
    for manifest in manifests:
        kind = manifest["kind"]
        if kind in CANNOT:
            found.add(kind)
        elif kind not in READ:
            raise KeyError(f"{kind}: it is neither played nor named among what Podman cannot do")
        if kind in PLAYED_AS_PODS:
            found |= set(_asked_of_pods(pod_of(manifest)))
    return [f"{thing}: {CANNOT[thing]}" for thing in CANNOT if thing in found]


def _asked_of_pods(pod: Manifest) -> Iterable[str]:
    spec = pod["spec"]
    yield from (thing for thing in ("fsGroup", "seccompProfile") if thing in spec.get("securityContext", {}))
    for container in spec["containers"]:
        if any(probe in container for probe in PROBES):
            yield "probes"
        if "preStop" in container.get("lifecycle", {}):
            yield "preStop"
        if "envFrom" in container:
            yield "envFrom"
        if any(mount["mountPath"] == "/dev/shm" for mount in container.get("volumeMounts", [])):
            yield "/dev/shm"
        if "requests" in container.get("resources", {}):
            yield "requests"
    if any(volume.get("emptyDir") for volume in spec.get("volumes", [])):
        yield "emptyDir"


def seconds_of_leaving(pod: Manifest) -> tuple[float, float]:
    """Return the seconds of `preStop` and those from there to SIGKILL."""
    spec = pod["spec"]
    waits = [
        float(container["lifecycle"]["preStop"]["sleep"]["seconds"])
        for container in spec["containers"]
        if "preStop" in container.get("lifecycle", {})
    ]
    before = max(waits, default=0.0)
    return before, float(spec.get("terminationGracePeriodSeconds", 30)) - before


def probe_command(container: Manifest, kind: str) -> tuple[list[str], str]:
    """Return the command that asks a probe inside the container, and what goes to its standard input.

    Args:
        kind: one of PROBES.
    """
    probe = container[kind]
    ports = {port["name"]: port["containerPort"] for port in container.get("ports", []) if "name" in port}
    if "exec" in probe:
        return list(probe["exec"]["command"]), ""
    if "grpc" in probe:
        url = f"grpc://127.0.0.1:{probe['grpc']['port']}"
    else:
        asked = probe["httpGet"]
        url = f"http://127.0.0.1:{ports.get(asked['port'], asked['port'])}{asked['path']}"
    return ["python3", "-", url], HEALTHCHECK.read_text(encoding="utf-8")


def bytes_of(quantity: str) -> int:
    """Return the bytes of a quantity as manifests write them: `256Mi`, `4Gi`."""
    units = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30}
    return int(quantity[:-2]) * units[quantity[-2:]]


def without_other_stages(dockerfile: str, arguments: Mapping[str, str]) -> str:
    """Return a Dockerfile of the stages that its last one needs, each named in full.

    Buildah 1.28 neither finds a stage whose name an argument completes nor, where it finds one, leaves out the others.

    Args:
        arguments: what `--build-arg` gives; the defaults of the file stand for the others.
    """
    head, *stages = re.split(r"^(?=FROM )", dockerfile, flags=re.MULTILINE)
    values = dict(re.findall(r"^ARG (\w+)=(.*)$", head, flags=re.MULTILINE)) | dict(arguments)

    def completed(stage: str) -> str:
        first, newline, rest = stage.partition("\n")
        return re.sub(r"\$\{(\w+)\}", lambda found: values.get(found[1], found[0]), first) + newline + rest

    stages = [completed(stage) for stage in stages]
    named = {found[1]: stage for stage in stages if (found := re.match(r"FROM \S+ AS (\S+)", stage))}
    needed, waiting = set[str](), [stages[-1]]
    while waiting:
        stage = waiting.pop()
        if stage in needed:
            continue
        needed.add(stage)
        sources = [stage.split()[1], *re.findall(r"(?:--from=|,from=)([\w-]+)", stage)]
        waiting += [named[source] for source in sources if source in named]
    return head + "".join(stage for stage in stages if stage in needed)
