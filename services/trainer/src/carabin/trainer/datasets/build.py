"""Makes a dataset folder of a hospital's own dictations: judged, segmented, split, written; all of it or nothing."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from ..data.audio import RATE_HZ, encode_flac, sha256
from ..data.dictations import SPLITS
from ..errors import DatasetInvalid, DatasetRefused
from ..quality.audio import MAX_WINDOW_S, judge_sound
from ..quality.footers import judge_footers
from ..quality.report import GateReport
from ..quality.text import MAX_TOKENS, count_tokens, judge_length
from ..segmentation.align import Aligner
from ..segmentation.cut import CannotSegment, RecognizedWord, Segment, segment
from .collect import CandidateDictation
from .duplicates import AudioFingerprint, keep_once, keep_splits_apart
from .pair_audit import PairAudit
from .parquet import DatasetRow, SplitSize, write_dataset
from .splits import SHARES, Shares, assign

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
    progress: Progress | None = None,
) -> Built:
    """Judge `candidates` and write those accepted into the new dataset folder `folder`.

    Args:
        report: receives every judgement; it may hold those of the collection already.
        skip_bad: leave refused files out instead of stopping.
        accept_damaged: take what can be decoded of damaged and cut-off recordings.
        aligner: opened when a dictation is longer than Whisper's window; without one, such dictations are refused.
        audit: keeps pairs out whose text is not what was dictated, and writes its page; none is scored without one.

    Raises:
        DatasetRefused: a file is refused and `skip_bad` is false, or nothing is left; nothing is written.
        DatasetInvalid: `folder` exists, a split would be empty, or the disk is full.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    printed = judge_footers([(candidate.text_file, candidate.text) for candidate in candidates], report)
    judged = [candidate for place, candidate in enumerate(candidates) if place not in printed]
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-clips-") as scratch:
        clips = list(_judge(judged, Path(scratch), report, aligner, audit, progress, accept_damaged=accept_damaged))
        if audit:
            audit.write_page()
        clips = keep_splits_apart(keep_once(clips, report), report)
        report.accepted = len(clips)
        _count(candidates, clips, report)
        if report.refused and not skip_bad:
            raise DatasetRefused(report.refusal())
        if not clips:
            raise DatasetRefused("no dictation is left to learn from: the gate's report says why")
        splits, speakers_disjoint = _split(clips, shares)
        chosen = {split: [clip for clip, its in zip(clips, splits, strict=True) if its == split] for split in SPLITS}
        sizes = write_dataset(folder, {split: _rows(of) for split, of in chosen.items()})
        report.write(folder / GATE_FILE)
    return Built(sizes, speakers_disjoint)


def _judge(
    candidates: Sequence[CandidateDictation],
    scratch: Path,
    report: GateReport,
    aligner: Callable[[], Aligner] | None,
    audit: PairAudit | None,
    progress: Progress | None,
    *,
    accept_damaged: bool,
) -> Iterator[AudioFingerprint]:
    """Return accepted clips, their sound on disk in `scratch`: a large corpus need not fit in memory."""
    number = 0
    opened = _LazyAligner(aligner)
    for done, candidate in enumerate(candidates, start=1):
        sound = judge_sound(candidate.audio, report, accept_damaged=accept_damaged)
        if sound is not None:
            pieces = _pieces(candidate, sound.samples, opened, report)
            for piece, source in pieces:
                samples = piece.of(sound.samples)
                data = encode_flac(samples)
                file = scratch / f"{number:08d}.flac"
                number += 1
                _save(data, file)
                if audit:
                    where = _counted(candidate, source if len(pieces) > 1 else None, report)
                    if not audit.belongs(where, piece.text, samples, file, report):
                        continue
                yield AudioFingerprint(
                    file, sha256(data), piece.text, candidate.speaker, candidate.split,
                    round(len(samples) / RATE_HZ, 4), source, str(candidate.audio), candidate.item,
                )  # fmt: skip
        if progress:
            progress(done, len(candidates))


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
    reasons = {finding.file: finding for finding in reversed(report.findings)}
    for candidate in candidates:
        if candidate.item and candidate.item not in taken:
            names = (str(candidate.audio), candidate.text_file, candidate.audio.name)
            found = next((reasons[name] for name in names if name in reasons), None)
            report.leave_out(candidate.item, found.message if found else "gave no dictation")


def _save(data: bytes, file: Path) -> None:
    try:
        file.write_bytes(data)
    except OSError as error:
        raise DatasetInvalid(f"{file.parent}: it cannot be written: {error.strerror or error}") from error


def _pieces(
    candidate: CandidateDictation, samples: Samples, aligner: "_LazyAligner", report: GateReport
) -> list[tuple[Segment, str]]:
    """Return the dictation as it is, or cut at its pauses when it is too long for one window."""
    duration_s, name = len(samples) / RATE_HZ, candidate.audio.name
    if duration_s <= MAX_WINDOW_S:
        fits = judge_length(candidate.text, duration_s, candidate.text_file, report)
        return [(Segment(0.0, duration_s, candidate.text), name)] if fits else []
    try:
        pieces = segment(samples, candidate.text, aligner.align(samples))
        long = next((piece for piece in pieces if count_tokens(piece.text) > MAX_TOKENS), None)
        if long:
            raise CannotSegment(f"has {count_tokens(long.text)} tokens from {long.start_s:.1f} to {long.end_s:.1f} s")
    except CannotSegment as error:
        reason = f"lasts {duration_s:.1f} s, Whisper's window is {MAX_WINDOW_S:.0f} s, and it cannot be cut: it {error}"
        report.add(candidate.audio, "audio-long", "refused", reason)
        return []
    reason = f"lasts {duration_s:.1f} s: it is cut at its pauses into {len(pieces)} dictations with their own text"
    report.add(candidate.audio, "audio-long", "changed", reason)
    return [(piece, f"{name}#{piece.start_s:.2f}-{piece.end_s:.2f}") for piece in pieces]


class _LazyAligner:
    """Opens the aligner when the first long dictation needs it."""

    def __init__(self, open_aligner: Callable[[], Aligner] | None) -> None:
        self._open = open_aligner
        self._aligner: Aligner | None = None

    def align(self, samples: Samples) -> list[RecognizedWord]:
        if self._open is None:
            raise CannotSegment("may not be cut here (segmentation is off)")
        self._aligner = self._aligner or self._open()
        return self._aligner.align(samples)


def _split(clips: Sequence[AudioFingerprint], shares: Shares) -> tuple[list[str], bool]:
    """Return each clip's split: the source's own where it has one; validation is then drawn from its training part."""
    if not any(clip.split for clip in clips):
        assignment = assign(
            [(clip.text, clip.speaker) for clip in clips], shares, together=[clip.recording for clip in clips]
        )
        return list(assignment.splits), assignment.speakers_disjoint
    if any(clip.split == "validation" for clip in clips):
        return [clip.split or "train" for clip in clips], False
    learnt = [clip for clip in clips if clip.split != "test"]
    within = {"train": shares["train"], "validation": shares["validation"]}
    total = sum(within.values())
    within = {split: share / total for split, share in within.items()}
    names = [clip.recording for clip in learnt]
    drawn = iter(assign([(clip.text, None) for clip in learnt], within, together=names).splits)
    return ["test" if clip.split == "test" else next(drawn) for clip in clips], False


def _rows(clips: Sequence[AudioFingerprint]) -> Iterator[DatasetRow]:
    for clip in clips:
        yield DatasetRow(clip.file.read_bytes(), clip.text, clip.speaker, clip.duration_s, clip.sha256, clip.source)
