"""The nightly backup is the command that exists, reads with a key that may write nothing, and keeps what it brought."""

from pathlib import Path

import pytest
from carabin.cli.main import main
from carabin.registry.s3_store import MinioStore
from carabin.registry.settings import StoreSettings

from .render import Manifest, identity, pods, references


@pytest.fixture
def pod(rendered: dict[str, list[Manifest]]) -> Manifest:
    return dict(pods(rendered["gpu"]))["CronJob/carabin-backup"]


def test_its_arguments_bring_every_model_into_the_volume(
    pod: Manifest, s3_environment: StoreSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    container = pod["spec"]["containers"][0]
    # It names none: a site may serve several, or another tomorrow.
    assert "env" not in container
    monkeypatch.delenv("CARABIN_MODEL", raising=False)
    store, bucket = MinioStore(s3_environment), s3_environment.models_bucket
    for model in ("cardiologie", "radiologie"):
        store.create(bucket, f"{model}/promotions/1.json", model.encode())
    (mount,) = [each["mountPath"] for each in container["volumeMounts"] if each["name"] == "backup"]
    assert mount in container["args"]
    folder = tmp_path / mount.lstrip("/")
    assert main([str(folder) if argument == mount else argument for argument in container["args"]]) == 0
    assert {path.read_text() for path in folder.rglob("1.json")} == {"cardiologie", "radiologie"}


def test_it_holds_the_key_that_writes_nothing_and_a_volume_that_outlives_it(
    pod: Manifest, rendered: dict[str, list[Manifest]]
) -> None:
    secrets = [name for kind, name in references(pod) if kind == "Secret"]
    assert [name.rpartition("-")[0] for name in secrets] == ["carabin-store-transcriber"]
    claims = [each["persistentVolumeClaim"]["claimName"] for each in pod["spec"]["volumes"] if "emptyDir" not in each]
    kept = [each["metadata"]["name"] for each in rendered["gpu"] if each["kind"] == "PersistentVolumeClaim"]
    assert claims == kept == ["carabin-backup"]


def test_two_backups_never_write_the_folder_at_once(rendered: dict[str, list[Manifest]]) -> None:
    (job,) = [manifest for manifest in rendered["gpu"] if identity(manifest) == "CronJob/carabin-backup"]
    assert job["spec"]["concurrencyPolicy"] == "Forbid"
