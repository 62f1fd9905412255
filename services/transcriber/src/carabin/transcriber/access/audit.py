"""The audit stream: who dictated, when, with which model, how long; never what.

Events go to the logger `carabin.audit`, so that a log pipeline can keep them apart by name.
"""

import logging
from dataclasses import dataclass, field

from carabin.service.tracing import current_trace_id

AUDIT = logging.getLogger("carabin.audit")


@dataclass(slots=True)
class AuditRecord:
    """What is kept of one session."""

    session: str
    identity: str
    protocol: str
    trace_id: str
    address: str
    started_s: float
    """On the clock of the process, for durations only."""
    audio_s: float = 0.0
    utterances: int = 0
    model_versions: list[str] = field(default_factory=list)

    def wrote(self, model_version: str) -> None:
        """Count one utterance and the model that wrote it."""
        self.utterances += 1
        if model_version not in self.model_versions:
            self.model_versions.append(model_version)


def opened(record: AuditRecord) -> None:
    """Say that somebody began to dictate."""
    AUDIT.info("session opened", extra={"event": "audit_opened", **_who(record)})


def closed(record: AuditRecord, outcome: str, now_s: float) -> None:
    """Say that a session ended, and how."""
    AUDIT.info(
        "session closed",
        extra={
            "event": "audit_closed",
            **_who(record),
            "outcome": outcome,
            "duration_s": round(now_s - record.started_s, 3),
            "audio_s": round(record.audio_s, 3),
            "utterances": record.utterances,
            "model_versions": record.model_versions,
        },
    )


def refused(identity: str | None, protocol: str, address: str, label: str) -> None:
    """Say that somebody was turned away, and why."""
    AUDIT.warning(
        "session refused",
        extra={
            "event": "audit_refused",
            "identity": identity,
            "protocol": protocol,
            "address": address,
            "outcome": label,
            "trace_id": current_trace_id(),
        },
    )


def _who(record: AuditRecord) -> dict[str, str]:
    return {
        "session": record.session,
        "identity": record.identity,
        "protocol": record.protocol,
        "address": record.address,
        "trace_id": record.trace_id,
    }
