"""Each bad input is named in one clear sentence; nothing is half made; what is sound is not touched."""

import errno
import json
import re
from pathlib import Path

import numpy as np
import pytest
from carabin.trainer.data.dictations import SPLITS, load_split
from carabin.trainer.datasets.build import build
from carabin.trainer.datasets.collect import collect_folders
from carabin.trainer.datasets.collect_tables import collect_csv
from carabin.trainer.errors import DatasetInvalid, DatasetRefused
from carabin.trainer.quality.audio import judge_sound
from carabin.trainer.quality.dataset import check_dataset
from carabin.trainer.quality.report import GateReport
from carabin.trainer.segmentation.cut import RecognizedWord

from ..helpers.sounds import RATE_HZ, bursts, write

SPEECH = bursts([1.2, 0.8])
WORDS = "un deux trois quatre cinq six sept huit neuf dix onze douze".split()  # noqa: SIM905


class Hospital:
    """A folder of recordings and a folder of reports, all sound."""

    def __init__(self, folder: Path, count: int = 12) -> None:
        self.audio, self.reports, self.target = folder / "audio", folder / "reports", folder / "dataset"
        for number in range(count):
            self.add(f"{number:02d}", bursts([1.0, 0.8], seed=number), f"Compte rendu {WORDS[number]} normal.")

    def add(self, name: str, samples: np.ndarray, text: str | bytes, rate_hz: int = RATE_HZ) -> Path:
        file = write(self.audio / f"{name}.wav", samples, rate_hz, "FLOAT" if not np.isfinite(samples).all() else None)
        report = self.reports / f"{name}.txt"
        report.parent.mkdir(parents=True, exist_ok=True)
        report.write_bytes(text if isinstance(text, bytes) else text.encode())
        return file

    def build(self, *, skip_bad: bool = False) -> GateReport:
        report = GateReport()
        try:
            build(collect_folders(self.audio, self.reports, report), self.target, report, skip_bad=skip_bad)
        finally:
            self.report = report
        return report

    def refusal(self) -> str:
        with pytest.raises(DatasetRefused) as caught:
            self.build()
        assert not self.target.exists()
        assert not list(self.target.parent.glob(".dataset-*"))
        return str(caught.value)

    def dictations(self) -> list[str]:
        return sorted(text for split in SPLITS for text in load_split(self.target, split).sentences)


@pytest.fixture
def hospital(tmp_path: Path) -> Hospital:
    return Hospital(tmp_path)


def test_sound_dictations_become_a_dataset_that_passes_its_own_check(hospital: Hospital) -> None:
    report = hospital.build()
    assert report.findings == []
    assert len(hospital.dictations()) == 12
    again = check_dataset(hospital.target)
    assert (again.accepted, again.refused) == (12, [])
    first = load_split(hospital.target, "train")[0]
    assert first.audio.dtype == np.float32
    assert first.duration_s == pytest.approx(2.8)
    number = WORDS.index(first.sentence.split()[2])
    np.testing.assert_allclose(first.audio, bursts([1.0, 0.8], seed=number), atol=2e-4)


@pytest.mark.parametrize(
    ("samples", "sentence"),
    [
        (np.zeros(0, np.float32), r"bad\.wav is empty: no sound that can be decoded"),
        (np.zeros(32_000, np.float32), r"bad\.wav holds only silence"),
        (SPEECH[:800], r"bad\.wav lasts 0\.05 s: at least 0\.3 s are needed"),
        (np.where(np.arange(len(SPEECH)) == 9, np.nan, SPEECH), r"bad\.wav holds 1 samples that are not numbers"),
        (bursts([44.0]), r"bad\.wav lasts 44\.5 s, .*and it cannot be cut: it may not be cut here"),
    ],
    ids=["empty", "silent", "short", "nan", "long"],
)
def test_a_bad_recording_is_refused_by_name(hospital: Hospital, samples: np.ndarray, sentence: str) -> None:
    hospital.add("bad", samples.astype(np.float32), "Auscultation normale.")
    refusal = hospital.refusal()
    assert refusal.startswith("1 file is refused, nothing was published")
    assert re.search(sentence, refusal), refusal


@pytest.mark.parametrize("content", [b"", b"RIFF\x24\x00\x00\x00WAVEjunk", b"\x00" * 400])
def test_a_broken_file_is_refused_by_name(hospital: Hospital, content: bytes) -> None:
    hospital.add("broken", SPEECH, "Auscultation normale.").write_bytes(content)
    assert "broken.wav" in hospital.refusal()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("résumé".encode("latin-1"), "bad.txt is not UTF-8: byte 1 is 0xe9"),
        (b" \n", "bad.txt is empty: it has no words"),
        (" ".join(["pneumothorax"] * 120).encode(), "tokens: Whisper's labels hold 448"),
        (" ".join(WORDS * 4).encode(), "bad.txt has 48 words for 3.0 s of audio: they do not belong together"),
    ],
    ids=["latin-1", "empty", "500-tokens", "another-dictation"],
)
def test_a_bad_report_is_refused_by_name(hospital: Hospital, text: bytes, sentence: str) -> None:
    hospital.add("bad", SPEECH, text)
    assert sentence in hospital.refusal()


