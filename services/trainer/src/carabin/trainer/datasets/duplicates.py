"""The same recording twice, and the same recording or sentence in two splits: found before they flatter a score."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

from ..quality.report import GateReport
from ..text.normalize import normalize

_RANK: Final[Mapping[str | None, int]] = MappingProxyType({"train": 0, None: 0, "validation": 1, "test": 2})
"""What is held out keeps its place, and its copy in a lower split is left out; no split named is training's."""

DUPLICATE: Final = "duplicate"
"""The rule by which a copy is left out without a refusal."""


@dataclass(frozen=True, slots=True)
class AudioFingerprint:
    """An accepted recording, its FLAC in `file`; `split` where the source fixes it."""

    file: Path
    sha256: str
    text: str
    speaker: str | None
    split: str | None
    duration_s: float
    source: str
    recording: str
    """The file that it is, or is a piece of."""
    item: str = ""
    """What the build counts it under: the recording, or the row that names it."""

    @property
    def where(self) -> str:
        """What a judgement calls it: the row or recording that it is, or the piece of a long one."""
        recording = Path(self.recording)
        return self.item if self.item and self.source == recording.name else str(recording.with_name(self.source))


def keep_once(clips: Sequence[AudioFingerprint], report: GateReport) -> list[AudioFingerprint]:
    """Return each recording once, in the split that is held out furthest; one with two texts is refused both times."""
    copies: dict[str, list[AudioFingerprint]] = defaultdict(list)
    for clip in clips:
        copies[clip.sha256].append(clip)
    kept = []
    for same in copies.values():
        if len({normalize(clip.text) for clip in same}) > 1:
            for clip in same:
                names = ", ".join(sorted({other.where for other in same if other is not clip}))
                reason = f"is the same recording as {names}, with another text"
                report.add(clip.where, "duplicate-conflict", "refused", reason)
            continue
        best = max(same, key=lambda clip: _RANK[clip.split])
        for other in (clip for clip in same if clip is not best):
            leak = _RANK[other.split] != _RANK[best.split]
            reason = f"is the same recording as {best.where}" + (" in another split" if leak else ": it is kept once")
            report.add(other.where, "leak-audio" if leak else DUPLICATE, "refused" if leak else "changed", reason)
        kept.append(best)
    return kept


def keep_splits_apart(clips: Sequence[AudioFingerprint], report: GateReport) -> list[AudioFingerprint]:
    """Return the clips without training or validation sentences that the source's test or validation split has too."""
    held_out: dict[str, str] = {}
    for split in ("validation", "test"):
        held_out |= {normalize(clip.text): split for clip in clips if clip.split == split}
    kept = []
    for clip in clips:
        holder = held_out.get(normalize(clip.text))
        if holder and _RANK[clip.split] < _RANK[holder]:
            report.add(clip.where, "leak-sentence", "refused", f"has a sentence that the {holder} split has too")
        else:
            kept.append(clip)
    return kept
