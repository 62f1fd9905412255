"""Where a rollout stands, as series for the node exporter's textfile collector."""

from pathlib import Path
from typing import get_args

from carabin.registry.errors import DiskFailed
from carabin.registry.stages.rollouts import Outcome, RolloutRecord
from prometheus_client import CollectorRegistry, Gauge, write_to_textfile

from .progress import evidence_share


class RolloutMetrics:
    """The series of one rollout."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def gauge(name: str, text: str, *labels: str) -> Gauge:
            return Gauge(f"carabin_rollout_{name}", text, ("model", "version", *labels), registry=registry)

        self.step = gauge("step", "Step of the rollout, from 1")
        self.share = gauge("share", "Share of new sessions; 0 is a shadow")
        self.held = gauge("held_seconds", "Time of this step in which figures came")
        self.evidence = gauge("evidence", "Evidence against the version, logarithmic; 1 ends the rollout", "figure")
        self.outcome = gauge("outcome", "1 for the outcome of the rollout, else 0", "outcome")

    def set(self, record: RolloutRecord, name: str) -> None:
        """Show the state of a rollout of the model `name`."""
        plan = record.plan
        self.step.labels(name, plan.version).set(record.step + 1)
        self.share.labels(name, plan.version).set(plan.steps[record.step])
        self.held.labels(name, plan.version).set(record.held_s)
        for figure in record.evidence:
            self.evidence.labels(name, plan.version, figure).set(evidence_share(record, figure))
        for each in get_args(Outcome):
            self.outcome.labels(name, plan.version, each).set(each == record.outcome)


def write_metrics(record: RolloutRecord, path: Path, name: str) -> None:
    """Write the series of a rollout into a file, in one rename.

    Raises:
        DiskFailed: the file cannot be written.
    """
    registry = CollectorRegistry()
    RolloutMetrics(registry).set(record, name)
    try:
        write_to_textfile(str(path), registry)
    except OSError as error:
        raise DiskFailed(f"{path} cannot be written: {error.strerror or error}") from error
