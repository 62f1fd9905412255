"""Tests of the judgement over a recording as the model would get it."""

from pathlib import Path

import numpy as np
import pytest
from carabin.trainer.quality.audio import judge_sound
from carabin.trainer.quality.report import GateReport
from carabin.trainer.synthesis.engines import PicoEngine
from carabin.trainer.synthesis.voices import SPEAKERS
from scipy.signal import butter, sosfilt

from ..helpers.sounds import write

CASES = Path(__file__).parents[1] / "cases"


@pytest.fixture(scope="module")
def speech() -> np.ndarray:
    return PicoEngine().speak("Le patient présente une douleur thoracique depuis deux jours.", SPEAKERS[1])


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("aac_hole.aac", "is damaged from 7.04 s to 7.10 s: 0.06 s cannot be decoded"),
        ("mp3_hole_ff.mp3", "is damaged from 7.02 s to 7.09 s: 0.07 s cannot be decoded"),
        ("m4a_truncated.m4a", "was cut off: its header promises 13.97 s and the file holds 8.90 s"),
        ("wav_truncated.wav", "was cut off: its header promises 13.97 s and the file holds 9.31 s"),
        ("header_only.wav", "is empty: no sound that can be decoded follows its header"),
    ],
)
def test_a_damaged_or_cut_off_recording_is_refused_by_name(name: str, reason: str) -> None:
    report = GateReport()
    assert judge_sound(CASES / name, report) is None
    assert reason in report.refused[0].message
    assert name in report.refused[0].message


@pytest.mark.parametrize("name", ["aac_hole.aac", "mp3_hole_ff.mp3", "m4a_truncated.m4a", "wav_truncated.wav"])
def test_damaged_recordings_are_taken_with_a_remark_where_they_are_accepted(name: str) -> None:
    report = GateReport()
    assert judge_sound(CASES / name, report, accept_damaged=True) is not None
    assert report.findings[0].rule in ("audio-damaged", "audio-cut-off")
    assert report.findings[0].action == "accepted"
    assert report.refused == []


@pytest.mark.parametrize(("name", "duration_s"), [("mp3_tail_garbage.mp3", 13.97), ("len_0.wav", 13.97)])
def test_garbage_behind_the_end_and_an_open_length_lose_nothing(name: str, duration_s: float) -> None:
    report = GateReport()
    sound = judge_sound(CASES / name, report)
    assert sound is not None
    assert sound.duration_s == pytest.approx(duration_s, abs=0.02)


def test_channels_that_cancel_fall_back_to_the_louder_one() -> None:
    report = GateReport()
    sound = judge_sound(CASES / "antiphase.wav", report)
    assert sound is not None
    assert np.abs(sound.samples).max() > 0.05
    assert report.findings[0].rule == "audio-stereo"
    assert "cancel each other" in report.findings[0].message


def test_what_is_no_speech_after_mixing_is_refused(tmp_path: Path) -> None:
    report = GateReport()
    assert judge_sound(write(tmp_path / "offset.wav", np.full(32_000, 0.3, np.float32)), report) is None
    assert report.refused[0].rule == "audio-no-speech"


def test_quiet_clipped_and_telephone_recordings_are_taken_with_a_remark(tmp_path: Path, speech: np.ndarray) -> None:
    narrow = sosfilt(butter(12, 3400, fs=16_000, output="sos"), speech).astype(np.float32)
    for name, samples, rule in (
        ("quiet", speech * 0.01 / np.abs(speech).max(), "audio-quiet"),
        ("clipped", np.clip(speech * 20, -1, 1), "audio-clipped"),
        ("narrow", narrow, "audio-narrow"),
    ):
        report = GateReport()
        assert judge_sound(write(tmp_path / f"{name}.wav", samples.astype(np.float32), subtype="FLOAT"), report)
        assert [(finding.rule, finding.action) for finding in report.findings] == [(rule, "noted")]


def test_no_librarys_error_reaches_a_person_in_place_of_the_truth(tmp_path: Path) -> None:
    (tmp_path / "no.wav").write_bytes(b"RIFF\x24\x00\x00\x00WAVEjunk")
    report = GateReport()
    assert judge_sound(tmp_path / "no.wav", report) is None
    assert (
        "cannot be read as audio: the file cannot be decoded as audio; these are read: WAV" in report.refused[0].message
    )
