"""Of the dev-cpu overlay, what `make e2e-kube` lets Podman play: the same containers, and every omission named."""

import subprocess
import sys
from pathlib import Path

import pytest

from .render import (
    ROOT,
    Manifest,
    containers,
    environment,
    identity,
    pods,
    render,
    renderer,
    script,
    tree_with_secrets,
)

kube_play = script("kube_play")


@pytest.fixture(scope="module")
def overlay(tmp_path_factory: pytest.TempPathFactory) -> list[Manifest]:
    if renderer() is None:
        pytest.skip("neither kustomize nor kubectl is installed")
    return render(tree_with_secrets(tmp_path_factory.mktemp("tree")) / "overlays/dev-cpu")


@pytest.fixture(scope="module")
def owners(overlay: list[Manifest]) -> dict[str, Manifest]:
    names = {name for name, _ in pods(overlay)}
    return {identity(each): each for each in overlay if identity(each) in names}


def source_keys(overlay: list[Manifest]) -> dict[str, list[str]]:
    kinds = ("ConfigMap", "Secret")
    return {each["metadata"]["name"]: list(each["data"]) for each in overlay if each["kind"] in kinds}


def played(overlay: list[Manifest], owner: Manifest) -> Manifest:
    pod: Manifest = kube_play.playable(kube_play.pod_of(owner), source_keys(overlay), {"http": 20_000})
    return pod


def test_every_pod_keeps_its_images_commands_limits_and_hardening(
    overlay: list[Manifest], owners: dict[str, Manifest]
) -> None:
    assert len(owners) == 6
    for name, template in pods(overlay):
        pod = played(overlay, owners[name])
        assert pod["kind"] == "Pod"
        assert pod["spec"]["securityContext"] == template["spec"]["securityContext"]
        for mine, declared in zip(pod["spec"]["containers"], containers(template), strict=True):
            for kept in ("image", "command", "args", "securityContext"):
                assert mine.get(kept) == declared.get(kept)
            assert mine["resources"]["limits"] == declared["resources"]["limits"]


def test_no_two_pods_share_a_volume_of_a_pod(overlay: list[Manifest], owners: dict[str, Manifest]) -> None:
    names = [
        volume["name"]
        for owner in owners.values()
        for volume in played(overlay, owner)["spec"]["volumes"]
        if "emptyDir" in volume
    ]
    assert len(names) == len(set(names)) > 6


def test_every_mount_has_its_volume(overlay: list[Manifest], owners: dict[str, Manifest]) -> None:
    for owner in owners.values():
        spec = played(overlay, owner)["spec"]
        mounted = {mount["name"] for container in spec["containers"] for mount in container["volumeMounts"]}
        assert mounted == {volume["name"] for volume in spec["volumes"]}


def test_a_secret_that_is_read_with_a_prefix_gives_the_same_variables(
    overlay: list[Manifest], owners: dict[str, Manifest]
) -> None:
    (container,) = played(overlay, owners["Job/carabin-bootstrap"])["spec"]["containers"]
    origins = {variable["name"]: variable["valueFrom"] for variable in container["env"]}
    services = ("EXPORTER", "PROMOTER", "TRAINER", "TRANSCRIBER")
    prefixed = {f"{name}_CARABIN_STORE_{key}_KEY" for name in services for key in ("ACCESS", "SECRET")}
    assert prefixed < set(origins)
    for name in prefixed:
        origin = origins[name]["secretKeyRef"]
        assert origin["name"].startswith(f"carabin-store-{name.split('_')[0].lower()}-")
        assert origin["key"] == name.partition("_")[2]


def test_every_pod_sees_the_variables_that_kubernetes_would_give_it(
    overlay: list[Manifest], owners: dict[str, Manifest]
) -> None:
    for name, template in pods(overlay):
        (container,) = played(overlay, owners[name])["spec"]["containers"]
        seen = [variable["name"] for variable in container.get("env", [])]
        assert sorted(seen) == sorted(environment(overlay, template))
        assert "envFrom" not in container


def test_a_variable_of_the_container_goes_before_the_same_of_a_config_map(
    overlay: list[Manifest], owners: dict[str, Manifest]
) -> None:
    pod = kube_play.pod_of(owners["CronJob/carabin-trainer"])
    chosen = {"name": "CARABIN_TRAINER_DATASET", "value": "radiologie"}
    pod["spec"]["containers"][0]["env"].append(chosen)
    (container,) = kube_play.playable(pod, source_keys(overlay), {})["spec"]["containers"]
    assert [each for each in container["env"] if each["name"] == "CARABIN_TRAINER_DATASET"] == [chosen]


def test_a_job_is_named_by_the_label_that_its_training_reads(overlay: list[Manifest]) -> None:
    del overlay
    job = {"kind": "Job", "metadata": {"name": "radio-2026"}, "spec": {"template": {"metadata": {}, "spec": {}}}}
    assert kube_play.pod_of(job)["metadata"]["labels"]["batch.kubernetes.io/job-name"] == "radio-2026"


