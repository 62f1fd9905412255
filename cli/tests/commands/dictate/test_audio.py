"""Audio for a dictation: what is no recording and a microphone that is not there are named."""

import json
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
from carabin.cli.commands.dictate.audio import RATE_HZ, AudioRefused, blocks, read_recording
from carabin.cli.main import main
from carabin.service.errors import ResourcesExhausted
from carabin.service.testing.open_files import no_further_file
from carabin.transcriber.testing.server import serving, silence


def test_file_that_is_missing_or_no_audio_is_named(tmp_path, capsys):
    text = tmp_path / "report.txt"
    text.write_text("no audio")
    for path in (tmp_path / "absent.wav", text):
        assert main(["dictate", str(path)]) == 1
        assert path.name in capsys.readouterr().err


def test_a_process_that_may_open_no_further_file_does_not_call_the_recording_unreadable(tmp_path, capsys):
    soundfile.write(tmp_path / "tone.wav", np.zeros(RATE_HZ), RATE_HZ)
    read_recording(tmp_path / "tone.wav")
    said = r"tone\.wav cannot be used now: .*Too many open files"
    with no_further_file(), pytest.raises(ResourcesExhausted, match=said):
        read_recording(tmp_path / "tone.wav")


@pytest.mark.parametrize(("rate_hz", "channels"), [(16_000, 1), (44_100, 2), (8_000, 1)])
def test_recording_of_any_rate_and_channels_becomes_16_khz_mono(tmp_path, rate_hz, channels):
    seconds = np.arange(2 * rate_hz) / rate_hz
    tone = 0.5 * np.sin(2 * np.pi * 440 * seconds)
    soundfile.write(tmp_path / "tone.wav", np.stack([tone] * channels, axis=1), rate_hz)
    recording = read_recording(tmp_path / "tone.wav")
    assert recording.lost == []
    samples = recording.samples
    assert samples.dtype == np.float32
    assert len(samples) == pytest.approx(2 * RATE_HZ, abs=50)
    spectrum = np.abs(np.fft.rfft(samples[:RATE_HZ]))
    assert abs(int(spectrum.argmax()) - 440) <= 1


@pytest.mark.parametrize(
    ("name", "container", "codec", "rate_hz"),
    [("a.ac3", "ac3", "ac3", 48_000), ("a.ts", "mpegts", "aac", 16_000), ("a.g722", "g722", "g722", 16_000)],
)
def test_recording_of_telephony_or_of_a_film_is_dictated(tmp_path, capsys, name, container, codec, rate_hz):
    samples = np.concatenate([np.random.default_rng(0).uniform(-0.5, 0.5, 2 * RATE_HZ), silence(2.0)])
    with av.open(str(tmp_path / name), "w", format=container) as output:
        stream = output.add_stream(codec, rate=rate_hz, layout="mono")
        frame = av.AudioFrame.from_ndarray(samples[None].astype(np.float32), format="fltp", layout="mono")
        frame.sample_rate = RATE_HZ
        size = stream.codec_context.frame_size or None
        resampler = av.AudioResampler(format=stream.format, layout="mono", rate=rate_hz, frame_size=size)
        for part in (*resampler.resample(frame), *resampler.resample(None)):
            output.mux(stream.encode(part))
        output.mux(stream.encode(None))
    with serving() as server:
        assert main(["dictate", str(tmp_path / name), "--server", server.url]) == 0
    assert "le patient" in capsys.readouterr().out


def test_recording_without_samples_is_refused(tmp_path):
    soundfile.write(tmp_path / "empty.wav", np.zeros((0, 1)), RATE_HZ)
    with pytest.raises(AudioRefused, match="recording is empty"):
        read_recording(tmp_path / "empty.wav")


async def test_recording_is_taken_in_tenths_of_a_second_with_its_last_part(tmp_path):
    samples = np.arange(4000, dtype=np.float32)
    parts = [part async for part in blocks(samples, realtime=False)]
    assert [len(part) for part in parts] == [1600, 1600, 800]
    np.testing.assert_array_equal(np.concatenate(parts), samples)


CASES = Path(__file__).parents[4] / "services" / "trainer" / "tests" / "cases"


@pytest.mark.parametrize(
    ("name", "warning"),
    [
        ("aac_hole.aac", "is damaged from 7.04 s to 7.10 s"),
        ("mp3_hole_ff.mp3", "is damaged from 7.02 s to 7.09 s"),
        ("m4a_truncated.m4a", "was cut off: its header promises 13.97 s and the file holds 8.90 s"),
        ("wav_truncated.wav", "was cut off: its header promises 13.97 s and the file holds 9.31 s"),
    ],
)
def test_damaged_file_is_dictated_as_far_as_it_decodes_and_what_is_missing_is_said(name, warning, capsys):
    with serving() as server:
        arguments = ["dictate", str(CASES / name), "--server", server.url, "--fast", "-q", "--json"]
        assert main(arguments) == 1, "something was lost, and a script must know"
    out, err = capsys.readouterr()
    document = json.loads(out)
    assert document["complete"] is False
    assert warning in document["warnings"][0]
    assert f"warning: {CASES / name} {warning}" in err
    assert document["segments"]


@pytest.mark.parametrize("name", ["mp3_tail_garbage.mp3", "len_0.wav", "antiphase.wav"])
def test_file_of_which_nothing_is_lost_is_dictated_whole(name, capsys):
    with serving() as server:
        assert main(["dictate", str(CASES / name), "--server", server.url, "--fast", "-q", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["complete"], document["warnings"]) == (True, [])
    assert document["segments"]


def test_header_without_sound_is_named(capsys):
    assert main(["dictate", str(CASES / "header_only.wav")]) == 1
    assert "header_only.wav cannot be decoded as audio: the recording is empty" in capsys.readouterr().err


def test_silence_gives_no_transcript_without_a_word(tmp_path, capsys):
    soundfile.write(tmp_path / "silence.wav", np.zeros(2 * RATE_HZ), RATE_HZ)
    with serving() as server:
        assert main(["dictate", str(tmp_path / "silence.wav"), "--server", server.url, "--fast", "-q"]) == 0
    out, err = capsys.readouterr()
    assert out == ""
    assert "no speech was found" in err
    assert "silence.wav holds only silence" in err


def test_text_of_a_recording_that_holds_no_speech_is_called_doubtful(tmp_path, capsys):
    seconds = np.arange(3 * RATE_HZ) / RATE_HZ
    soundfile.write(tmp_path / "hum.wav", 0.3 * np.sin(2 * np.pi * 100 * seconds), RATE_HZ)
    with serving() as server:
        assert main(["dictate", str(tmp_path / "hum.wav"), "--server", server.url, "--fast", "-q", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["segments"]
    assert document["warnings"] == [f"{tmp_path / 'hum.wav'} holds only a hum: no speech: its text may be invented"]
