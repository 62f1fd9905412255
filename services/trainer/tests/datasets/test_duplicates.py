"""The same recording or sentence twice: which one is kept, and which one the report names."""

from pathlib import Path

import pytest
from carabin.trainer.datasets.duplicates import AudioFingerprint, keep_once, keep_splits_apart
from carabin.trainer.quality.report import GateReport


def clip(source: str, sha256: str, text: str, split: str | None = None) -> AudioFingerprint:
    return AudioFingerprint(Path(), sha256, text, None, split, 1.0, source, source, source)


def kept(clips: list[AudioFingerprint]) -> list[str]:
    return [clip.source for clip in clips]


def findings(report: GateReport) -> list[tuple[str, str, str]]:
    return [(finding.file, finding.rule, finding.action) for finding in report.findings]


def test_a_copy_is_left_out_with_a_remark_and_the_first_is_kept() -> None:
    report = GateReport()
    clips = [clip("a.wav", "1", "Toux sèche."), clip("b.wav", "2", "Fièvre."), clip("c.wav", "1", "TOUX sèche")]
    assert kept(keep_once(clips, report)) == ["a.wav", "b.wav"]
    assert findings(report) == [("c.wav", "duplicate", "changed")]
    assert "is the same recording as a.wav: it is kept once" in report.findings[0].message


def test_a_copy_with_another_text_is_refused_with_all_its_copies() -> None:
    report = GateReport()
    clips = [clip("a.wav", "1", "Toux."), clip("b.wav", "1", "Toux."), clip("c.wav", "1", "Fièvre.")]
    assert keep_once(clips, report) == []
    assert findings(report) == [(name, "duplicate-conflict", "refused") for name in ("a.wav", "b.wav", "c.wav")]
    assert "a.wav is the same recording as b.wav, c.wav, with another text" in report.refusal()


@pytest.mark.parametrize("learnt", ["train", None])
@pytest.mark.parametrize("held_out", ["validation", "test"])
@pytest.mark.parametrize("held_out_first", [False, True])
def test_the_held_out_copy_is_kept_and_the_learnt_one_is_the_leak(
    learnt: str | None, held_out: str, held_out_first: bool
) -> None:
    pair = [clip("learnt.wav", "1", "Toux.", learnt), clip("held-out.wav", "1", "Toux.", held_out)]
    report = GateReport()
    assert kept(keep_once(pair[::-1] if held_out_first else pair, report)) == ["held-out.wav"]
    assert findings(report) == [("learnt.wav", "leak-audio", "refused")]
    assert report.findings[0].reason == "is the same recording as held-out.wav in another split"


def test_a_row_without_a_split_is_training_so_that_its_copy_there_is_no_leak() -> None:
    report = GateReport()
    pair = [clip("a.wav", "1", "Toux.", "train"), clip("b.wav", "1", "Toux.", None)]
    assert kept(keep_once(pair, report)) == ["a.wav"]
    assert findings(report) == [("b.wav", "duplicate", "changed")]


def test_a_held_out_sentence_is_taken_from_every_split_that_is_held_out_less() -> None:
    clips = [
        clip("train.wav", "1", "Foie NORMAL", "train"),
        clip("unnamed.wav", "2", "Foie normal.", None),
        clip("validation.wav", "3", "Foie, normal.", "validation"),
        clip("test.wav", "4", "Foie normal.", "test"),
        clip("again.wav", "5", "Foie normal.", "test"),
        clip("other.wav", "6", "Rate normale.", "train"),
    ]
    report = GateReport()
    assert kept(keep_splits_apart(clips, report)) == ["test.wav", "again.wav", "other.wav"]
    assert findings(report) == [
        (name, "leak-sentence", "refused") for name in ("train.wav", "unnamed.wav", "validation.wav")
    ]
    assert {finding.reason for finding in report.findings} == {"has a sentence that the test split has too"}


def test_a_sentence_that_only_validation_holds_is_taken_from_training_alone() -> None:
    clips = [clip("a.wav", "1", "Foie normal.", "validation"), clip("b.wav", "2", "Foie normal.", "train")]
    report = GateReport()
    assert kept(keep_splits_apart(clips, report)) == ["a.wav"]
    assert report.findings[0].reason == "has a sentence that the validation split has too"


def test_a_sentence_that_training_repeats_in_another_voice_is_kept() -> None:
    report = GateReport()
    clips = [clip("a.wav", "1", "Foie normal.", "train"), clip("b.wav", "2", "Foie normal.", "train")]
    assert kept(keep_splits_apart(clips, report)) == ["a.wav", "b.wav"]
    assert report.findings == []
