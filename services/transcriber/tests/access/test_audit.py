"""The audit stream says who dictated, when, with which model and how long, and never what."""

import logging

import pytest
from carabin.transcriber.access import audit
from carabin.transcriber.access.audit import AuditRecord


@pytest.fixture
def record() -> AuditRecord:
    return AuditRecord("s1", "ward-1", "whisperlive", "4bf9", "10.0.0.7", started_s=100.0)


def test_a_version_is_named_once_in_the_order_in_which_it_wrote(record: AuditRecord) -> None:
    for version in ("v1", "v1", "v2", "v1"):
        record.wrote(version)
    assert record.utterances == 4
    assert record.model_versions == ["v1", "v2"]


def test_a_session_that_ends_is_one_line_with_its_length_and_outcome(
    record: AuditRecord, caplog: pytest.LogCaptureFixture
) -> None:
    record.audio_s = 12.34567
    record.wrote("v1")
    with caplog.at_level(logging.INFO, "carabin.audit"):
        audit.opened(record)
        audit.closed(record, "ended", now_s=130.5)
    opened, closed = caplog.records
    assert (opened.event, closed.event) == ("audit_opened", "audit_closed")  # type: ignore[attr-defined]
    fields = vars(closed)
    assert (fields["duration_s"], fields["audio_s"], fields["outcome"]) == (30.5, 12.346, "ended")
    assert (fields["session"], fields["identity"], fields["address"]) == ("s1", "ward-1", "10.0.0.7")
    assert (fields["utterances"], fields["model_versions"], fields["trace_id"]) == (1, ["v1"], "4bf9")


def test_whoever_is_refused_is_a_warning_with_the_reason(caplog: pytest.LogCaptureFixture) -> None:
    audit.refused(None, "grpc", "10.0.0.7", "unauthenticated")
    [line] = caplog.records
    assert line.levelno == logging.WARNING
    assert (vars(line)["outcome"], vars(line)["identity"], vars(line)["protocol"]) == ("unauthenticated", None, "grpc")
