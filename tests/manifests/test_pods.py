"""What a platform team checks in every pod before it lets it in."""

import os
import re

import pytest

from .render import Manifest, containers, environment, identity, pods, references

OURS = ("localhost/carabin/", "registry.invalid/carabin/")
"""What is loaded into a cluster, and what a site has not named yet (RFC 2606, section 2)."""
PINNED = re.compile(r".+@sha256:[0-9a-f]{64}")


def on_openshift(manifests: list[Manifest]) -> bool:
    return any(manifest["kind"] == "Route" for manifest in manifests)


def pod_of(manifests: list[Manifest], owner: str) -> Manifest:
    return dict(pods(manifests))[owner]


def test_every_pod_is_non_root_without_privileges_or_a_writable_root(manifests: list[Manifest]) -> None:
    for owner, pod in pods(manifests):
        security = pod["spec"]["securityContext"]
        assert security["runAsNonRoot"] is True, owner
        # OpenShift gives each namespace ids of its own, and refuses a pod that names one.
        ids = {security.get(name) for name in ("runAsUser", "runAsGroup", "fsGroup")}
        assert ids == ({None} if on_openshift(manifests) else {10001}), owner
        assert security["seccompProfile"] == {"type": "RuntimeDefault"}, owner
        assert not {"hostNetwork", "hostPID", "hostIPC"} & pod["spec"].keys(), owner
        for container in containers(pod):
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }, owner


def test_no_pod_may_speak_to_the_kubernetes_api(manifests: list[Manifest]) -> None:
    assert [
        owner for owner, pod in pods(manifests) if pod["spec"].get("automountServiceAccountToken") is not False
    ] == []


def test_every_container_says_what_it_needs_and_how_much_memory_it_may_take(manifests: list[Manifest]) -> None:
    for owner, pod in pods(manifests):
        for container in containers(pod):
            assert {"cpu", "memory"} <= container["resources"]["requests"].keys(), owner
            assert "memory" in container["resources"]["limits"], owner


def test_every_scratch_volume_is_bounded(manifests: list[Manifest]) -> None:
    for owner, pod in pods(manifests):
        for volume in pod["spec"].get("volumes", []):
            if "emptyDir" in volume:
                assert "sizeLimit" in volume["emptyDir"], (owner, volume["name"])


def test_what_a_dictation_passes_through_stays_in_memory(manifests: list[Manifest]) -> None:
    volumes = {
        volume["name"]: volume for volume in pod_of(manifests, "Deployment/carabin-transcriber")["spec"]["volumes"]
    }
    assert volumes["tmp"]["emptyDir"]["medium"] == "Memory"


def test_every_image_is_pinned(manifests: list[Manifest]) -> None:
    for owner, pod in pods(manifests):
        for container in containers(pod):
            image = container["image"]
            if image.startswith(OURS):
                tag = image.rpartition(":")[2] if ":" in image else ""
                assert re.match(r"\d+\.\d+\.\d+", tag), (owner, image)
            else:
                assert PINNED.fullmatch(image), (owner, image)


def test_an_image_that_nobody_named_comes_from_no_public_registry(manifests: list[Manifest]) -> None:
    for owner, pod in pods(manifests):
        for image in (container["image"] for container in containers(pod)):
            host, slash, _ = image.partition("/")
            # What a container runtime takes for a registry; any other name is one of docker.io's.
            assert slash, (owner, image)
            assert host == "localhost" or "." in host, (owner, image)
            assert image.startswith(OURS) or PINNED.fullmatch(image), (owner, image)


def test_everything_a_pod_refers_to_exists(manifests: list[Manifest]) -> None:
    there = {(manifest["kind"], manifest["metadata"]["name"]) for manifest in manifests}
    for owner, pod in pods(manifests):
        assert references(pod) <= there, owner
        account = pod["spec"].get("serviceAccountName")
        assert account is None or ("ServiceAccount", account) in there, owner
        priority = pod["spec"].get("priorityClassName")
        assert priority is None or ("PriorityClass", priority) in there, owner
        mounted = {mount["name"] for container in containers(pod) for mount in container.get("volumeMounts", [])}
        claims = {"data"} if owner == "StatefulSet/object-store" else set()
        assert mounted <= {volume["name"] for volume in pod["spec"].get("volumes", [])} | claims, owner


def test_each_service_holds_its_own_key_to_the_store_and_no_other(manifests: list[Manifest]) -> None:
    holders: dict[str, set[str]] = {}
    for owner, pod in pods(manifests):
        for kind, name in references(pod):
            match = re.match(r"carabin-store-(admin|exporter|promoter|trainer|transcriber)\b", name)
            if kind == "Secret" and match:
                holders.setdefault(match[1], set()).add(owner)
    bootstrap, trainers = "Job/carabin-bootstrap", {"CronJob/carabin-trainer", "TrainingRuntime/carabin-trainer"}
    assert holders["admin"] == {bootstrap, "StatefulSet/object-store"}
    # The tools' pod does nothing by itself: an operator's commands come by `kubectl exec`.
    assert holders["promoter"] == {bootstrap, "Deployment/carabin-tools"}, "nothing that runs by itself may promote"
    tools = pod_of(manifests, "Deployment/carabin-tools")["spec"]["containers"][0]
    assert tools["command"] == ["sleep", "infinity"]
    assert holders["exporter"] == {bootstrap, "Deployment/carabin-exporter"}
    # The backup reads models, as the transcriber does, and with its key it may write nothing.
    backup = {owner for owner, _ in pods(manifests)} & {"CronJob/carabin-backup"}
    assert holders["transcriber"] == {bootstrap, "Deployment/carabin-transcriber", *backup}
    assert holders["trainer"] - trainers == {bootstrap}


