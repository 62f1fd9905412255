"""The gate before a dataset: every recording and report is judged, and every judgement names its file."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Final, Literal

Action = Literal["refused", "left out", "accepted", "changed", "noted"]
"""Refused: may not be learnt from, and stops a build. Left out: not learnt from, as was asked for; the build goes on.
Accepted: taken although something of it is lost, as was asked for. Changed: taken in another form. Noted: taken as it
is, but worth knowing."""

MAX_NAMED: Final = 20
"""Files that an error names before it only counts: a screen of them; the report has all."""

_PLURALS: Final[Mapping[str, str]] = MappingProxyType({"recording without a row": "recordings without a row"})

_SHOWN: Final[Mapping[Action, str]] = MappingProxyType(
    {
        "accepted": "taken although something is lost",
        "changed": "taken in another form",
        "noted": "taken as it is, but worth knowing",
    }
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One judgement: `rule` is for machines, `message` a clear sentence that names the file."""

    file: str
    rule: str
    action: Action
    message: str

    @property
    def reason(self) -> str:
        """The verb phrase behind the file's name."""
        return self.message.removeprefix(f"{self.file} ")


@dataclass
class GateReport:
    """All findings of one build, in the order found."""

    findings: list[Finding] = field(default_factory=list)
    accepted: int = 0
    """Dictations that a build wrote or a check found sound: a long recording gives several."""
    seen: dict[str, str] = field(default_factory=dict)
    """Every recording, row and other file that a build met, with what it is: « recording », « lone report », ..."""
    left_out: dict[str, str] = field(default_factory=dict)
    """Of those, the ones that are not learnt from, each with the reason."""

    def see(self, file: Path | str, kind: str) -> None:
        """Record that a build met `file`; what it becomes is asked of `left_out` at the end."""
        self.seen[str(file)] = kind

    def leave_out(self, file: Path | str, reason: str) -> None:
        """Record why a file or row is not learnt from; the first reason stands."""
        self.left_out.setdefault(str(file), reason)

    def sums(self) -> list[str]:
        """Return the lines that say what became of everything that was met: so many seen, taken, left out and why.

        Behind them, by reason, what was taken although something of it is lost, and what was mended or changed.
        """
        lines = []
        for kind in dict.fromkeys(self.seen.values()):
            names = [name for name, its in self.seen.items() if its == kind]
            left = [name for name in names if name in self.left_out]
            title = _PLURALS.get(kind, f"{kind}s")
            lines.append(f"{title}: {len(names)} seen, {len(names) - len(left)} taken, {len(left)} left out")
            lines += [f"  {name}: {self.left_out[name]}" for name in left]
        for action, title in _SHOWN.items():
            lines += self._by_reason(action, title)
        return lines

    def _by_reason(self, action: Action, title: str) -> list[str]:
        """Return how many judgements of a kind there are, and each reason with the names of its files."""
        found: dict[str, list[str]] = {}
        for finding in self.findings:
            if finding.action == action:
                found.setdefault(finding.reason, []).append(finding.file)
        if not found:
            return []
        lines = [f"{title}: {sum(map(len, found.values()))}"]
        for reason, names in found.items():
            more = f" and {len(names) - MAX_NAMED} more (--gate-report names all)" if len(names) > MAX_NAMED else ""
            if len(names) == 1:
                lines.append(f"  {names[0]}: {reason}")
            else:
                lines.append(f"  {len(names)} times: {reason}: {', '.join(names[:MAX_NAMED])}{more}")
        return lines

    def add(self, file: Path | str, rule: str, action: Action, reason: str) -> None:
        """Record that `file` `reason`, a verb phrase such as « is empty »."""
        self.findings.append(Finding(str(file), rule, action, f"{file} {reason}"))
        if action in ("refused", "left out"):
            self.leave_out(file, reason)

    def add_finding(self, finding: Finding) -> None:
        """Take over a judgement that was made elsewhere."""
        self.add(finding.file, finding.rule, finding.action, finding.reason)

    def extend(self, findings: Iterable[Finding]) -> None:
        """Add findings, in their order."""
        self.findings.extend(findings)

    @property
    def refused(self) -> list[Finding]:
        return [finding for finding in self.findings if finding.action == "refused"]

    def refusal(self) -> str:
        """Return the sentence of an error that names the refused files."""
        refused = self.refused
        named = "; ".join(finding.message for finding in refused[:MAX_NAMED])
        more = f"; and {len(refused) - MAX_NAMED} more" if len(refused) > MAX_NAMED else ""
        count = "1 file is" if len(refused) == 1 else f"{len(refused)} files are"
        return f"{count} refused, nothing was published (correct them, or leave them out by --skip-bad): {named}{more}"

    def as_dict(self) -> dict[str, object]:
        """Return the report for machines."""
        return {
            "accepted": self.accepted,
            "refused": len(self.refused),
            "seen": {
                kind: sum(its == kind for its in self.seen.values()) for kind in dict.fromkeys(self.seen.values())
            },
            "left_out": self.left_out,
            "findings": [asdict(finding) for finding in self.findings],
        }

    def write(self, file: Path) -> Path:
        """Write the report as JSON, whatever became of the dataset."""
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(self.as_dict(), ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
        return file
