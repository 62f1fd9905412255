"""A training's Job is the cluster's CronJob with this training's settings in place, or one sentence."""

import io
import json
import sys
from typing import Any

import pytest
from carabin.cli.commands.kubernetes_job import JobRefused, job_of
from carabin.cli.main import main


def cron_job(**changes: Any) -> str:
    container = {
        "name": "trainer",
        "image": "registry.example/trainer:1",
        "env": [
            {"name": "CARABIN_TRAINER_RUN", "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels['job-name']"}}},
            {"name": "CARABIN_TRAINER_EPOCHS", "value": "9"},
        ],
    }
    document = {
        "kind": "CronJob",
        "metadata": {"name": "carabin-trainer", "namespace": "carabin"},
        "spec": {
            "suspend": True,
            "jobTemplate": {
                "metadata": {"labels": {"kueue.x-k8s.io/queue-name": "training"}},
                "spec": {"backoffLimit": 3, "template": {"spec": {"containers": [container]}}},
            },
        },
    }
    return json.dumps({**document, **changes})


def test_what_the_cluster_says_is_kept_and_what_was_asked_for_wins() -> None:
    job = job_of(cron_job(), "radio-1", {"dataset": "radio@v2", "epochs": 2.0, "evaluate": False, "sizes": [1, 2]})
    assert (job["kind"], job["apiVersion"]) == ("Job", "batch/v1")
    assert job["metadata"]["name"] == "radio-1"
    assert job["metadata"]["namespace"] == "carabin"
    assert job["metadata"]["labels"] == {"kueue.x-k8s.io/queue-name": "training"}
    assert job["spec"]["backoffLimit"] == 3
    (container,) = job["spec"]["template"]["spec"]["containers"]
    assert container["image"] == "registry.example/trainer:1"
    assert "valueFrom" in container["env"][0], "the run's name comes from the Job's own label"
    assert {entry["name"]: entry["value"] for entry in container["env"][1:]} == {
        "CARABIN_TRAINER_DATASET": "radio@v2",
        "CARABIN_TRAINER_EPOCHS": "2.0",
        "CARABIN_TRAINER_EVALUATE": "false",
        "CARABIN_TRAINER_SIZES": "[1, 2]",
    }


@pytest.mark.parametrize("run", ["", "Radio", "radio_1", "-radio", "radio-", "r" * 64])
def test_a_name_that_kubernetes_refuses_is_refused_here(run: str) -> None:
    with pytest.raises(JobRefused, match="no name of a Job"):
        job_of(cron_job(), run, {})


@pytest.mark.parametrize("text", ["", "kind: CronJob", "[]", "{}", '{"kind": "CronJob", "spec": {}}'])
def test_what_is_no_cron_job_is_refused_with_the_command_that_prints_one(text: str) -> None:
    with pytest.raises(JobRefused, match="kubectl -n carabin get cronjob carabin-trainer -o json"):
        job_of(text, "radio", {})


def test_the_cron_job_of_something_else_is_refused() -> None:
    with pytest.raises(JobRefused, match="of another service"):
        job_of(cron_job().replace('"trainer"', '"backup"'), "radio", {})
    with pytest.raises(JobRefused, match="the Deployment of"):
        job_of(cron_job(kind="Deployment"), "radio", {})


def test_where_no_trainer_is_installed_the_named_options_still_make_a_job(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "carabin.trainer.settings", None)  # as in the tools image: it cannot be imported
    monkeypatch.setattr("sys.stdin", io.StringIO(cron_job()))
    assert main(["train", "radio", "--mode", "lora", "--run", "radio-1", "--kubernetes"]) == 0
    assert json.loads(capsys.readouterr().out)["metadata"]["name"] == "radio-1"
    assert main(["train", "radio", "--set", "patience=0", "--kubernetes"]) == 2
    assert "--set is checked by the trainer" in " ".join(capsys.readouterr().err.split())


def test_without_a_name_the_run_is_called_after_its_dataset_and_the_time(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(cron_job()))
    assert main(["train", "Radio@v3", "--kubernetes"]) == 0
    name = json.loads(capsys.readouterr().out)["metadata"]["name"]
    assert name.startswith("radio-20")
    assert len(name) == len("radio-20261128-1130")
