"""`carabin dataset show | diff`, on a folder and on a real store."""

import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import soundfile
from carabin.cli.main import main
from carabin.registry.artifacts.datasets import SplitCount, publish_dataset
from carabin.registry.layout import dataset_file_key
from carabin.registry.s3_store import MinioStore

from .conftest import COUNT, published


def test_show_prints_what_is_in_a_dataset_and_draws_it(
    folders: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made, page, terms = tmp_path / "made", tmp_path / "page.html", tmp_path / "terms.txt"
    terms.write_text("examen normal\n", encoding="utf-8")
    assert main(["dataset", "build", *folders, "--folder", str(made)]) == 0
    capsys.readouterr()
    assert main(["dataset", "show", str(made), "--html", str(page), "--terms", str(terms)]) == 0
    printed = capsys.readouterr().out
    assert f"     0-2 s {COUNT:>6} {'#' * 40}" in printed
    assert f"most frequent terms: examen normal {COUNT}" in printed
    terms.write_bytes("hépatite\n".encode("cp1252"))
    assert main(["dataset", "show", str(made), "--terms", str(terms)]) == 1
    assert "terms.txt: it is not UTF-8 (byte 1): save it as UTF-8" in capsys.readouterr().err
    html = page.read_text(encoding="utf-8")
    assert html.count("<svg") == 2
    assert f'<td>examen normal</td><td class="number">{COUNT}</td>' in html
    assert main(["dataset", "show", str(made), "--json"]) == 0
    contents = json.loads(capsys.readouterr().out)["contents"]
    assert contents["dictations"] == sum(split["dictations"] for split in contents["splits"].values()) == COUNT
    assert contents["histogram"][0] == COUNT


def test_diff_names_what_came_what_went_and_what_is_worded_otherwise(
    store: MinioStore, folders: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["dataset", "build", *folders, "--name", "before"]) == 0
    audio, reports = map(Path, folders)
    (audio / "00.wav").rename(tmp_path / "00.wav")
    (reports / "00.txt").unlink()
    (reports / "01.txt").write_text("Compte rendu numéro 1, examen anormal.", encoding="utf-8")
    soundfile.write(audio / "99.wav", 0.1 * np.random.default_rng(99).standard_normal(24_000), 16_000)
    (reports / "99.txt").write_text("Compte rendu numéro 99, examen normal.", encoding="utf-8")
    assert main(["dataset", "build", *folders, "--folder", str(tmp_path / "after")]) == 0
    capsys.readouterr()
    assert main(["dataset", "diff", "before", str(tmp_path / "after"), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["added"], found["removed"]) == (["99.wav"], ["00.wav"])
    old, new = (f"Compte rendu numéro 1, examen {word}." for word in ("normal", "anormal"))
    assert found["reworded"] == [["01.wav", old, new]]
    assert main(["dataset", "diff", "before", "before"]) == 0
    assert f"before -> before: {COUNT} recordings the same" in capsys.readouterr().out


def test_show_and_diff_fetch_no_sound(
    store: MinioStore, folders: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["dataset", "build", *folders, "--name", "remote"]) == 0
    ((name, version),) = published(store, "remote")
    for split in ("train", "validation", "test"):
        store.delete("datasets", dataset_file_key(name, version, f"data/{split}.parquet"))
    capsys.readouterr()
    assert main(["dataset", "show", "remote", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["contents"]["dictations"] == COUNT
    assert main(["dataset", "diff", "remote", f"remote@{version}"]) == 0
    printed = capsys.readouterr()
    assert f"{COUNT} recordings the same" in printed.out
    assert printed.err == ""


def test_a_dataset_made_without_an_index_is_fetched_and_that_is_said_once(
    store: MinioStore, folders: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["dataset", "build", *folders, "--folder", str(tmp_path / "old")]) == 0
    (tmp_path / "old" / "index.parquet").unlink()
    counts = {"train": SplitCount(dictations=COUNT, duration_s=1.5 * COUNT)}
    publish_dataset(
        store, "datasets", "old", tmp_path / "old", datetime(2026, 1, 1, tzinfo=UTC), source={}, counts=counts
    )
    capsys.readouterr()
    assert main(["dataset", "show", "old", "--json"]) == 0
    printed = capsys.readouterr()
    assert json.loads(printed.out)["contents"]["dictations"] == COUNT
    assert printed.err.count("has no index: all of it is fetched") == 1
