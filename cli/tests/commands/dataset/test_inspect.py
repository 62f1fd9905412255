"""The datasets of the store, listed, shown and judged again."""

import json

import pytest
from carabin.cli.main import main
from carabin.registry.s3_store import MinioStore

from .conftest import COUNT, published


def test_own_dictations_are_published_listed_shown_and_checked(
    store: MinioStore, folders: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["dataset", "build", *folders, "--name", "own", "--json"]) == 0
    made = json.loads(capsys.readouterr().out)
    assert published(store, "own") == [("own", made["version"])]
    assert sum(count["dictations"] for count in made["counts"].values()) == COUNT
    assert main(["dataset", "list", "--json"]) == 0
    assert made in json.loads(capsys.readouterr().out)
    assert main(["dataset", "show", f"own@{made['version']}"]) == 0
    assert made["files"][0]["sha256"] in capsys.readouterr().out
    assert main(["dataset", "check", "own", "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert (printed["accepted"], printed["refused"], printed["findings"]) == (COUNT, 0, [])
