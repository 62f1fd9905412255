"""What is kept of one person goes, whatever else in the store cannot be read."""

import json

import pytest
from carabin.cli.main import main
from carabin.registry.artifacts.datasets import DatasetManifest
from carabin.registry.artifacts.records import FileEntry
from carabin.registry.connect import connect
from carabin.registry.errors import BucketMissing
from carabin.registry.layout import dataset_manifest_key
from carabin.registry.settings import StoreSettings


def test_a_dataset_that_cannot_be_read_does_not_keep_the_others(
    s3_environment: StoreSettings, capsys: pytest.CaptureFixture[str]
) -> None:
    store, bucket = connect(), s3_environment.datasets_bucket
    corrections = f"corrections-{bucket}"
    store.ensure_bucket(corrections)
    store.put(corrections, "p-1/a.json", b"{}")
    manifest = DatasetManifest(
        name="b", version="1", created_at="2026-11-28T00:00:00Z", source={"persons": "p-1,p-2"},
        files=(FileEntry(path="data/train.parquet", size=1, sha256="0" * 64),), counts={},
    )  # fmt: skip
    store.put(bucket, dataset_manifest_key("a", "1"), b"{")
    store.put(bucket, dataset_manifest_key("b", "1"), manifest.to_bytes())
    assert main(["corrections", "delete", "--person", "p-1", "--bucket", corrections, "--json"]) == 0
    printed = capsys.readouterr()
    assert json.loads(printed.out) == {"person": "p-1", "corrections": 1, "datasets": ["b@1"]}
    assert "cannot be said: " in printed.err
    assert f"{bucket}/a/1/manifest.json" in printed.err
    assert not store.exists(bucket, dataset_manifest_key("b", "1"))
    assert store.list(corrections, "") == []


@pytest.mark.usefixtures("s3_environment")
def test_a_pseudonym_that_would_reach_beyond_one_person_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["corrections", "delete", "--person", "p-1/a", "--bucket", "corrections"]) == 1
    assert "is not a plain name" in capsys.readouterr().err


@pytest.mark.parametrize("command", [("list",), ("expire",), ("delete", "--person", "p-1")], ids=lambda words: words[0])
def test_a_mistyped_bucket_is_an_error_and_is_not_made(
    command: tuple[str, ...], s3_environment: StoreSettings, capsys: pytest.CaptureFixture[str]
) -> None:
    mistyped = f"corections-{s3_environment.datasets_bucket}"
    assert main(["corrections", *command, "--bucket", mistyped]) == 1
    assert mistyped in capsys.readouterr().err
    with pytest.raises(BucketMissing):
        connect().list(mistyped, "")
