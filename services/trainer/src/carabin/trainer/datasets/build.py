"""Makes a dataset folder of a hospital's own dictations: judged, segmented, split, written; all of it or nothing.

Over 200 lines: the order of the steps of one build, all of which count into one report.
"""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from ..data.audio import RATE_HZ, decode, encode_flac
from ..data.dictations import SPLITS
from ..errors import DatasetRefused
from ..quality.audio import MAX_WINDOW_S
from ..quality.footers import judge_footers
from ..quality.report import Finding, GateReport
from ..quality.text import judge_length, judge_text
from ..quality.written_parts import judge_written_parts
from ..segmentation.align import Aligner
from ..segmentation.cut import CannotSegment, RecognizedWord, Segment, segment
from .collect import CandidateDictation
from .decoded_candidates import DecodedCandidates
from .duplicates import DUPLICATE, AudioFingerprint, keep_once, keep_splits_apart
from .pair_audit import PairAudit
from .parquet import DatasetRow, SplitSize, write_dataset
from .split_clips import split_clips
from .splits import SHARES, Shares
from .work_folder import WorkFolder

GATE_FILE: Final = "gate.json"
"""The gate's findings on each file, kept with the dataset."""

Samples = npt.NDArray[np.float32]
Progress = Callable[[int, int], None]
"""Called with the recordings judged so far and all of them."""


@dataclass(frozen=True, slots=True)
class Built:
    """What a build made: the size of each split, and whether speakers are kept apart as well as sentences."""

    sizes: dict[str, SplitSize]
    speakers_disjoint: bool
    decoded: int
    """Recordings that were decoded and judged."""
    known: int
    """Recordings of which an earlier build had done that."""


