"""Settings that are wrong or missing: one clear line in the log, and a probe that tells the truth."""

import json
import signal
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from carabin.registry.settings import StoreSettings
from carabin.trainer.models.embedded import install_base_model

from .conftest import as_role, start

AWAY = "127.0.0.1:1"
"""Port 1 refuses at once."""
FREE_PORTS = {
    "CARABIN_EXPORTER_GRPC_PORT": "0",
    "CARABIN_EXPORTER_METRICS_PORT": "0",
    "CARABIN_EXPORTER_HOST": "127.0.0.1",
    "CARABIN_TRAINER_GRPC_PORT": "0",
    "CARABIN_TRAINER_METRICS_PORT": "0",
    "CARABIN_TRAINER_DATASET": "dictations",
    "CARABIN_TRANSCRIBER_POLL_S": "1",
}
COMMANDS = {
    "transcriber": ("carabin.transcriber", "--port", "0", "--grpc-port", "0"),
    "exporter": ("carabin.exporter", "serve"),
    "trainer": ("carabin.trainer",),
}


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


@dataclass(frozen=True)
class Serving:
    """A transcriber that listens."""

    address: str
    process: subprocess.Popen[str]
    said: list[dict[str, Any]]

    def ask(self, path: str) -> tuple[int, dict[str, Any]]:
        try:
            with urllib.request.urlopen(f"{self.address}{path}", timeout=10) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)

    def until_said(self, event: str) -> dict[str, Any]:
        """Read the log to the first line of this event."""
        assert self.process.stderr is not None
        for text in self.process.stderr:
            line: dict[str, Any] = json.loads(text)
            self.said.append(line)
            if line["event"] == event:
                return line
        raise AssertionError(f"it ended without {event}: {self.said}")

    def troubles(self) -> list[str]:
        """Return the events of every line so far that is no mere news."""
        return [line["event"] for line in self.said if line["level"] not in ("info", "debug")]


@contextmanager
def serving(folder: Path, environment: Mapping[str, str]) -> Iterator[Serving]:
    """Run a transcriber that stays up whatever is wrong; at SIGTERM it must leave with 0."""
    surroundings = FREE_PORTS | {"CARABIN_TRANSCRIBER_CACHE_DIR": str(folder / "models")} | environment
    with start(*COMMANDS["transcriber"], folder=folder, environment=surroundings) as process:
        try:
            transcriber = Serving("", process, [])
            port = transcriber.until_said("listening")["port"]
            yield Serving(f"http://127.0.0.1:{port}", process, transcriber.said)
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=60)
            assert process.returncode == 0
        finally:
            process.kill()


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
        if "model_refused" not in transcriber.troubles():
            transcriber.until_said("model_refused")
    assert transcriber.troubles() == ["model_refused"]
