"""docker-compose.yml, as compose itself reads it."""

import importlib.util
import json
import os
import re
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from carabin.exporter.settings import ExporterSettings

from .render import ROOT, script
from .settings import unknown

PINNED = re.compile(r".+@sha256:[0-9a-f]{64}")


def compose() -> Path:
    """Return the compose binary of the package: its wrapper on PATH exits 0 whatever happened."""
    found = importlib.util.find_spec("compose")
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent / "docker-compose"


@pytest.fixture
def run_config(tmp_path: Path) -> Callable[[str], subprocess.CompletedProcess[str]]:
    """Run `docker compose config` with the keys of `text` and nothing of this machine's environment."""

    def run(text: str) -> subprocess.CompletedProcess[str]:
        keys = tmp_path / "keys.env"
        keys.write_text(text)
        command = [str(compose()), "--env-file", str(keys), "--profile", "*", "config", "--format", "json"]
        environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
        return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)

    return run


@pytest.fixture
def services(run_config: Callable[[str], subprocess.CompletedProcess[str]]) -> dict[str, Any]:
    done = run_config(script("make_secrets").filled((ROOT / ".env.example").read_text()))
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)["services"]
    return found


def test_an_empty_key_stops_compose_with_its_name(
    run_config: Callable[[str], subprocess.CompletedProcess[str]],
) -> None:
    example = script("make_secrets").filled((ROOT / ".env.example").read_text())
    for name in re.findall(r"^([A-Z_]+(?:_SECRET_KEY|_PASSWORD|_API_KEYS))=", example, flags=re.MULTILINE):
        done = run_config(re.sub(rf"^{name}=.*$", f"{name}=", example, flags=re.MULTILINE))
        assert done.returncode != 0
        assert name in done.stderr


def test_make_down_stops_what_a_profile_started(services: dict[str, Any], tmp_path: Path) -> None:
    said = subprocess.run(["make", "--dry-run", "down"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    [command] = [line for line in said.splitlines() if line.startswith("docker compose ")]
    *options, last = shlex.split(command)[2:]
    assert last == "down"
    keys = tmp_path / "keys.env"  # which `run_config` has written
    listed = subprocess.run(
        [str(compose()), "--env-file", str(keys), *options, "config", "--services"],
        cwd=ROOT, env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert set(listed.stdout.split()) == set(services)


def test_no_container_may_write_its_root_or_gain_privileges(services: dict[str, Any]) -> None:
    for name, service in services.items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert "no-new-privileges:true" in service["security_opt"], name
        assert not service.get("privileged"), name
        assert service.get("user", "10001:10001") == "10001:10001", name


def test_images_of_others_are_pinned_by_digest_and_ours_are_built_here(services: dict[str, Any]) -> None:
    for name, service in services.items():
        if service["image"].startswith("carabin/"):
            assert Path(service["build"]["context"]) == ROOT, name
            assert (ROOT / service["build"]["dockerfile"]).is_file(), name
        else:
            assert PINNED.fullmatch(service["image"]), name


def test_every_variable_is_one_that_the_code_reads(services: dict[str, Any]) -> None:
    for name, service in services.items():
        assert unknown(service.get("environment") or {}) == set(), name


def test_nothing_is_published_beyond_this_machine_unless_asked(services: dict[str, Any]) -> None:
    for name, service in services.items():
        for port in service.get("ports", []):
            assert port["host_ip"] == "127.0.0.1", name


@pytest.mark.parametrize(
    ("name", "budget"),
    [("transcriber", "CARABIN_TRANSCRIBER_DRAIN_S"), ("trainer", "CARABIN_TRAINER_STOP_GRACE_S")],
)
def test_what_must_be_finished_is_finished_before_the_container_is_killed(
    name: str, budget: str, services: dict[str, Any]
) -> None:
    grace = re.fullmatch(r"(?:(\d+)m)?(?:(\d+)s)?", services[name]["stop_grace_period"])
    assert grace is not None
    grace_s = 60 * int(grace[1] or 0) + int(grace[2] or 0)
    assert float(services[name]["environment"][budget]) < grace_s


def test_what_is_exported_is_what_is_served(services: dict[str, Any]) -> None:
    exported = services["exporter"]["environment"]["CARABIN_EXPORTER_MODEL_NAME"]
    assert services["transcriber"]["environment"]["CARABIN_TRANSCRIBER_MODEL_NAME"] == exported


def test_each_service_has_its_own_key_and_the_administrator_two_holders(services: dict[str, Any]) -> None:
    keys = {
        name: service["environment"]["CARABIN_STORE_SECRET_KEY"]
        for name, service in services.items()
        if "CARABIN_STORE_SECRET_KEY" in (service.get("environment") or {})
    }
    distinct = {keys[name] for name in ("bootstrap", "exporter", "trainer", "transcriber", "tools")}
    assert len(distinct) == 5
    assert services["object-store"]["environment"]["MINIO_ROOT_PASSWORD"] == keys["bootstrap"]


def test_files_that_are_mounted_exist(services: dict[str, Any]) -> None:
    for name, service in services.items():
        for volume in service.get("volumes", []):
            if volume["type"] == "bind":
                assert Path(volume["source"]).exists(), (name, volume["source"])


def test_a_gpu_that_does_not_answer_is_not_replaced_by_the_cpu_in_silence(services: dict[str, Any]) -> None:
    assert services["transcriber-gpu"]["environment"]["CARABIN_TRANSCRIBER_DEVICE"] == "cuda"
    assert "CARABIN_TRANSCRIBER_API_KEYS" in services["transcriber-gpu"]["environment"]


def test_prometheus_scrapes_ports_that_are_open_inside_and_published_nowhere(services: dict[str, Any]) -> None:
    jobs = yaml.safe_load((ROOT / "monitoring/prometheus.yml").read_text(encoding="utf-8"))["scrape_configs"]
    targets = [target for job in jobs for entry in job.get("static_configs", []) for target in entry["targets"]]
    ports = dict(target.split(":") for target in targets)
    assert ports["transcriber"] == services["transcriber"]["environment"]["CARABIN_TRANSCRIBER_METRICS_PORT"]
    assert int(ports["exporter"]) == ExporterSettings.model_fields["metrics_port"].default
    assert services["exporter"]["environment"]["CARABIN_EXPORTER_HOST"] == "0.0.0.0"
    published = {port["target"] for service in services.values() for port in service.get("ports", [])}
    assert not {int(port) for port in ports.values()} & published
