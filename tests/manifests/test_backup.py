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


def variables(manifests: list[Manifest], pod: Manifest) -> dict[str, str]:
    """Return what the container's own `env` says, looked up in its ConfigMaps."""
    data = {identity(manifest): manifest.get("data", {}) for manifest in manifests}
    keys = {entry["name"]: entry["valueFrom"]["configMapKeyRef"] for entry in pod["spec"]["containers"][0]["env"]}
    return {name: data[f"ConfigMap/{key['name']}"][key["key"]] for name, key in keys.items()}


def test_its_arguments_bring_the_served_model_into_the_volume(
    pod: Manifest,
    rendered: dict[str, list[Manifest]],
    s3_environment: StoreSettings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    container = pod["spec"]["containers"][0]
    env = variables(rendered["gpu"], pod)
    MinioStore(s3_environment).create(s3_environment.models_bucket, f"{env['CARABIN_MODEL']}/promotions/1.json", b"{}")
    arguments = [argument.replace("$(CARABIN_MODEL)", env["CARABIN_MODEL"]) for argument in container["args"]]
    (mount,) = [each["mountPath"] for each in container["volumeMounts"] if each["name"] == "backup"]
    assert arguments[-1].startswith(f"{mount}/")
    monkeypatch.setenv("CARABIN_MODEL", env["CARABIN_MODEL"])
    folder = tmp_path / arguments[-1].lstrip("/")
    assert main([*arguments[:-1], str(folder)]) == 0
    assert [path.read_bytes() for path in folder.rglob("1.json")] == [b"{}"]


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
