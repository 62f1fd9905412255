"""Findings: what was looked at, how it stands, and what to do about it."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum

from carabin.registry.errors import CarabinError


class Health(StrEnum):
    """How a thing stands; only FAILED makes the command fail."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Checked:
    """One thing that was looked at."""

    name: str
    status: Health
    sentence: str
    remedy: str = ""
    """What to do; empty where nothing needs to be done."""


Check = Callable[[], Iterable[Checked]]


def run_checks(checks: Sequence[tuple[str, Check]]) -> list[Checked]:
    """Run every check, whatever the others found; one that raises is a finding itself, under its name."""
    findings: list[Checked] = []
    for name, check in checks:
        try:
            findings += check()
        except (CarabinError, OSError, RuntimeError, ValueError) as error:
            findings.append(Checked(name, Health.FAILED, str(error) or type(error).__name__))
    return findings


def render(findings: Sequence[Checked]) -> str:
    """Return one line a finding, its remedy below it."""
    lines = []
    for finding in findings:
        lines.append(f"{finding.status.value:<8} {finding.name}: {finding.sentence}")
        if finding.remedy:
            lines.append(f"{'':<8} -> {finding.remedy}")
    return "\n".join(lines)


def render_json(findings: Sequence[Checked]) -> str:
    """Return the findings as one JSON document in ASCII."""
    return json.dumps([asdict(finding) for finding in findings], indent=2)


def has_failed(findings: Sequence[Checked]) -> bool:
    """Say whether any finding keeps a service from working."""
    return any(finding.status is Health.FAILED for finding in findings)
