"""The rollout's Job is the command that exists, and runs only when somebody makes it."""

from pathlib import Path

import pytest
import yaml
from carabin.cli.main import main
from carabin.registry.settings import StoreSettings

from .render import Manifest, identity, references, render


@pytest.fixture(scope="module")
def manifests(tree: Path) -> list[Manifest]:
    site = tree / "overlays" / "site-with-rollout"
    site.mkdir()
    components = [f"../../components/{name}" for name in ("secrets", "networkpolicy", "rollout")]
    kustomization = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": ["../../base"],
        "components": components,
    }
    (site / "kustomization.yaml").write_text(yaml.safe_dump(kustomization))
    return render(site)


@pytest.fixture
def cron_job(manifests: list[Manifest]) -> Manifest:
    [found] = [each for each in manifests if identity(each) == "CronJob/carabin-rollout"]
    return found


def test_nothing_with_the_promoters_key_runs_by_itself(cron_job: Manifest) -> None:
    assert cron_job["spec"]["suspend"] is True
    pod = cron_job["spec"]["jobTemplate"]["spec"]["template"]
    secrets = [name for kind, name in references(pod) if kind == "Secret"]
    assert [name.rpartition("-")[0] for name in secrets] == ["carabin-store-promoter"]


def test_its_arguments_are_the_commands_own(
    cron_job: Manifest,
    s3_environment: StoreSettings,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    [container] = cron_job["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    [url] = [entry["value"] for entry in container["env"] if entry["name"] == "CARABIN_PROMETHEUS_URL"]
    monkeypatch.setenv("CARABIN_PROMETHEUS_URL", url)
    monkeypatch.setenv("CARABIN_MODEL", "cardio")
    assert main(container["args"]) == 1, "the store holds no version"
    assert "cardio has no version 'latest'" in capfd.readouterr().err


def test_it_starts_at_a_site_that_names_its_models_otherwise(cron_job: Manifest) -> None:
    """`CARABIN_TRANSCRIBER_MODELS` stands in place of the name: kubelet starts no container whose key is missing."""
    [container] = cron_job["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    keys = [entry["valueFrom"]["configMapKeyRef"] for entry in container["env"] if "valueFrom" in entry]
    assert [(key["key"], key["optional"]) for key in keys] == [("CARABIN_TRANSCRIBER_MODEL_NAME", True)]


def test_a_breach_is_not_tried_again_and_a_killed_pod_is(cron_job: Manifest) -> None:
    job = cron_job["spec"]["jobTemplate"]["spec"]
    [fail] = [rule for rule in job["podFailurePolicy"]["rules"] if rule["action"] == "FailJob"]
    assert fail["onExitCodes"]["values"] == [3, 4], "EXIT_CODES of the command"
    assert job["backoffLimit"] > 0
    assert job["podReplacementPolicy"] == "Failed", "two would wait for each other"


def test_it_reaches_the_store_and_prometheus(manifests: list[Manifest]) -> None:
    named = {identity(each): each["spec"] for each in manifests if each["kind"] == "NetworkPolicy"}
    values = named["NetworkPolicy/allow-object-store"]["podSelector"]["matchExpressions"][0]["values"]
    assert "carabin-rollout" in values
    [rule] = named["NetworkPolicy/rollout"]["egress"]
    assert rule["to"] == [{"namespaceSelector": {"matchLabels": {"carabin.dev/monitoring": "true"}}}]
