"""A notebook's train.csv and test.csv as a dataset of the store, so that a run can be started on them directly."""

import tempfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Final

from carabin.registry.artifacts.bundle import describe_folder
from carabin.registry.artifacts.datasets import DatasetManifest, latest_dataset
from carabin.registry.artifacts.records import fingerprint
from carabin.registry.errors import VersionMissing
from carabin.registry.store import ObjectStore

from ..quality.report import GateReport
from ..segmentation.align import Aligner
from .build import Progress, build
from .collect_tables import collect_tables
from .publish import publish_folder

TEST_CSV: Final = "test.csv"


def dataset_from_csv(
    store: ObjectStore,
    bucket: str,
    name: str,
    train_csv: Path,
    created_at: datetime,
    *,
    report: GateReport | None = None,
    aligner: Callable[[], Aligner] | None = None,
    progress: Progress | None = None,
) -> DatasetManifest:
    """Publish `train_csv`, and the test.csv beside it where there is one, as a version of `name`.

    The notebook selects its model on the test split; here validation is drawn from the training part. What the newest
    version holds already is not published again, so that an interrupted run finds its own dataset.

    Args:
        report: receives every judgement, also where an error ends it.

    Raises:
        DatasetInvalid: a file is missing, or is no CSV of `audio,sentence`.
        DatasetRefused: the gate refuses a recording or a sentence; the text names each.
    """
    report, test_csv = report or GateReport(), train_csv.with_name(TEST_CSV)
    held_out = test_csv.is_file() and test_csv != train_csv
    tables = [(train_csv, "train"), (test_csv, "test")] if held_out else [(train_csv, None)]
    candidates = collect_tables(tables, report)
    with tempfile.TemporaryDirectory(prefix="carabin-csv-") as scratch:
        folder = Path(scratch) / "dataset"
        built = build(candidates, folder, report, aligner=aligner, progress=progress)
        if (newest := _newest(store, bucket, name)) and newest.fingerprint == fingerprint(describe_folder(folder)):
            return newest
        source = {"kind": "csv", "accepted": str(report.accepted), "refused": "0"}
        return publish_folder(store, bucket, name, folder, built.sizes, created_at, source=source)


def _newest(store: ObjectStore, bucket: str, name: str) -> DatasetManifest | None:
    try:
        return latest_dataset(store, bucket, name)
    except VersionMissing:
        return None
