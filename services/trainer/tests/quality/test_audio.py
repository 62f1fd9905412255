"""Tests of the judgement over a recording as the model would get it."""

from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
from carabin.trainer.quality.audio import judge_sound
from carabin.trainer.quality.report import GateReport
from carabin.trainer.synthesis.engines import PicoEngine
from carabin.trainer.synthesis.voices import SPEAKERS
from scipy.signal import butter, resample_poly, sosfilt

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


@pytest.mark.parametrize(
    ("form", "subtype", "rate_hz", "channels"),
    [
        ("WAV", "PCM_24", 96_000, 1),
        ("WAV", "FLOAT", 48_000, 1),
        ("WAV", "DOUBLE", 16_000, 1),
        ("WAV", "PCM_U8", 16_000, 1),
        ("WAV", "ALAW", 8_000, 1),
        ("WAV", "ULAW", 8_000, 1),
        ("WAV", "IMA_ADPCM", 16_000, 1),
        ("WAV", "GSM610", 8_000, 1),
        ("WAVEX", "PCM_24", 48_000, 2),
        ("WAVEX", "PCM_16", 48_000, 6),
        ("RF64", "PCM_16", 16_000, 1),
    ],
)
def test_every_kind_of_wav_gives_the_same_speech(
    speech: np.ndarray, tmp_path: Path, form: str, subtype: str, rate_hz: int, channels: int
) -> None:
    samples = resample_poly(speech, rate_hz // 1000, 16)
    stacked = np.zeros((len(samples), channels), np.float32)
    stacked[:, min(2, channels - 1)] = samples  # of six, the one in the middle, where films have speech
    soundfile.write(tmp_path / "a.wav", stacked, rate_hz, subtype=subtype, format=form)
    report = GateReport()
    sound = judge_sound(tmp_path / "a.wav", report)
    assert sound is not None
    assert report.refused == []
    assert sound.duration_s == pytest.approx(len(speech) / 16_000, abs=0.1)
    n = min(len(speech), len(sound.samples))
    assert np.corrcoef(speech[:n], sound.samples[:n])[0, 1] > 0.85
    if channels == 6:
        assert "has 6 channels whose mean loses the sound" in report.findings[0].message


def test_a_picture_of_ten_megabytes_before_the_sound_of_an_mp3_is_skipped(speech: np.ndarray, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "plain.mp3", speech, 16_000, format="MP3")
    picture = b"\0image/jpeg\0\x03\0" + np.random.default_rng(0).bytes(10_000_000)
    frame = b"APIC" + len(picture).to_bytes(4, "big") + b"\0\0" + picture
    size = bytes((len(frame) >> 7 * place) & 0x7F for place in (3, 2, 1, 0))
    (tmp_path / "a.mp3").write_bytes(b"ID3\x03\0\0" + size + frame + (tmp_path / "plain.mp3").read_bytes())
    sound = judge_sound(tmp_path / "a.mp3", GateReport())
    assert sound is not None
    assert sound.duration_s == pytest.approx(len(speech) / 16_000, abs=0.1)


@pytest.mark.parametrize("spoken", [True, False], ids=["with-sound", "mute"])
def test_a_video_gives_its_sound_or_is_refused_without_one(speech: np.ndarray, tmp_path: Path, spoken: bool) -> None:
    with av.open(str(tmp_path / "a.mp4"), "w", format="mp4") as container:
        video = container.add_stream("mpeg4", rate=10)
        video.width = video.height = 64
        video.pix_fmt = "yuv420p"
        audio = container.add_stream("aac", rate=16_000, layout="mono") if spoken else None
        for shade in range(20):
            picture = av.VideoFrame.from_ndarray(np.full((64, 64, 3), shade, np.uint8), format="rgb24")
            container.mux(video.encode(picture))
        container.mux(video.encode(None))
        if audio:
            frame = av.AudioFrame.from_ndarray(speech[None].astype(np.float32), format="fltp", layout="mono")
            frame.sample_rate = 16_000
            container.mux([*audio.encode(frame), *audio.encode(None)])
    report = GateReport()
    sound = judge_sound(tmp_path / "a.mp4", report)
    if spoken:
        assert sound is not None
        assert sound.duration_s == pytest.approx(len(speech) / 16_000, abs=0.2)
    else:
        assert "holds no audio stream" in report.refusal()


def test_floats_that_were_not_scaled_are_refused_and_not_clipped(tmp_path: Path, speech: np.ndarray) -> None:
    report = GateReport()
    assert judge_sound(write(tmp_path / "a.wav", speech * 32768, subtype="FLOAT"), report) is None
    assert report.refused[0].rule == "audio-scale"
    assert "outside [-1, 1]: floats that were not divided by 32768" in report.refused[0].message
