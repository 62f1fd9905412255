"""What the node exporter's textfile collector reads of a rollout."""

from pathlib import Path

import pytest
from carabin.cli.commands.models.rollout.metrics import write_metrics
from carabin.registry.errors import DiskFailed

from .test_evidence import record
from .test_progress import with_evidence


def test_metrics_are_written_as_prometheus_text(tmp_path: Path) -> None:
    path = tmp_path / "rollout.prom"
    write_metrics(with_evidence(slow=9.0).model_copy(update={"outcome": "ended"}), path, "cardio")
    text = path.read_text()
    assert 'carabin_rollout_outcome{model="cardio",outcome="ended",version="new"} 1.0' in text
    assert 'carabin_rollout_outcome{model="cardio",outcome="running",version="new"} 0.0' in text
    assert 'carabin_rollout_share{model="cardio",version="new"} 0.05' in text
    assert 'carabin_rollout_evidence{figure="slow",model="cardio",version="new"} 1.8' in text


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(DiskFailed, match=r"away/rollout\.prom cannot be written"):
        write_metrics(record(0.1, 1.0), tmp_path / "away" / "rollout.prom", "cardio")