def test_a_recording_without_its_report_is_refused_and_so_is_a_lone_report(hospital: Hospital) -> None:
    (hospital.reports / "03.txt").unlink()
    (hospital.reports / "99.txt").write_text("Seul.", encoding="utf-8")
    refusal = hospital.refusal()
    assert "03.wav has no report" in refusal
    assert "99.txt has no recording" in refusal


def test_two_recordings_of_one_name_are_both_refused(hospital: Hospital) -> None:
    write(hospital.audio / "03.flac", SPEECH)
    refusal = hospital.refusal()
    assert "03.flac has the same name as 03.wav" in refusal
    assert "03.wav has the same name as 03.flac" in refusal


def test_one_recording_with_two_texts_is_refused_and_with_one_text_kept_once(hospital: Hospital) -> None:
    hospital.add("copy", bursts([1.0, 0.8], seed=3), "Compte rendu quatre normal.")
    assert [finding.rule for finding in hospital.build().findings] == ["duplicate"]
    assert len(hospital.dictations()) == 12
    hospital.target = hospital.target.with_name("other")
    hospital.add("liar", bursts([1.0, 0.8], seed=5), "Rien à voir.")
    assert "is the same recording as" in hospital.refusal()


def test_stereo_and_telephone_recordings_are_taken_with_a_note(tmp_path: Path) -> None:
    stereo = write(tmp_path / "stereo.wav", np.stack([SPEECH, np.zeros_like(SPEECH)], axis=1))
    phone = write(tmp_path / "phone.wav", SPEECH[::2], 8_000)
    report = GateReport()
    both, narrow = judge_sound(stereo, report), judge_sound(phone, report)
    assert both is not None
    assert narrow is not None
    np.testing.assert_allclose(both.samples, SPEECH / 2, atol=1e-4)
    assert len(narrow.samples) == len(SPEECH)
    assert [(f.rule, f.action) for f in report.findings] == [("audio-stereo", "changed"), ("audio-rate", "changed")]
    assert judge_sound(write(tmp_path / "low.wav", SPEECH[::4], 4_000), report) is None


def test_refused_files_may_be_left_out_and_the_report_says_which(hospital: Hospital, tmp_path: Path) -> None:
    hospital.add("bad", np.zeros(32_000, np.float32), "Auscultation normale.")
    report = hospital.build(skip_bad=True)
    assert len(hospital.dictations()) == 12
    written = json.loads(report.write(tmp_path / "gate" / "report.json").read_text(encoding="utf-8"))
    assert (written["accepted"], written["refused"]) == (12, 1)
    assert written["findings"][0]["rule"] == "audio-silent"
    assert written["findings"][0]["file"].endswith("bad.wav")


def test_the_notebooks_two_lists_keep_their_test_split_and_give_up_what_leaks(hospital: Hospital) -> None:
    def row(number: int) -> str:
        return f"audio/{number:02d}.wav,Compte rendu {WORDS[number]} normal.\n"

    root = hospital.audio.parent
    train, test = root / "train.csv", root / "test.csv"
    train.write_text("audio,sentence\n" + "".join(map(row, range(10))), encoding="utf-8")
    test.write_text("audio,sentence\n" + "".join(map(row, range(9, 12))), encoding="utf-8")

    def judge(*, skip_bad: bool) -> GateReport:
        report = GateReport()
        candidates = collect_csv(train, report, split="train") + collect_csv(test, report, split="test")
        build(candidates, hospital.target, report, skip_bad=skip_bad)
        return report

    with pytest.raises(DatasetRefused, match=r"train\.csv:11 is the same recording as .*test\.csv:2 in another split"):
        judge(skip_bad=False)
    judge(skip_bad=True)
    assert sorted(load_split(hospital.target, "test").sentences) == [
        "Compte rendu dix normal.", "Compte rendu douze normal.", "Compte rendu onze normal.",
    ]  # fmt: skip
    assert check_dataset(hospital.target).refused == []


def test_a_sentence_of_the_test_list_may_not_be_learnt_from_another_voice(hospital: Hospital) -> None:
    root = hospital.audio.parent
    lines = [f"audio/{n:02d}.wav,Compte rendu {WORDS[n]} normal.,{'test' if n > 9 else 'train'}\n" for n in range(12)]
    write(root / "audio" / "voice.wav", SPEECH)
    (root / "all.csv").write_text(
        "audio,sentence,split\n" + "".join(lines) + "audio/voice.wav,COMPTE RENDU onze normal,train\n", encoding="utf-8"
    )
    report = GateReport()
    with pytest.raises(DatasetRefused, match=r"all\.csv:14 has a sentence that the test split has too"):
        build(collect_csv(root / "all.csv", report), hospital.target, report)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"path,text\na.wav,b\n", "its first line has no column audio and sentence"),
        (b"audio,sentence\n", "it has no rows"),
        (b"audio,sentence\na.wav,caf\xe9\n", "it is not UTF-8"),
    ],
)
def test_a_list_that_is_not_one_is_refused(tmp_path: Path, content: bytes, sentence: str) -> None:
    (tmp_path / "train.csv").write_bytes(content)
    with pytest.raises(DatasetInvalid, match=rf"train\.csv: {sentence}"):
        collect_csv(tmp_path / "train.csv", GateReport())


