"""`carabin dataset` on a real S3 store: what is published is whole, what is refused leaves nothing."""

import json
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
import soundfile
from carabin.cli.main import main
from carabin.registry.corrections import CorrectionRecord
from carabin.registry.s3_store import MinioStore
from carabin.trainer.synthesis.engines import PicoEngine
from carabin.trainer.synthesis.spoken_text import spoken
from carabin.trainer.synthesis.voices import SPEAKERS
from carabin.trainer.text.corpus import sentences_of

from .conftest import COUNT, published


def test_a_bad_file_stops_the_build_by_name_and_its_judgement_is_kept(
    store: MinioStore, folders: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "reports" / "03.txt").write_bytes(b"r\xe9sum\xe9")
    report = tmp_path / "gate.json"
    arguments = ["dataset", "build", *folders, "--name", "refused", "--gate-report", str(report)]
    assert main(arguments) == 1
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith("carabin: 1 file is refused, nothing was published")
    assert "03.txt is not UTF-8: byte 1 is 0xe9" in error
    assert published(store, "refused") == []
    assert json.loads(report.read_text(encoding="utf-8"))["findings"][0]["rule"] == "text-encoding"
    assert main([*arguments, "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["refused"] == 1
    assert main([*arguments, "--skip-bad"]) == 0
    assert len(published(store, "refused")) == 1


def test_a_dry_run_judges_and_publishes_nothing(
    store: MinioStore, folders: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["dataset", "build", *folders, "--name", "dry", "--dry-run", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["accepted"] == COUNT
    assert published(store, "dry") == []


def test_a_dry_run_writes_no_folder(folders: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = tmp_path / "asked"
    assert main(["dataset", "build", *folders, "--folder", str(asked), "--dry-run"]) == 0
    assert "train " in capsys.readouterr().out
    assert not asked.exists()


def test_the_notebooks_csv_files_are_taken_as_they_are(store: MinioStore, folders: list[str], tmp_path: Path) -> None:
    for name, numbers in (("train", range(10)), ("test", range(10, COUNT))):
        rows = "".join(f'audio/{n:02d}.wav,"Compte rendu numéro {n}, examen normal."\n' for n in numbers)
        (tmp_path / f"{name}.csv").write_text("audio,sentence\n" + rows, encoding="utf-8")
    lists = ["--csv", str(tmp_path / "train.csv"), "--test-csv", str(tmp_path / "test.csv")]
    assert main(["dataset", "build", *lists, "--name", "notebook"]) == 0
    assert len(published(store, "notebook")) == 1


def test_a_corpus_is_spoken_into_the_store(store: MinioStore, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dataset", "synthesize", "--corpus", "general", "--limit", "20", "--takes", "1", "--json"]) == 0
    made = json.loads(capsys.readouterr().out)
    assert made["name"] == "general-fr"
    assert sum(count["dictations"] for count in made["counts"].values()) == 20
    assert made["source"]["engine"] == "pico"


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["build"], 2, "give AUDIO_DIR and REPORT_DIR"),
        (["build", "/nowhere/a", "/nowhere/b"], 1, "/nowhere/a: it is not a folder"),
        (["show", "nothing-of-this-name"], 1, "there is no dataset nothing-of-this-name"),
        (["show", "own@19700101T000000Z-000000000000"], 1, "dataset own has no version"),
        (["synthesize", "--engine", "festival"], 1, "there is no speech engine 'festival'"),
        (["build", "--csv", "/nowhere/train.csv"], 1, "/nowhere/train.csv: it cannot be read"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_sentence(
    store: MinioStore, arguments: list[str], code: int, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["dataset", *arguments]) == code
    assert sentence in capsys.readouterr().err


def test_help_shows_an_example_of_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("synthesize", "build", "list", "show", "diff", "check"):
        assert main(["dataset", command, "--help"]) == 0
        assert f"Example: carabin dataset {command}" in " ".join(capsys.readouterr().out.split())


def test_corrections_become_a_dataset_that_names_its_pseudonyms_and_suspicious_edits_stay_out(
    store: MinioStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bucket = f"corrections-{uuid.uuid4().hex[:8]}"
    store.ensure_bucket(bucket)
    for number in range(COUNT):
        correct(store, bucket, number, f"Phrase numéro {number} du bisoprolol.", tmp_path / "one.wav")
    correct(store, bucket, COUNT, "Tout autre texte que personne jamais ne prononça ici.", tmp_path / "one.wav")
    assert main(["dataset", "from-corrections", "--bucket", bucket, "--name", bucket, "--json"]) == 0
    printed = capsys.readouterr()
    made = json.loads(printed.out)
    assert published(store, bucket) == [(bucket, made["version"])]
    assert made["source"]["persons"] == ",".join(f"{person:016x}" for person in range(4))
    assert "quarantine: 0012" in printed.err


def correct(store: MinioStore, bucket: str, number: int, corrected: str, wav: Path) -> None:
    """Store one correction with its recording, as the transcriber does."""
    person, now = f"{number % 4:016x}", datetime.now(UTC)
    key = f"{person}/{number:04}.wav"
    soundfile.write(wav, 0.1 * np.random.default_rng(number).standard_normal(24_000), 16_000)
    store.upload(bucket, key, wav)
    record = CorrectionRecord(
        schema_version=1, id=f"{number:04}", person=person, session=f"session-{number}", utterance=0,
        model_version="v1", raw=f"phrase numéro {number} du bisoprolole", corrected=corrected, created_at=now,
        expires_at=now + timedelta(days=1), audio=key,
    )  # fmt: skip
    store.put(bucket, f"{person}/{number:04}.json", record.model_dump_json().encode())


def test_a_build_ends_with_sums_that_name_what_was_left_out(
    folders: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (Path(folders[1]) / "00.txt").unlink()
    assert main(["dataset", "build", *folders, "--skip-bad", "--folder", str(tmp_path / "made")]) == 0
    printed = capsys.readouterr().err
    assert f"recordings: {COUNT} seen, {COUNT - 1} taken, 1 left out" in printed
    assert "00.wav: has no report" in printed


def test_the_sums_name_what_was_mended_and_what_was_accepted_with_their_reasons(
    folders: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    audio, reports = map(Path, folders)
    (reports / "00.txt").write_text("Examen de contrÃ´le numéro zéro.".replace("é", "Ã©"), encoding="utf-8")
    for name in ("01", "02"):
        samples, rate_hz = soundfile.read(audio / f"{name}.wav")
        soundfile.write(audio / f"{name}.wav", np.stack([samples, samples], axis=1), rate_hz)
    data = (audio / "03.wav").read_bytes()
    (audio / "03.wav").write_bytes(data[: len(data) * 3 // 4])
    (reports / "lone.txt").write_text("Personne ne l'a dit.", encoding="utf-8")
    arguments = ["dataset", "build", *folders, "--skip-bad", "--accept-damaged", "--folder", str(tmp_path / "made")]
    assert main(arguments) == 0
    lines = capsys.readouterr().err.splitlines()
    assert f"recordings: {COUNT} seen, {COUNT} taken, 0 left out" in lines
    assert "lone reports: 1 seen, 0 taken, 1 left out" in lines
    after = lines[lines.index("taken although something is lost: 1") :]
    assert "03.wav: was cut off: its header promises 1.50 s" in after[1]
    assert after[2] == "taken in another form: 3"
    assert "00.txt: had double encoding: mended" in "".join(after)
    assert f"  2 times: has 2 channels: their mean is taken: {audio / '01.wav'}, {audio / '02.wav'}" in after


def test_a_report_without_its_recording_stops_a_build(
    folders: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (Path(folders[0]) / "05.wav").rename(Path(folders[0]) / "05b.wav")
    assert main(["dataset", "build", *folders, "--folder", str(tmp_path / "made")]) == 1
    error = capsys.readouterr().err
    assert "05.txt has no recording" in error
    assert "05b differs in" in error


def test_a_second_build_decodes_only_what_is_new_and_one_that_forgets_keeps_nothing(
    folders: list[str], tmp_path: Path, cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["dataset", "build", *folders, "--name", "again", "--folder"]
    assert main([*arguments, str(tmp_path / "first")]) == 0
    assert f"{COUNT} recordings decoded, 0 known" in capsys.readouterr().err
    assert (cache / "carabin" / "builds" / "again").is_dir()
    assert main([*arguments, str(tmp_path / "second"), "--forget"]) == 0
    assert f"0 recordings decoded, {COUNT} known" in capsys.readouterr().err
    assert not (cache / "carabin" / "builds" / "again").exists()
    assert main([*arguments, str(tmp_path / "third"), "--work", str(tmp_path / "work")]) == 0
    assert (tmp_path / "work" / "index.sqlite").is_file()


@pytest.mark.parametrize("end", ["--keep", "--forget"])
def test_a_folder_that_no_build_made_is_no_place_to_work_in_and_stays_as_it_is(
    folders: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], end: str
) -> None:
    mine = tmp_path / "mine" / "sounds" / "ab" / "mine.flac"
    mine.parent.mkdir(parents=True)
    mine.write_bytes(b"mine")
    arguments = ["--work", str(tmp_path / "mine"), end, "--folder", str(tmp_path / "made")]
    assert main(["dataset", "build", *folders, *arguments]) == 1
    assert f"{tmp_path / 'mine'}: it holds what no build wrote" in capsys.readouterr().err
    assert [path for path in (tmp_path / "mine").rglob("*") if path.is_file()] == [mine]
    assert not (tmp_path / "made").exists()


def test_an_audit_writes_its_page_and_refuses_reports_that_nobody_dictated(
    folders: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for recordings in folders:
        for file in sorted(Path(recordings).iterdir())[4:]:
            file.unlink()
    assert main(["dataset", "build", *folders, "--folder", str(tmp_path / "made")]) == 0
    page = tmp_path / "audit.html"
    assert main(["dataset", "check", str(tmp_path / "made"), "--audit", str(page)]) == 1
    assert "has a report that is not what is dictated in it" in capsys.readouterr().err
    assert page.read_text(encoding="utf-8").count('class="refused"') == 4  # noise, of which the model writes no report


def test_a_build_keeps_out_on_request_what_nobody_dictated_and_its_sums_say_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sentences = [text for text in sentences_of("medical") if 30 < len(text) < 60][:14]
    reports = [sentences[1], sentences[0], *sentences[2:]]
    for number, (said, written) in enumerate(zip(sentences, reports, strict=True)):
        samples = PicoEngine().speak(spoken(said), SPEAKERS[number % len(SPEAKERS)])
        for folder in ("audio", "reports"):
            (tmp_path / folder).mkdir(exist_ok=True)
        soundfile.write(tmp_path / "audio" / f"{number:02d}.wav", samples, 16_000)
        (tmp_path / "reports" / f"{number:02d}.txt").write_text(written, encoding="utf-8")
    page, made = tmp_path / "page.html", tmp_path / "made"
    folders = [str(tmp_path / "audio"), str(tmp_path / "reports")]
    assert main(["dataset", "build", *folders, "--folder", str(made), "--audit", str(page)]) == 0
    printed = capsys.readouterr().err
    assert "recordings: 14 seen, 12 taken, 2 left out" in printed
    for name in ("00.wav", "01.wav"):
        assert f"{name}: has a report that is not what is dictated in it" in printed
    assert page.read_text(encoding="utf-8").count('class="refused"') == 2
    assert main(["dataset", "show", str(made), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["contents"]["dictations"] == 12