def test_dictations_are_drained_before_the_pod_is_killed(manifests: list[Manifest]) -> None:
    pod = pod_of(manifests, "Deployment/carabin-transcriber")
    pre_stop_s = pod["spec"]["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"]
    drain_s = float(environment(manifests, pod)["CARABIN_TRANSCRIBER_DRAIN_S"])
    assert pre_stop_s + drain_s < pod["spec"]["terminationGracePeriodSeconds"]


def test_a_missing_model_never_kills_a_transcriber(manifests: list[Manifest]) -> None:
    container = pod_of(manifests, "Deployment/carabin-transcriber")["spec"]["containers"][0]
    assert container["livenessProbe"]["httpGet"]["path"] == "/livez"
    # On a GPU the driver and the libraries are looked at first; neither looks for a model.
    on_gpu = ["python", "-m", "carabin.service.doctor", "--gpu-only", "--device", "cuda"]
    started = container["startupProbe"]
    assert started.get("httpGet", {}).get("path") == "/livez" or started["exec"]["command"] == on_gpu
    assert container["readinessProbe"]["httpGet"]["path"] == "/readyz"


@pytest.mark.parametrize("probe", ["startupProbe", "readinessProbe", "livenessProbe"])
def test_every_probe_asks_a_port_that_is_open(manifests: list[Manifest], probe: str) -> None:
    for owner, pod in pods(manifests):
        for container in containers(pod):
            if probe not in container or "exec" in container[probe]:
                continue
            open_ports = container["ports"]
            handler = container[probe].get("httpGet") or container[probe]["grpc"]
            known = {port["name"] for port in open_ports} | {port["containerPort"] for port in open_ports}
            assert handler["port"] in known, owner


def test_every_service_that_stays_up_has_all_three_probes(manifests: list[Manifest]) -> None:
    for owner, pod in pods(manifests):
        if owner.startswith(("Deployment/", "StatefulSet/")):
            for container in containers(pod):
                assert {"startupProbe", "readinessProbe", "livenessProbe"} <= container.keys(), owner


def test_every_port_of_a_service_leads_to_a_container(manifests: list[Manifest]) -> None:
    for manifest in manifests:
        if manifest["kind"] != "Service":
            continue
        selector = manifest["spec"]["selector"]
        behind = [pod for _, pod in pods(manifests) if selector.items() <= pod["metadata"]["labels"].items()]
        names = {port["name"] for pod in behind for container in containers(pod) for port in container["ports"]}
        assert {port["targetPort"] for port in manifest["spec"]["ports"]} <= names, identity(manifest)


def test_a_preempted_training_is_not_a_failed_one_and_never_runs_twice(manifests: list[Manifest]) -> None:
    cron = next(manifest for manifest in manifests if identity(manifest) == "CronJob/carabin-trainer")
    job = cron["spec"]["jobTemplate"]["spec"]
    ignored = [rule for rule in job["podFailurePolicy"]["rules"] if rule["action"] == "Ignore"]
    assert ignored[0]["onPodConditions"] == [{"type": "DisruptionTarget", "status": "True"}]
    assert ignored[1]["onExitCodes"] == {"operator": "In", "values": [os.EX_TEMPFAIL]}, "it stopped and will go on"
    assert job["podReplacementPolicy"] == "Failed"
    assert job["template"]["spec"]["restartPolicy"] == "Never"


def test_a_replaced_trainer_resumes_the_run_of_its_job(manifests: list[Manifest]) -> None:
    pod = pod_of(manifests, "CronJob/carabin-trainer")
    (run,) = [entry for entry in pod["spec"]["containers"][0]["env"] if entry["name"] == "CARABIN_TRAINER_RUN"]
    assert run["valueFrom"]["fieldRef"]["fieldPath"] == "metadata.labels['batch.kubernetes.io/job-name']"


def test_what_needs_a_gpu_is_never_put_on_a_node_without_one(rendered: dict[str, list[Manifest]]) -> None:
    for owner in ("Deployment/carabin-transcriber", "CronJob/carabin-trainer"):
        pod = pod_of(rendered["gpu"], owner)
        assert pod["spec"]["containers"][0]["resources"]["limits"]["nvidia.com/gpu"] == 1, owner
        assert {"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"} in pod["spec"]["tolerations"]


def test_a_gpu_that_does_not_answer_is_not_replaced_by_the_cpu_in_silence(rendered: dict[str, list[Manifest]]) -> None:
    pod = pod_of(rendered["gpu"], "Deployment/carabin-transcriber")
    assert environment(rendered["gpu"], pod)["CARABIN_TRANSCRIBER_DEVICE"] == "cuda"