def test_rows_that_say_something_else_than_they_mean_are_refused(tmp_path: Path) -> None:
    lines = ["audio,sentence,split", "a.wav,Pas de fièvre, pas de toux.,train", "b.wav,Toux sèche.,dev", ",Toux.,test"]
    (tmp_path / "all.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    report = GateReport()
    assert collect_csv(tmp_path / "all.csv", report) == []
    assert [finding.rule for finding in report.refused] == ["csv-fields", "csv-split", "audio-missing"]
    assert "all.csv:2 has more fields than the first line" in report.refusal()
    assert "all.csv:3 names the split 'dev': it must be one of train, validation, test" in report.refusal()


def test_a_footer_printed_on_every_report_is_refused_by_name(hospital: Hospital) -> None:
    for number, file in enumerate(sorted(hospital.reports.iterdir())):
        file.write_text(f"{file.read_text(encoding='utf-8')}\n\nCHU de Nantes - Page {number + 1}/2", encoding="utf-8")
    refusal = hospital.refusal()
    assert "12 files are refused" in refusal
    assert "03.txt ends with a footer that 12 of 12 reports have" in refusal
    assert "CHU de Nantes - Page 4/2" in refusal
    assert len([name for name in hospital.report.left_out if name.endswith(".wav")]) == 12


def test_a_tampered_or_leaking_dataset_fails_its_check(hospital: Hospital) -> None:
    hospital.build()
    data = hospital.target / "data"
    (data / "train.parquet").write_bytes((data / "test.parquet").read_bytes())
    rules = {finding.rule for finding in check_dataset(hospital.target).refused}
    assert rules == {"leak-sentence", "leak-audio", "index-differs"}
    (data / "train.parquet").write_bytes(b"PAR1 not really")
    with pytest.raises(DatasetInvalid, match=r"train\.parquet: not a split of a dataset"):
        check_dataset(hospital.target)


def test_a_long_dictation_is_cut_with_its_text_and_its_pieces_stay_on_one_side(hospital: Hospital) -> None:
    """Five sentences of 8 s, recognized by a stand-in that knows when each word was said."""
    spoken = [RecognizedWord(f"mot{n}", n * 1.0 + n // 8 * 0.5, n * 1.0 + n // 8 * 0.5 + 0.6) for n in range(40)]
    text = " ".join(word.text for word in spoken)
    hospital.add("longue", bursts([8.0] * 5), text)

    class Aligner:
        def align(self, samples: np.ndarray) -> list[RecognizedWord]:
            assert len(samples) == round(42.5 * RATE_HZ)
            return spoken

    report = GateReport()
    candidates = collect_folders(hospital.audio, hospital.reports, report)
    build(candidates, hospital.target, report, aligner=Aligner)
    splits = {split: load_split(hospital.target, split) for split in SPLITS}
    sides = [split for split, rows in splits.items() if any("longue" in source for source in rows.sources)]
    assert len(sides) == 1
    pieces = [row for row in splits[sides[0]] if "longue" in row.source]
    assert " ".join(row.sentence for row in pieces) == text
    assert all(row.duration_s <= 30 for row in pieces)
    assert sum(row.duration_s for row in pieces) == pytest.approx(42.5)
    assert [(finding.rule, finding.action) for finding in report.findings] == [("audio-long", "changed")]


def test_a_full_disk_is_said_and_leaves_nothing(hospital: Hospital, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("pyarrow.parquet.ParquetWriter.write_table", full)
    with pytest.raises(DatasetInvalid, match="dataset: it cannot be written: No space left on device"):
        hospital.build()
    assert not hospital.target.exists()
    monkeypatch.setattr("pathlib.Path.write_bytes", full)
    with pytest.raises(DatasetInvalid, match="it cannot be written: No space left on device"):
        hospital.build()
    assert sorted(path.name for path in hospital.target.parent.iterdir()) == ["audio", "reports"]


def test_what_the_gate_said_is_kept_with_the_dataset(hospital: Hospital) -> None:
    hospital.add("stereo", np.stack([SPEECH, SPEECH], axis=1), "Auscultation normale.")
    hospital.build()
    kept = json.loads((hospital.target / "gate.json").read_text(encoding="utf-8"))
    assert [finding["rule"] for finding in kept["findings"]] == ["audio-stereo"]
