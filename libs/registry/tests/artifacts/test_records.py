"""What stored documents share: a version id of their bytes, finite figures, an error that names the field."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from carabin.registry.artifacts.records import (
    FileEntry,
    Metrics,
    ProgressMetrics,
    StoredRecord,
    fingerprint,
    version_id,
)
from carabin.registry.errors import ManifestInvalid
from pydantic import ValidationError

NOW = datetime(2026, 11, 23, 10, 15, tzinfo=UTC)
MODEL = FileEntry(path="model.bin", size=7, sha256="a" * 64)
CONFIG = FileEntry(path="config.json", size=2, sha256="b" * 64)


class Measured(StoredRecord):
    """A document with figures."""

    metrics: Metrics


class UnderWay(StoredRecord):
    """A document with figures of a run that goes on."""

    metrics: ProgressMetrics


def test_the_order_of_the_files_does_not_change_a_version_and_a_byte_does() -> None:
    assert version_id(NOW, [MODEL, CONFIG]) == version_id(NOW, [CONFIG, MODEL])
    changed = MODEL.model_copy(update={"sha256": "c" * 64})
    assert version_id(NOW, [changed, CONFIG]) != version_id(NOW, [MODEL, CONFIG])
    renamed = MODEL.model_copy(update={"path": "other.bin"})
    assert fingerprint([renamed, CONFIG]) != fingerprint([MODEL, CONFIG])


def test_a_version_is_dated_in_utc_wherever_it_was_made() -> None:
    in_paris = NOW.astimezone(timezone(timedelta(hours=1)))
    assert version_id(in_paris, [MODEL]) == version_id(NOW, [MODEL])
    assert version_id(NOW, [MODEL]) == f"20261123T101500Z-{fingerprint([MODEL])[:12]}"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), None])
def test_a_figure_that_is_no_number_is_refused_when_written_dropped_when_read_and_left_out_of_a_run_under_way(
    value: float | None,
) -> None:
    figures = {"wer": value, "cer": 0.1}
    with pytest.raises(ValidationError, match=r"wer is .*: a metric is a finite number"):
        Measured.model_validate({"metrics": figures})
    assert Measured.from_bytes(b'{"metrics": {"wer": null, "cer": 0.1}}', "here").metrics == {"cer": 0.1}
    assert UnderWay.model_validate({"metrics": figures}).metrics == {"cer": 0.1}


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"{", "here: document: Invalid JSON"),
        (b"{}", "here: metrics: Field required"),
        (b'{"schema_version": 2, "metrics": {}}', r"here: schema_version: 2 is newer than .* \(up to 1\); update it"),
        (b'{"schema_version": "x", "metrics": {}}', "here: schema_version: Input should be a valid integer"),
    ],
)
def test_a_document_that_cannot_be_read_is_named_with_its_field(data: bytes, sentence: str) -> None:
    with pytest.raises(ManifestInvalid, match=sentence):
        Measured.from_bytes(data, "here")