def test_the_stores_claim_is_its_users(overlay: list[Manifest], owners: dict[str, Manifest]) -> None:
    store = owners["StatefulSet/object-store"]
    (claim,) = kube_play.claims_of(store)
    assert claim["metadata"]["annotations"] == {"volume.podman.io/uid": "10001", "volume.podman.io/gid": "10001"}
    volumes = played(overlay, store)["spec"]["volumes"]
    assert {"claimName": claim["metadata"]["name"]} in [each.get("persistentVolumeClaim") for each in volumes]


def test_every_kind_and_every_part_that_is_left_out_is_named(overlay: list[Manifest]) -> None:
    lines = kube_play.limits_of_podman(overlay)
    assert {line.partition(":")[0] for line in lines} == set(kube_play.CANNOT)
    with pytest.raises(KeyError, match="DaemonSet"):
        kube_play.limits_of_podman([{"kind": "DaemonSet", "metadata": {"name": "x"}}])


def test_ports_are_published_on_loopback_and_only_those_asked_for(
    overlay: list[Manifest], owners: dict[str, Manifest]
) -> None:
    (container,) = played(overlay, owners["Deployment/carabin-transcriber"])["spec"]["containers"]
    published = {port["name"]: (port.get("hostIP"), port.get("hostPort")) for port in container["ports"]}
    assert published == {"http": ("127.0.0.1", 20_000), "grpc": (None, None), "metrics": (None, None)}


def test_a_pod_is_given_the_time_that_its_manifest_gives(owners: dict[str, Manifest]) -> None:
    transcriber = kube_play.pod_of(owners["Deployment/carabin-transcriber"])
    assert kube_play.seconds_of_leaving(transcriber) == (10.0, 320.0)
    assert kube_play.seconds_of_leaving(kube_play.pod_of(owners["Deployment/carabin-tools"])) == (0.0, 5.0)


@pytest.mark.parametrize(
    ("owner", "kind", "ends"),
    [
        ("Deployment/carabin-transcriber", "readinessProbe", "http://127.0.0.1:9090/readyz"),
        ("Deployment/carabin-exporter", "startupProbe", "grpc://127.0.0.1:9092"),
        ("Deployment/carabin-exporter", "livenessProbe", "http://127.0.0.1:9093/metrics"),
        ("Deployment/carabin-tools", "startupProbe", "--help"),
    ],
)
def test_a_probe_is_asked_as_it_is_declared(owners: dict[str, Manifest], owner: str, kind: str, ends: str) -> None:
    (container,) = kube_play.pod_of(owners[owner])["spec"]["containers"]
    command, text = kube_play.probe_command(container, kind)
    assert command[-1] == ends
    assert text.startswith('"""Answer the container') or command[0] == "carabin"


def test_stages_that_the_last_one_does_not_need_are_left_out() -> None:
    for folder in ("services/trainer", "services/transcriber", "services/exporter", "docker/tools"):
        text = (ROOT / folder / "Dockerfile").read_text(encoding="utf-8")
        kept = kube_play.without_other_stages(text, {"VARIANT": "cpu", "PYTHON_IMAGE": "base"})
        assert "cuda" not in "".join(line for line in kept.splitlines() if line.startswith(("FROM", "COPY")))
        assert "$" not in "".join(line for line in kept.splitlines() if line.startswith("FROM"))
        assert kept.endswith(text[text.index("\n", text.rindex("\nFROM ") + 1) :])
        assert "AS wheels" in kept, "our own wheels are mounted from it"
    cuda = kube_play.without_other_stages((ROOT / "services/trainer/Dockerfile").read_text(), {"VARIANT": "cuda"})
    assert "AS torch-cuda" in cuda
    assert "AS torch-cpu" not in cuda


def test_the_overlay_of_the_run_renders_over_dev_cpu(tmp_path: Path) -> None:
    if renderer() is None:
        pytest.skip("neither kustomize nor kubectl is installed")
    listing = (
        "import sys; sys.path.insert(0, sys.argv[1]); import pathlib; from e2e_cluster import Overlay;"
        "overlay = Overlay(pathlib.Path(sys.argv[2]));"
        "print(overlay.secret('store-admin', 'CARABIN_STORE_ACCESS_KEY'));"
        "print(*sorted({c['image'] for m in overlay.manifests if m['kind'] in ('Deployment', 'StatefulSet')"
        " for c in m['spec']['template']['spec']['containers']}))"
    )
    command = [sys.executable, "-c", listing, str(ROOT / "scripts"), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    admin, images = done.stdout.splitlines()
    assert admin == "carabin-admin"
    assert all(image.startswith("localhost/carabin/") for image in images.split())
