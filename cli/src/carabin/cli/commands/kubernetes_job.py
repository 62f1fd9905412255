"""The Kubernetes Job of one training, from the cluster's own CronJob `carabin-trainer`: image, GPU and keys are its.

Pure: a CronJob and settings in, a Job out, both as `kubectl ... -o json` has them.
"""

import copy
import json
import re
from collections.abc import Mapping
from typing import Any, Final

from carabin.registry.errors import CarabinError

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
