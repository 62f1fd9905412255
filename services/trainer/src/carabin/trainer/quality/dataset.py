"""Judges a finished dataset folder again, as whoever trains on it may: what it says of itself, and leaks."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import soundfile
from carabin.service.audio import no_speech
from carabin.service.shortage import translate_shortage

from ..data.audio import RATE_HZ, decode, sha256
from ..data.dictations import SPLITS, Split, load_split
from ..data.index import INDEX_FILE, read_index
from ..text.normalize import normalize
from .audio import MAX_WINDOW_S, no_speech_rule
from .report import GateReport
from .text import judge_length, judge_text
from .written_parts import judge_written_parts

Progress = Callable[[int, int], None]


def check_dataset(folder: Path, *, progress: Progress | None = None) -> GateReport:
    """Return the judgements over every dictation of a dataset folder.

    Raises:
        DatasetInvalid: a split is missing or is not one of ours.
        ResourcesExhausted: memory or threads are short; nothing is said of the dataset.
    """
    splits = {name: load_split(folder, name) for name in SPLITS}
    report, total, done = GateReport(), sum(len(split) for split in splits.values()), 0
    for name, split in splits.items():
        for place in range(len(split)):
            where = f"{name}[{place}] ({split.sources[place]})"
            report.accepted += _is_sound(split, place, where, report)
            done += 1
            if progress:
                progress(done, total)
    judge_written_parts(_named_sentences(splits), report)
    _judge_leaks(splits, report)
    _judge_index(folder / INDEX_FILE, splits, report)
    return report


def _named_sentences(splits: dict[str, Split]) -> Iterator[tuple[str, str]]:
    for name, split in splits.items():
        for place, sentence in enumerate(split.sentences):
            yield f"{name}[{place}] ({split.sources[place]})", sentence


def _is_sound(split: Split, place: int, where: str, report: GateReport) -> bool:
    before = len(report.refused)
    data = split.sound(place)
    if sha256(data) != split.hashes[place]:
        report.add(where, "audio-hash", "refused", "is not the sound that its hash names")
        return False
    try:
        with translate_shortage(where):
            samples = decode(data)
    except soundfile.SoundFileError as error:
        report.add(where, "audio-unreadable", "refused", f"cannot be decoded: {error}")
        return False
    duration_s = len(samples) / RATE_HZ
    if not len(samples) or not np.isfinite(samples).all():
        report.add(where, "audio-not-finite", "refused", "is empty or holds samples that are not numbers")
    elif duration_s > MAX_WINDOW_S:
        long = f"lasts {duration_s:.1f} s: Whisper's window is {MAX_WINDOW_S:.0f} s"
        report.add(where, "audio-long", "refused", long)
    elif reason := no_speech(samples):
        report.add(where, no_speech_rule(reason), "refused", reason)
    if text := judge_text(split.sentences[place], where, report):
        judge_length(text, duration_s, where, report)
    return len(report.refused) == before


def _judge_index(file: Path, splits: dict[str, Split], report: GateReport) -> None:
    """Report an index that says otherwise than the splits; datasets made by older releases have none."""
    if not file.is_file():
        return
    index = read_index(file)
    for name, split in splits.items():
        if not split.same_as(index[name]):
            report.add(file, "index-differs", "refused", f"says otherwise than the {name} split that it stands for")


def _judge_leaks(splits: dict[str, Split], report: GateReport) -> None:
    """Report sentences and recordings that training shares with what it is measured on."""
    seen: dict[str, str] = {}
    for name in reversed(SPLITS):  # what is held out keeps its place; its copy is the leak
        split = splits[name]
        texts = [normalize(sentence) for sentence in split.sentences]
        for place, (text, digest) in enumerate(zip(texts, split.hashes, strict=True)):
            where = f"{name}[{place}] ({split.sources[place]})"
            for key, rule, what in ((text, "leak-sentence", "sentence"), (digest, "leak-audio", "recording")):
                if seen.setdefault(key, name) != name:
                    report.add(where, rule, "refused", f"has a {what} that the {seen[key]} split has too")
