"""`carabin train --kubernetes` prints a Job that Kubernetes takes, from each overlay's CronJob as it is rendered."""

import io
import json

import kubernetes_validate
import pytest
from carabin.cli.main import main
from carabin.trainer.settings import TrainerSettings

from .render import Manifest, environment, identity, pods
from .test_schemas import KUBERNETES_VERSIONS


def cron_job(manifests: list[Manifest]) -> Manifest:
    (found,) = [manifest for manifest in manifests if identity(manifest) == "CronJob/carabin-trainer"]
    return found


@pytest.fixture
def job(manifests: list[Manifest], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Manifest:
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps(cron_job(manifests))))
    options = ["--mode", "lora", "--run", "radio-2026-11"]
    options += ["--set", "patience=0", "--set", "interpolation_weights=[1.0, 0.5]"]
    assert main(["train", "radiologie@v3", *options, "--kubernetes"]) == 0
    printed: Manifest = json.loads(capsys.readouterr().out)
    return printed


@pytest.mark.parametrize("version", KUBERNETES_VERSIONS)
def test_kubernetes_accepts_it(job: Manifest, version: str) -> None:
    kubernetes_validate.validate(job, version, strict=True)


def test_but_for_the_settings_it_is_the_cron_jobs(job: Manifest, manifests: list[Manifest]) -> None:
    template = cron_job(manifests)["spec"]["jobTemplate"]
    (container,), (ours,) = (each["spec"]["template"]["spec"]["containers"] for each in (job, template))
    added = [entry for entry in container["env"] if entry not in ours["env"]]
    assert job["metadata"]["labels"] == template["metadata"]["labels"]
    container["env"] = ours["env"]
    assert job["spec"] == template["spec"]
    assert [entry["name"] for entry in added] == [
        "CARABIN_TRAINER_DATASET", "CARABIN_TRAINER_MODE", "CARABIN_TRAINER_PATIENCE",
        "CARABIN_TRAINER_INTERPOLATION_WEIGHTS",
    ]  # fmt: skip


def test_the_trainer_reads_from_its_environment_what_was_asked_for(
    job: Manifest, manifests: list[Manifest], monkeypatch: pytest.MonkeyPatch
) -> None:
    [(_, pod)] = pods([job])
    for name, value in environment(manifests, pod).items():
        if name.startswith("CARABIN_TRAINER_"):
            monkeypatch.setenv(name, value)
    settings = TrainerSettings.load()
    assert (settings.dataset, settings.mode, settings.patience) == ("radiologie@v3", "lora", 0)
    assert settings.interpolation_weights == (1.0, 0.5)
    assert settings.stop_grace_s == 120, "the site's own setting"


def test_a_setting_that_does_not_parse_is_said_before_a_job_is_made(
    manifests: list[Manifest], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps(cron_job(manifests))))
    assert main(["train", "radiologie", "--set", "patience=-1", "--kubernetes"]) == 1
    assert "CARABIN_TRAINER_PATIENCE" in capsys.readouterr().err
    assert main(["train", "radiologie", "--set", "patiense=1", "--kubernetes"]) == 2
    assert main(["train", "radiologie", "--preset", "notebook", "--kubernetes"]) == 2