def build(
    candidates: Sequence[CandidateDictation],
    folder: Path,
    report: GateReport,
    *,
    skip_bad: bool = False,
    accept_damaged: bool = False,
    aligner: Callable[[], Aligner] | None = None,
    audit: PairAudit | None = None,
    shares: Shares = SHARES,
    work: Path | None = None,
    keep_work: bool = True,
    processes: int | None = None,
    progress: Progress | None = None,
) -> Built:
    """Judge `candidates` and write those accepted into the new dataset folder `folder`.

    Args:
        report: receives every judgement; it may hold those of the collection already.
        skip_bad: leave refused files out instead of stopping.
        accept_damaged: take what can be decoded of damaged and cut-off recordings.
        aligner: opened when a dictation is longer than Whisper's window; without one, such dictations are refused.
        audit: keeps pairs out whose text is not what was dictated, and writes its page; none is scored without one.
        work: where decoded recordings are kept, so that the next build of the same files, also after a kill, decodes
            only the others; nothing is kept without it.
        keep_work: keep them after a build that ended well; else only until then.
        processes: how many decode at once; all cores where there is enough to do, by default.

    Raises:
        DatasetRefused: a file is refused and `skip_bad` is false, or nothing is left; nothing is written.
        DatasetInvalid: `folder` exists, a split would be empty, or the disk is full.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    printed = judge_footers([(candidate.text_file, candidate.text) for candidate in candidates], report)
    judge_written_parts(((candidate.text_file, candidate.text) for candidate in candidates), report)
    judged = [candidate for place, candidate in enumerate(candidates) if place not in printed]
    with ExitStack() as stack:
        if work is None:
            prefix = f".{folder.name}-clips-"
            work = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=folder.parent, prefix=prefix)))
        kept = stack.enter_context(WorkFolder.opened(work))
        sounds = DecodedCandidates(judged, kept, accept_damaged=accept_damaged, processes=processes)
        clips = list(_judge(sounds, kept, report, aligner, audit, progress))
        if audit:
            audit.write_page(kept)
        clips = keep_splits_apart(keep_once(clips, report), report)
        report.accepted = len(clips)
        _count(candidates, clips, report)
        if report.refused and not skip_bad:
            raise DatasetRefused(report.refusal())
        if not clips:
            raise DatasetRefused("no dictation is left to learn from: the gate's report says why")
        splits, speakers_disjoint = split_clips(clips, shares)
        chosen = {split: [clip for clip, its in zip(clips, splits, strict=True) if its == split] for split in SPLITS}
        sizes = write_dataset(folder, {split: _rows(of) for split, of in chosen.items()})
        report.write(folder / GATE_FILE)
        kept.forget_unused() if keep_work else kept.forget()
    return Built(sizes, speakers_disjoint, sounds.decoded, sounds.known)


def _judge(
    sounds: DecodedCandidates,
    kept: WorkFolder,
    report: GateReport,
    aligner: Callable[[], Aligner] | None,
    audit: PairAudit | None,
    progress: Progress | None,
) -> Iterator[AudioFingerprint]:
    """Return accepted clips, their sound on disk in `kept`: a large corpus need not fit in memory."""
    opened = _LazyAligner(aligner)
    for done, (candidate, decoded) in enumerate(sounds, start=1):
        for finding in decoded.findings:
            report.add_finding(finding)
        if decoded.sha256 is not None:
            pieces = _pieces(candidate, decoded.sha256, decoded.n_samples / RATE_HZ, kept, opened, report)
            for piece in pieces:
                if audit:
                    where = _counted(candidate, piece.source if len(pieces) > 1 else None, report)
                    if not audit.belongs(where, piece.text, kept, piece.sha256, report):
                        continue
                yield AudioFingerprint(
                    kept.sound(piece.sha256), piece.sha256, piece.text, candidate.speaker, candidate.split,
                    round(piece.duration_s, 4), piece.source, str(candidate.audio), candidate.item,
                )  # fmt: skip
        if progress:
            progress(done, len(sounds))


def _counted(candidate: CandidateDictation, piece: str | None, report: GateReport) -> str:
    """Return under which name the sums count a candidate, or one piece of a long one, which is counted beside it."""
    if piece is None:
        return candidate.item or str(candidate.audio)
    where = str(candidate.audio.with_name(piece))
    report.see(where, "piece")
    return where


def _count(candidates: Sequence[CandidateDictation], clips: Sequence[AudioFingerprint], report: GateReport) -> None:
    """Give every candidate of which nothing is kept its reason: what is seen is taken or named."""
    taken = {clip.item for clip in clips}
    reasons: dict[str, Finding] = {}
    for finding in report.findings:
        if finding.action == "refused" or finding.rule == DUPLICATE:
            reasons.setdefault(finding.file, finding)
            reasons.setdefault(finding.file.rpartition("#")[0], finding)  # the recording of which it is a piece
    for candidate in candidates:
        if candidate.item and candidate.item not in taken:
            names = (candidate.item, str(candidate.audio), candidate.text_file)
            found = next((reasons[name] for name in names if name in reasons), None)
            report.leave_out(candidate.item, _reason(found, candidate.item) if found else "gave no dictation")


def _reason(finding: Finding, item: str) -> str:
    """Return why a candidate is left out, without its name where the judgement is about itself."""
    return finding.reason if finding.file == item else finding.message


@dataclass(frozen=True, slots=True)
class _Piece:
    """A dictation that fits into one window: all of a recording, or a part of it."""

    sha256: str
    duration_s: float
    text: str
    source: str


def _pieces(
    candidate: CandidateDictation,
    digest: str,
    duration_s: float,
    kept: WorkFolder,
    aligner: "_LazyAligner",
    report: GateReport,
) -> list[_Piece]:
    """Return the dictation as it is, or cut at its pauses when it is too long for one window."""
    name = candidate.audio.name
    if duration_s <= MAX_WINDOW_S:
        fits = judge_length(candidate.text, duration_s, candidate.text_file, report)
        return [_Piece(digest, duration_s, candidate.text, name)] if fits else []
    samples = decode(kept.sound(digest).read_bytes())
    try:
        pieces = segment(samples, candidate.text, aligner.align(samples, digest, kept))
    except CannotSegment as error:
        reason = f"lasts {duration_s:.1f} s, Whisper's window is {MAX_WINDOW_S:.0f} s, and it cannot be cut: it {error}"
        report.add(candidate.audio, "audio-long", "refused", reason)
        return []
    reason = f"lasts {duration_s:.1f} s: it is cut at its pauses into {len(pieces)} dictations with their own text"
    report.add(candidate.audio, "audio-long", "changed", reason + _without_text(pieces, duration_s))
    found = []
    for piece in pieces:
        part = piece.of(samples)
        source = f"{name}#{piece.start_s:.2f}-{piece.end_s:.2f}"
        where = str(candidate.audio.with_name(source))
        if judge_text(piece.text, where, report) and judge_length(piece.text, len(part) / RATE_HZ, where, report):
            found.append(_Piece(kept.save(encode_flac(part)), len(part) / RATE_HZ, piece.text, source))
        else:
            report.see(where, "piece")
    return found


def _without_text(pieces: Sequence[Segment], duration_s: float) -> str:
    """Return how much of a recording belongs to no piece, since no word of its report is spoken there."""
    left_s = duration_s - sum(piece.end_s - piece.start_s for piece in pieces)
    return f"; {left_s:.1f} s of it, without text, are left out" if left_s > 1 / RATE_HZ else ""


class _LazyAligner:
    """Opens the aligner when the first long dictation needs it."""

    def __init__(self, open_aligner: Callable[[], Aligner] | None) -> None:
        self._open = open_aligner
        self._aligner: Aligner | None = None

    def align(self, samples: Samples, digest: str, kept: WorkFolder) -> list[RecognizedWord]:
        """Return the words of (n,) samples, from an earlier build where it had aligned the same sound."""
        if self._open is None:
            raise CannotSegment("may not be cut here (segmentation is off)")
        words = kept.recognized("words", digest, lambda: [astuple(word) for word in self._opened().align(samples)])
        return [RecognizedWord(*word) for word in words]

    def _opened(self) -> Aligner:
        assert self._open is not None
        self._aligner = self._aligner or self._open()
        return self._aligner


def _rows(clips: Sequence[AudioFingerprint]) -> Iterator[DatasetRow]:
    for clip in clips:
        yield DatasetRow(clip.file.read_bytes(), clip.text, clip.speaker, clip.duration_s, clip.sha256, clip.source)
