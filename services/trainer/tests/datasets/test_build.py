"""A build that is killed goes on, and one that comes again does only what is new."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from carabin.trainer.datasets.build import Built, build
from carabin.trainer.datasets.collect import collect_folders
from carabin.trainer.datasets.pair_audit import PairAudit
from carabin.trainer.datasets.work_folder import WorkFolder
from carabin.trainer.errors import DatasetRefused
from carabin.trainer.quality.dataset import check_dataset
from carabin.trainer.quality.report import GateReport
from carabin.trainer.segmentation.cut import RecognizedWord

from ..helpers.sounds import bursts, write

COUNT = 30
KILLED_AFTER = 12

PROGRAM = """
import sys
from pathlib import Path
from carabin.trainer.datasets.build import build
from carabin.trainer.datasets.collect import collect_folders
from carabin.trainer.quality.report import GateReport

if __name__ == "__main__":
    here, processes = Path(sys.argv[1]), int(sys.argv[2])
    report = GateReport()
    def progress(done, total):
        print(done, flush=True)
        if done == int(sys.argv[3]):
            sys.stdin.read()
    build(collect_folders(here / "audio", here / "reports", report), here / "killed", report,
          work=here / "work", processes=processes, progress=progress)
"""


@pytest.fixture
def hospital(tmp_path: Path) -> Path:
    for number in range(COUNT):
        add(tmp_path, number)
    return tmp_path


def add(folder: Path, number: int) -> None:
    samples = bursts([0.6, 0.5], seed=number)
    write(folder / "audio" / f"{number:02d}.wav", np.stack([samples, samples], axis=1))
    report = folder / "reports" / f"{number:02d}.txt"
    report.parent.mkdir(exist_ok=True)
    report.write_text(f"Compte rendu numéro {number}.", encoding="utf-8")


def built(folder: Path, name: str, **options: object) -> tuple[Built, GateReport]:
    report = GateReport()
    candidates = collect_folders(folder / "audio", folder / "reports", report)
    return build(candidates, folder / name, report, **options), report  # type: ignore[arg-type]


def bytes_of(dataset: Path) -> dict[str, bytes]:
    return {file.relative_to(dataset).as_posix(): file.read_bytes() for file in dataset.rglob("*") if file.is_file()}


@pytest.mark.parametrize("processes", [1, 2])
def test_a_killed_build_goes_on_where_it_was_and_gives_what_an_unbroken_one_gives(
    hospital: Path, processes: int
) -> None:
    program = hospital / "program.py"
    program.write_text(PROGRAM, encoding="utf-8")
    command = [sys.executable, str(program), str(hospital), str(processes), str(KILLED_AFTER)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        while process.stdout.readline().strip() != str(KILLED_AFTER):
            assert process.poll() is None
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        assert process.stdout.read() == "", "processes that decode keep the pipe open until they end"
    assert not (hospital / "killed").exists()
    resumed, report = built(hospital, "resumed", work=hospital / "work")
    assert (resumed.known, resumed.decoded) == (KILLED_AFTER, COUNT - KILLED_AFTER)
    _, unbroken = built(hospital, "unbroken")
    assert bytes_of(hospital / "resumed") == bytes_of(hospital / "unbroken")
    assert report.findings == unbroken.findings


def test_a_second_build_decodes_what_is_new_or_was_changed_and_forgets_what_is_gone(hospital: Path) -> None:
    work = hospital / "work"
    assert built(hospital, "first", work=work)[0].decoded == COUNT
    add(hospital, COUNT)
    write(hospital / "audio" / "03.wav", bursts([1.5], seed=99))
    (hospital / "audio" / "04.wav").unlink()
    (hospital / "reports" / "04.txt").unlink()
    second, _ = built(hospital, "second", work=work)
    assert (second.decoded, second.known) == (2, COUNT - 2)
    assert bytes_of(hospital / "second") == bytes_of_fresh(hospital)
    assert len(list((work / "sounds").glob("*/*.flac"))) == COUNT, "the one that was withdrawn is not kept"
    assert work.stat().st_mode & 0o077 == 0


def bytes_of_fresh(hospital: Path) -> dict[str, bytes]:
    built(hospital, "fresh")
    return bytes_of(hospital / "fresh")


def test_another_way_of_judging_judges_again(hospital: Path) -> None:
    built(hospital, "first", work=hospital / "work")
    assert built(hospital, "second", work=hospital / "work", accept_damaged=True)[0].decoded == COUNT


def test_a_refused_build_is_not_decoded_again_when_its_reports_are_corrected(hospital: Path) -> None:
    (hospital / "reports" / "05.txt").write_text("Le patient [inaudible].", encoding="utf-8")
    with pytest.raises(DatasetRefused):
        built(hospital, "first", work=hospital / "work")
    (hospital / "reports" / "05.txt").write_text("Le patient va bien.", encoding="utf-8")
    assert built(hospital, "second", work=hospital / "work")[0].decoded == 1


def test_a_build_that_forgets_leaves_nothing_but_its_dataset(hospital: Path) -> None:
    built(hospital, "made", work=hospital / "work", keep_work=False)
    assert {path.name for path in hospital.iterdir()} == {"audio", "reports", "made"}


def test_what_the_stock_model_made_of_a_sound_is_asked_once(hospital: Path) -> None:
    spoken = [0.8, 1.2, 0.9, 1.1] * 8
    write(hospital / "audio" / "long.wav", bursts(spoken, seed=7))
    words = [f"mot{number}" for number in range(len(spoken))]
    (hospital / "reports" / "long.txt").write_text(" ".join(words), encoding="utf-8")
    asked = {"words": 0, "evidence": 0, "text": 0}

    class CountingAligner:
        def align(self, samples: np.ndarray) -> list[RecognizedWord]:
            asked["words"] += 1
            step = len(samples) / 16_000 / len(words)
            return [RecognizedWord(word, at * step, (at + 1) * step) for at, word in enumerate(words)]

    class CountingModel:
        def evidence(self, samples: np.ndarray, text: str) -> float:
            asked["evidence"] += 1
            return 3.0

        def transcribe(self, samples: np.ndarray) -> str:
            asked["text"] += 1
            return "compte rendu numéro"

    for name in ("first", "second"):
        audit = PairAudit(CountingModel(), hospital / "page.html", name)
        built(hospital, name, work=hospital / "work", aligner=CountingAligner, audit=audit, skip_bad=True)
        scored = len(audit.pairs)
    assert asked == {"words": 1, "evidence": scored, "text": scored}
    assert bytes_of(hospital / "first") == bytes_of(hospital / "second")


def test_nothing_is_kept_where_no_folder_is_named(hospital: Path) -> None:
    built(hospital, "made")
    assert {path.name for path in hospital.iterdir()} == {"audio", "reports", "made"}
    with WorkFolder.opened(hospital / "work") as kept:
        assert kept.find("anything") is None


def test_a_copy_is_left_out_by_the_recording_that_is_kept_whatever_else_was_changed_in_it(hospital: Path) -> None:
    for ward in ("cardiology", "pneumology"):
        for folder, suffix in (("audio", "wav"), ("reports", "txt")):
            copy = hospital / folder / ward / f"03.{suffix}"
            copy.parent.mkdir()
            copy.write_bytes((hospital / folder / f"03.{suffix}").read_bytes())
    _, report = built(hospital, "made")
    kept, copies = (
        hospital / "audio" / "03.wav",
        [hospital / "audio" / ward / "03.wav" for ward in ("cardiology", "pneumology")],
    )
    assert {finding.rule for finding in report.findings if finding.file == str(copies[0])} == {
        "audio-stereo",
        "duplicate",
    }
    assert report.left_out == {str(copy): f"is the same recording as {kept}: it is kept once" for copy in copies}


def test_a_copy_of_a_long_recording_is_left_out_by_its_pieces(hospital: Path) -> None:
    words = [f"mot{number}" for number in range(32)]
    for name in ("copy", "long"):
        write(hospital / "audio" / f"{name}.wav", bursts([0.8, 1.2, 0.9, 1.1] * 8, seed=7))
        (hospital / "reports" / f"{name}.txt").write_text(" ".join(words), encoding="utf-8")

    class EvenAligner:
        def align(self, samples: np.ndarray) -> list[RecognizedWord]:
            step = len(samples) / 16_000 / len(words)
            return [RecognizedWord(word, at * step, (at + 1) * step) for at, word in enumerate(words)]

    _, report = built(hospital, "made", aligner=EvenAligner)
    [(name, reason)] = report.left_out.items()
    assert name == str(hospital / "audio" / "long.wav")
    assert "is the same recording as" in reason


def test_a_piece_with_more_text_than_was_said_in_it_is_refused_and_the_others_can_be_trained_on(hospital: Path) -> None:
    spoken = [f"mot{number}" for number in range(96)]
    pasted = ["a"] * 180  # a token each: the decoder could hold them
    write(hospital / "audio" / "long.wav", bursts([0.8, 1.2, 0.9, 1.1] * 8, seed=7))
    text = " ".join([*spoken[:3], *pasted, *spoken[3:]])
    (hospital / "reports" / "long.txt").write_text(text, encoding="utf-8")

    class EvenAligner:
        def align(self, samples: np.ndarray) -> list[RecognizedWord]:
            step = len(samples) / 16_000 / len(spoken)
            return [RecognizedWord(word, at * step, (at + 1) * step) for at, word in enumerate(spoken)]

    with pytest.raises(DatasetRefused, match=r"long\.wav#[\d.]+-[\d.]+ has \d+ words for [\d.]+ s of audio"):
        built(hospital, "refused", aligner=EvenAligner)
    _, report = built(hospital, "made", aligner=EvenAligner, skip_bad=True)
    assert check_dataset(hospital / "made").refused == []
    assert [line for line in report.sums() if line.startswith("pieces")] == ["pieces: 1 seen, 0 taken, 1 left out"]


def test_headings_and_signatures_are_named_in_the_sums_and_taken_all_the_same(tmp_path: Path) -> None:
    for number in range(4):
        add(tmp_path, number)
    for number in (1, 2):
        text = f"CONCLUSION : compte rendu {number}. Dr X, le 12/03/2026"
        (tmp_path / "reports" / f"{number:02d}.txt").write_text(text, encoding="utf-8")
    _, report = built(tmp_path, "made")
    noted = [finding for finding in report.findings if finding.action == "noted"]
    assert [finding.rule for finding in noted] == ["text-heading", "text-signature"]
    assert "« CONCLUSION : », as 2 of 4 reports do" in noted[0].message
    assert "« Dr X, le 12/03/2026 », as 2 of 4 reports do" in noted[1].message
    assert report.accepted == 4
    assert report.sums()[-3] == "taken as it is, but worth knowing: 2"
