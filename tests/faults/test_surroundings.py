"""Settings that are wrong or missing: one clear line in the log, and a probe that answers the truth."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from carabin.registry.settings import StoreSettings
from carabin.trainer.models.embedded import install_base_model

from .conftest import COMMANDS, FREE_PORTS, as_role, start
from .transcriber import Serving, serving

AWAY = "127.0.0.1:1"
"""Port 1 refuses at once."""


def last_words(service: str, folder: Path, environment: Mapping[str, str]) -> str:
    """Run a service that cannot go on; return the one line that says why, having seen that it failed."""
    with start(*COMMANDS[service], folder=folder, environment=FREE_PORTS | environment) as process:
        try:
            output, errors = process.communicate(timeout=120)
        finally:
            process.kill()
    assert process.returncode == 1, errors
    assert "Traceback" not in errors
    assert output == ""
    [line] = [
        line for line in errors.splitlines() if not (line.startswith("{") and json.loads(line)["level"] == "info")
    ]
    return line


def unready_reason(transcriber: Serving, expected: str) -> str:
    """Return why it is not ready, as the probe says, once it names `expected`; alive it is all the same."""
    assert transcriber.ask("/livez")[0] == 200
    while True:
        status, body = transcriber.ask("/readyz")
        assert (status, body["model_version"]) == (503, None)
        if expected in body["reason"]:
            return str(body["reason"])


@pytest.mark.parametrize("service", ["transcriber", "exporter"])
def test_a_missing_secret_is_named_and_ends_the_service(service: str, tmp_path: Path) -> None:
    given = {"CARABIN_STORE_ENDPOINT": AWAY, "CARABIN_STORE_ACCESS_KEY": "somebody"}
    assert "CARABIN_STORE_SECRET_KEY is not set" in last_words(service, tmp_path, given)


@pytest.mark.parametrize("service", ["exporter", "trainer"])
def test_a_wrong_endpoint_is_named_and_ends_what_cannot_work_without_a_store(
    service: str, store: StoreSettings, tmp_path: Path
) -> None:
    line = last_words(service, tmp_path, as_role(store, service) | {"CARABIN_STORE_ENDPOINT": AWAY})
    assert AWAY in line
    assert "does not answer" in line


def test_a_transcriber_with_a_wrong_endpoint_lives_and_its_probe_names_the_endpoint(
    store: StoreSettings, tmp_path: Path
) -> None:
    with serving(tmp_path, as_role(store, "transcriber") | {"CARABIN_STORE_ENDPOINT": AWAY}) as transcriber:
        assert "does not answer" in unready_reason(transcriber, AWAY)
    assert set(transcriber.troubles()) <= {"watch_failed"}


@pytest.mark.parametrize(("service", "bucket"), [("exporter", "MODELS"), ("trainer", "DATASETS")])
def test_a_bucket_that_does_not_exist_is_named_and_ends_the_service(
    service: str, bucket: str, store: StoreSettings, tmp_path: Path
) -> None:
    # The administrator's key: a role's own may not even see that a bucket of another name is not there.
    line = last_words(service, tmp_path, as_role(store, "admin") | {f"CARABIN_STORE_{bucket}_BUCKET": "absent"})
    assert "/absent/" in line
    assert "NoSuchBucket" in line


def test_a_transcriber_whose_bucket_does_not_exist_says_so_in_its_probe(store: StoreSettings, tmp_path: Path) -> None:
    with serving(tmp_path, as_role(store, "admin") | {"CARABIN_STORE_MODELS_BUCKET": "absent"}) as transcriber:
        assert "NoSuchBucket" in unready_reason(transcriber, "/absent/")


@pytest.mark.parametrize("service", ["exporter", "trainer"])
def test_a_bucket_that_may_not_be_written_is_named_and_ends_the_service(
    service: str, store: StoreSettings, tmp_path: Path
) -> None:
    line = last_words(service, tmp_path, as_role(store, "transcriber"))
    assert "AccessDenied" in line
    assert store.endpoint in line


def test_a_gpu_that_is_not_there_is_said_by_probe_and_log(tmp_path: Path) -> None:
    import ctranslate2

    try:
        if ctranslate2.get_cuda_device_count():
            pytest.skip("this machine has a GPU")
    except RuntimeError:
        pass
    install_base_model(tmp_path / "base")
    chosen = {"CARABIN_TRANSCRIBER_DEVICE": "cuda", "CARABIN_TRANSCRIBER_MODEL_DIR": str(tmp_path / "base")}
    with serving(tmp_path, chosen) as transcriber:
        assert "CUDA" in unready_reason(transcriber, "CUDA")
        transcriber.until_said("model_refused")
    assert transcriber.troubles() == ["model_refused"]
