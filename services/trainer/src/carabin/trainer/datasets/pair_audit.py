"""Keeps pairs out of a build that do not belong together, when that is asked for."""

from dataclasses import dataclass, field
from pathlib import Path

from ..data.audio import decode, sha256
from ..quality.audit import MIN_EVIDENCE, AuditedPair, PairModel
from ..quality.audit_page import write_audit_page
from ..quality.report import GateReport
from .work_folder import WorkFolder


@dataclass(slots=True)
class PairAudit:
    """Scores each pair of a build by how likely the stock model finds it; the worst ones are shown on a page."""

    model: PairModel
    page: Path
    title: str
    pairs: list[AuditedPair] = field(default_factory=list)
    digests: list[str] = field(default_factory=list)
    """Of each pair's FLAC."""

    def belongs(self, where: str, sentence: str, kept: WorkFolder, digest: str, report: GateReport) -> bool:
        """Return whether the text is what was dictated; where not, `where` is left out with the reason.

        Args:
            digest: of the recording's FLAC in `kept`, which stays until the page is written.
        """
        evidence = kept.recognized(
            f"evidence of {sha256(sentence.encode())}",
            digest,
            lambda: self.model.evidence(decode(kept.sound(digest).read_bytes()), sentence),
        )
        pair = AuditedPair(len(self.pairs), where, sentence, evidence)
        self.pairs.append(pair)
        self.digests.append(digest)
        if not pair.belongs:
            reason = (
                f"has a report that is not what is dictated in it (evidence {evidence:.2f}, at least"
                f" {MIN_EVIDENCE} is needed): see {self.page}"
            )
            report.add(where, "text-audio-mismatch", "left out", reason)
        return pair.belongs

    def write_page(self, kept: WorkFolder) -> None:
        """Write the worst pairs with their sound and what the model writes of it."""

        def sound(index: int) -> bytes:
            return kept.sound(self.digests[index]).read_bytes()

        def transcribe(index: int) -> str:
            written = kept.recognized("text", self.digests[index], lambda: self.model.transcribe(decode(sound(index))))
            return str(written)

        write_audit_page(self.page, self.title, self.pairs, sound, transcribe)
