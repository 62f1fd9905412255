"""The notebook's own inputs and hyper-parameters, as its users would type them: a real command, a real store."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import soundfile
from carabin.registry.artifacts.checkpoints import fetch_checkpoint, latest_checkpoint
from carabin.registry.artifacts.datasets import list_datasets, read_dataset
from carabin.registry.s3_store import MinioStore
from carabin.registry.settings import StoreSettings
from carabin.trainer.data.audio import RATE_HZ
from carabin.trainer.synthesis.engines import PicoEngine
from carabin.trainer.synthesis.voices import SPEAKERS

from ..helpers.training import SENTENCES, run_record

HELD_OUT = ("Absence de toux ce matin.", "Genou gauche douloureux depuis hier.")


@pytest.fixture
def notebook(tmp_path: Path) -> Path:
    """A folder as the notebook has it: clips, train.csv and test.csv."""
    folder, engine = tmp_path / "cardio 2026", PicoEngine()
    (folder / "clips").mkdir(parents=True)
    for name, sentences in (("train", SENTENCES), ("test", HELD_OUT)):
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(["audio", "sentence"])
            for number, sentence in enumerate(sentences):
                clip = f"clips/{name}-{number}.wav"
                soundfile.write(folder / clip, engine.speak(sentence, SPEAKERS[0]), RATE_HZ)
                rows.writerow([clip, sentence])
    return folder


def typed(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "carabin.cli", "train", *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        timeout=300,
        check=False,
    )


def test_the_notebooks_csv_files_are_learnt_from_by_its_recipe_and_scored_on_its_test_split(
    notebook: Path, s3_environment: StoreSettings, tiny: Path, tmp_path: Path
) -> None:
    store, bucket = MinioStore(s3_environment), s3_environment.checkpoints_bucket
    work = ("--set", f"work_dir={tmp_path / 'w'}", "--set", "max_steps=2", "--set", "precision=fp32", "--limit", "1")
    command = (str(notebook / "train.csv"), "--preset", "notebook", "--base", str(tiny), "--run", "r", *work, "--json")
    done = typed(*command)
    assert done.returncode == 0, done.stderr[-2000:]
    printed = json.loads(done.stdout)
    assert (printed["state"], printed["step"]) == ("finished", 3)
    assert printed["window"] == {"min_frames": 750, "margin_frames": 300}
    assert {"wer", "stock_wer"} <= set(printed["metrics"])

    ((name, version),) = list_datasets(store, s3_environment.datasets_bucket)
    counts = read_dataset(store, s3_environment.datasets_bucket, name, version).counts
    assert name == "cardio-2026"
    assert counts["test"].dictations == len(HELD_OUT)
    assert counts["train"].dictations + counts["validation"].dictations == len(SENTENCES)

    recorded = run_record(store, bucket, "r").settings
    expected = {"mode": "full", "batch_size": "16", "learning_rate": "1e-05", "full_window": "True"}
    assert expected.items() <= recorded.items()
    assert round(700 * float(recorded["warmup_share"])) == 500
    manifest = latest_checkpoint(store, bucket, "r")
    assert manifest is not None
    report = json.loads((fetch_checkpoint(store, bucket, manifest, tmp_path / "fetched") / "report.json").read_text())
    assert report["dictations"][0]["reference"] in HELD_OUT

    again = typed(*command)
    assert again.returncode == 0, again.stderr[-2000:]
    assert len(list_datasets(store, s3_environment.datasets_bucket)) == 1
