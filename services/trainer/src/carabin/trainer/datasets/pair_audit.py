"""Keeps pairs out of a build that do not belong together, when that is asked for."""

from dataclasses import dataclass, field
from pathlib import Path

from ..data.audio import decode
from ..quality.audit import MIN_SIMILARITY, AuditedPair, Transcribe, similarity
from ..quality.audit_page import write_audit_page
from ..quality.report import GateReport
from .work_folder import WorkFolder


@dataclass(slots=True)
class PairAudit:
    """Scores each pair of a build by what the stock model writes of its sound; the worst ones are shown on a page."""

    transcribe: Transcribe
    page: Path
    title: str
    pairs: list[AuditedPair] = field(default_factory=list)
    sounds: list[Path] = field(default_factory=list)
    """The FLAC file of each pair."""

    def belongs(self, where: str, sentence: str, kept: WorkFolder, digest: str, report: GateReport) -> bool:
        """Return whether the text is what was dictated; where not, `where` is left out with the reason.

        Args:
            digest: of the recording's FLAC in `kept`, which stays until the page is written.
        """
        flac = kept.sound(digest)
        hypothesis = kept.recognized("text", digest, lambda: self.transcribe(decode(flac.read_bytes())))
        pair = AuditedPair(len(self.pairs), where, sentence, hypothesis, similarity(sentence, hypothesis))
        self.pairs.append(pair)
        self.sounds.append(flac)
        if not pair.belongs:
            reason = (
                f"has a report that is not what is dictated in it (likeness {pair.similarity:.2f}, at least"
                f" {MIN_SIMILARITY} is needed): see {self.page}"
            )
            report.add(where, "text-audio-mismatch", "left out", reason)
        return pair.belongs

    def write_page(self) -> None:
        """Write the worst pairs with their sound."""
        write_audit_page(self.page, self.title, self.pairs, lambda index: self.sounds[index].read_bytes())
