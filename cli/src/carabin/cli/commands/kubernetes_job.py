"""The Kubernetes Job of one training, from the cluster's own CronJob `carabin-trainer`: image, GPU and keys are its.

A CronJob and settings in, a Job out, both as `kubectl ... -o json` has them.
"""

import copy
import json
import re
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

import typer
from carabin.cli.output import write_json
from carabin.registry.errors import CarabinError

from .set_option import parse_settings, setting_pairs

PREFIX: Final = "CARABIN_TRAINER_"
NAME: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
"""Of a Job whose name is also a label (RFC 1123)."""


class JobRefused(CarabinError):
    """What was read is no such CronJob, or the run's name is none that Kubernetes takes."""


def job_of(cron_job: str, run: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the Job that does `run` with `settings` over those of the cluster.

    Args:
        cron_job: what `kubectl get cronjob carabin-trainer -o json` prints.
        run: the run's name, and the Job's: its label gives it to the trainer, also where the pod is replaced.
        settings: values of the trainer's settings by field name.

    Raises:
        JobRefused: see there.
    """
    if not NAME.fullmatch(run):
        raise JobRefused(f"{run!r} is no name of a Job: small letters, digits and hyphens, 63 at most")
    document = _cron_job(cron_job)
    template = copy.deepcopy(document["spec"]["jobTemplate"])
    container = template["spec"]["template"]["spec"]["containers"][0]
    given = {f"{PREFIX}{name.upper()}": _text(value) for name, value in settings.items()}
    kept = [entry for entry in container.get("env", []) if entry["name"] not in given]
    # `env` wins over `envFrom`, from where the site's own settings come.
    container["env"] = [*kept, *({"name": name, "value": value} for name, value in given.items())]
    metadata = template.get("metadata", {})
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": run,
            **({"namespace": document["metadata"]["namespace"]} if "namespace" in document["metadata"] else {}),
            "labels": metadata.get("labels", {}),
            # As `kubectl create job --from` marks one.
            "annotations": {**metadata.get("annotations", {}), "cronjob.kubernetes.io/instantiate": "manual"},
        },
        "spec": template["spec"],
    }


def print_job(given: dict[str, Any], extra: list[str], preset: str | None) -> None:
    """Print the Job of a training whose CronJob comes by standard input.

    Every setting is checked by the trainer's own class where it is installed; the tools image has none.

    Args:
        given: values by field name; `dataset` is one of them.
        extra: NAME=VALUE of others.

    Raises:
        JobRefused, SettingInvalid, typer.BadParameter
    """
    if preset is not None or given["dataset"].endswith(".csv"):
        raise typer.BadParameter("a Job in a cluster takes a dataset of the store, and --set in place of a preset")
    if sys.stdin.isatty():
        raise typer.BadParameter(
            "kubectl -n carabin get cronjob carabin-trainer -o json | carabin train ... --kubernetes"
        )
    try:
        from carabin.trainer.settings import TrainerSettings
    except ImportError:
        if extra:
            raise typer.BadParameter("--set is checked by the trainer, which is not installed here") from None
    else:
        pairs = setting_pairs(extra, TrainerSettings.model_fields)
        TrainerSettings.load(**parse_settings(pairs), **given)
        given |= dict(pairs)
    moment = datetime.now(UTC)
    run = given.pop("run", None) or f"{given['dataset'].partition('@')[0].lower()}-{moment:%Y%m%d-%H%M}"
    write_json(job_of(sys.stdin.read(), run, given))


def _cron_job(text: str) -> dict[str, Any]:
    try:
        document: dict[str, Any] = json.loads(text)
        pod = document["spec"]["jobTemplate"]["spec"]["template"]["spec"]
        names = {container["name"] for container in pod["containers"]}
    except (ValueError, KeyError, TypeError) as error:
        raise JobRefused(
            "standard input is no CronJob in JSON: kubectl -n carabin get cronjob carabin-trainer -o json"
        ) from error
    if document.get("kind") != "CronJob" or "trainer" not in names:
        raise JobRefused(
            f"standard input is the {document.get('kind')} of another service, not that of carabin-trainer"
        )
    return document


def _text(value: Any) -> str:
    """Return a value as the environment carries it."""
    return value if isinstance(value, str) else json.dumps(value)
